"""The JSON API: the same verbs as the pages, by session or by password with each call.

GET /api/v1/requests, GET /api/v1/requests/N, POST /api/v1/requests, POST /api/v1/requests/N/files (multipart),
POST /api/v1/requests/N/VERB with a JSON object of words; GET /api/v1/requests/N/files/V[/content|/changes|/download];
GET /api/v1/queue, /metrics, /audit, /accounts, and POST to the last; POST /api/v1/you/VERB for one's own second factor. Errors are {"error", "where", "hint"} with 4xx.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tre_toolkit.errors import MisuseError
from tre_toolkit.gate import figures, looking, requests, views_of
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import check
from tre_toolkit.gate.refusals import NotFound
from tre_toolkit.gate.states import Action
from tre_toolkit.gate.web import staff
from tre_toolkit.gate.web.guard import begin_session
from tre_toolkit.gate.web.verbs import VERBS

LARGEST = 1_000_000


@require_http_methods(["GET", "POST"])
def requests_list(request: Any) -> HttpResponse:
    if request.method == "POST":
        words = _words(request)
        made = requests.new(
            request.gate,
            request.account,
            title=words.get("title", ""),
            context=words.get("context", ""),
            project=words.get("project", ""),
        )
        return JsonResponse({"request": made.pk, "state": made.state}, status=201)
    rows = requests.visible(request.gate, request.account)[:1000]
    return JsonResponse(
        {"requests": [{"request": r.pk, "state": r.state, "turn": r.turn, "title": r.title} for r in rows]}
    )


@require_GET
def request_one(request: Any, number: int) -> HttpResponse:
    found = requests.find(request.gate, request.account, str(number))
    return JsonResponse(views_of.whole(request.gate, request.account, found))


@require_POST
def add_file(request: Any, number: int) -> HttpResponse:
    sent = {file.name: file.read() for file in request.FILES.getlist("files")}
    kind = request.POST.get("kind", "output")
    added = requests.add_sent(request.gate, request.account, str(number), sent, kind=kind)
    return JsonResponse({"files": [{"path": v.file.path, "sha256": v.sha256} for v in added]}, status=201)


@require_POST
def do(request: Any, number: int, verb: str) -> HttpResponse:
    if verb not in VERBS:
        raise NotFound("there is no such verb", hint=", ".join(VERBS))
    VERBS[verb](request.gate, request.account, str(number), _words(request))
    found = models.Request.objects.get(pk=number)
    return JsonResponse({"request": number, "state": found.state, "version": found.version})


@require_GET
def file_one(request: Any, number: int, version: int) -> HttpResponse:
    return JsonResponse(looking.file_told(request.gate, request.account, str(number), version))


@require_GET
def file_content(request: Any, number: int, version: int) -> HttpResponse:
    """The file as it is shown: HTML in which nothing runs or loads."""
    _found, chosen = looking.find_version(request.gate, request.account, str(number), version)
    return JsonResponse({"html": looking.rendered(request.gate, chosen.sha256, chosen.type).html})


@require_GET
def file_changes(request: Any, number: int, version: int) -> HttpResponse:
    return JsonResponse(looking.changes_told(request.gate, request.account, str(number), version))


@require_GET
def queue(request: Any) -> HttpResponse:
    page = request.GET.get("page", "1")
    rows, total = figures.queue_rows(
        request.gate,
        request.account,
        page=max(1, int(page)) if page.isdecimal() else 1,
        size=1000,
        show=request.GET.get("show", "all"),
    )
    return JsonResponse({"total": total, "requests": [asdict(row) for row in rows]})


@require_GET
def metrics(request: Any) -> HttpResponse:
    check(Action.SEE_METRICS, request.account.who)
    return JsonResponse(dict(figures.figures(request.gate)))


@require_GET
def audit_events(request: Any) -> HttpResponse:
    """A hundred events of the log, newest first, before number `before`; with `verify`, whether all of it is whole."""
    check(Action.SEE_AUDIT, request.account.who)
    before, newest = request.GET.get("before", ""), models.Journal.objects.order_by("-number")
    lines = (newest.filter(number__lt=int(before)) if before.isdecimal() else newest)[:100]
    told: dict[str, Any] = {"events": [json.loads(entry.line) for entry in lines]}
    if "verify" in request.GET:
        told["verdict"] = looking.log_verdict(request.gate)
    return JsonResponse(told)


@require_http_methods(["GET", "POST"])
def accounts_list(request: Any) -> HttpResponse:
    check(Action.MANAGE_ACCOUNTS, request.account.who)
    if request.method == "POST":
        staff.open_account(request.gate, request.account, _words(request))
    rows = models.Account.objects.select_related("person").order_by("login")
    listed = [
        {
            "account": a.login,
            "person": a.person.name,
            "role": a.role,
            "open": a.active,
            "second_factor": bool(a.totp),
        }
        for a in rows
    ]
    return JsonResponse({"accounts": listed}, status=201 if request.method == "POST" else 200)


@require_POST
def account_do(request: Any, login: str, verb: str) -> HttpResponse:
    staff.change(request.gate, request.account, login, verb, _words(request))
    return JsonResponse({"account": login})


@require_POST
def own_account_do(request: Any, verb: str) -> HttpResponse:
    """One's own second factor; a session stays open through its change, the account's others end."""
    if verb not in staff.OWN:
        raise NotFound("there is no such verb", hint=", ".join(staff.OWN))
    told = staff.OWN[verb](request.gate, request.account, _words(request))
    if "account" in request.session:
        begin_session(request, request.account)
    return JsonResponse(told)


def _words(request: Any) -> dict[str, str]:
    try:
        words = json.loads(request.body[:LARGEST] or b"{}")
        if not isinstance(words, dict) or not all(isinstance(v, str) for v in words.values()):
            raise ValueError
    except (ValueError, RecursionError):
        raise MisuseError("the body is a JSON object of texts") from None
    return words
