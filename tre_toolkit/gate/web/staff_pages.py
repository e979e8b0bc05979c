"""Pages of those who keep the gate: the queue, the log, the figures, the accounts."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tre_toolkit import audit
from tre_toolkit.errors import TreError
from tre_toolkit.gate import factors, figures, looking
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import Role, check
from tre_toolkit.gate.states import Action
from tre_toolkit.gate.web import staff

PAGE = 50


@require_GET
def queue(request: Any) -> HttpResponse:
    page = max(1, int(request.GET.get("page", "1"))) if request.GET.get("page", "1").isdecimal() else 1
    chosen = request.GET.get("show", "all")
    rows, total = figures.queue_rows(request.gate, request.account, page=page, size=PAGE, show=chosen)
    shown = {
        "rows": rows,
        "total": total,
        "page": page,
        "pages": max(1, -(-total // PAGE)),
        "chosen": chosen,
        "filters": figures.FILTERS,
        "title": "Queue",
    }
    return render(request, "queue.html", shown)


@require_GET
def audit_page(request: Any) -> HttpResponse:
    check(Action.SEE_AUDIT, request.account.who)
    newest = models.Journal.objects.order_by("-number")
    before = request.GET.get("before", "")
    lines = (newest.filter(number__lt=int(before)) if before.isdecimal() else newest)[:PAGE]
    events = [audit.parse(entry.line) for entry in lines]
    verdict = None
    if "verify" in request.GET:
        verdict = looking.log_verdict(request.gate)
    shown = {"events": events, "verdict": verdict, "last": events[-1].number if events else 0, "title": "Log"}
    return render(request, "audit.html", shown)


@require_GET
def metrics(request: Any) -> HttpResponse:
    check(Action.SEE_METRICS, request.account.who)
    told = figures.figures(request.gate)
    return render(
        request, "metrics.html", {"figures": told, "by_state": told["by state"].items(), "title": "Figures"}
    )


@require_http_methods(["GET", "POST"])
def accounts_page(request: Any) -> HttpResponse:
    check(Action.MANAGE_ACCOUNTS, request.account.who)
    problem = None
    if request.method == "POST":
        try:
            staff.open_account(request.gate, request.account, request.POST)
            return redirect("/accounts")
        except TreError as refused:
            problem = refused.problem
    rows = list(models.Account.objects.select_related("person").order_by("login"))
    for row in rows:
        row.may_be_reset = factors.can_reset(request.account, row)
    shown = {"rows": rows, "roles": [str(role) for role in Role], "problem": problem, "title": "Accounts"}
    return render(request, "accounts.html", shown, status=400 if problem else 200)


@require_POST
def change_account(request: Any, login: str, verb: str) -> HttpResponse:
    staff.change(request.gate, request.account, login, verb, request.POST)
    return redirect("/accounts")
