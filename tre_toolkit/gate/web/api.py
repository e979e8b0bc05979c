"""The JSON API: the same verbs as the pages, by session or by password with each call.

GET /api/v1/requests, GET /api/v1/requests/N, POST /api/v1/requests, POST /api/v1/requests/N/files (multipart),
POST /api/v1/requests/N/VERB with a JSON object of words. Errors are {"error", "where", "hint"} with 4xx.
"""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tre_toolkit.errors import MisuseError
from tre_toolkit.gate import requests, views_of
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.refusals import NotFound
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


def _words(request: Any) -> dict[str, str]:
    try:
        words = json.loads(request.body[:LARGEST] or b"{}")
        if not isinstance(words, dict) or not all(isinstance(v, str) for v in words.values()):
            raise ValueError
    except (ValueError, RecursionError):
        raise MisuseError("the body is a JSON object of texts") from None
    return words
