"""What stands before every page: strict headers, whose session it is, and refusals told kindly.

A session ends after 30 minutes without use, after 8 hours in any case, and at once when the account's
password, role or second factor changes or it is closed.
"""

from __future__ import annotations

import base64
import errno
import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from tre_toolkit.errors import TreError
from tre_toolkit.gate import accounts, factors, orm, worklog
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import can
from tre_toolkit.gate.states import Action

DISK = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
IDLE, LONGEST = 30 * 60, 8 * 3600  # seconds
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
OPEN = {
    "/sign-in",
    "/oidc/start",
    "/oidc/back",
    "/static/gate.css",
    "/static/content.css",
    "/static/keys.js",
    "/help",
}
WITHOUT_FACTOR = {"/you", "/sign-out"}
Answer = Callable[[HttpRequest], HttpResponse]


def logged(answer: Answer) -> Answer:
    """A line of the work log for each answer: which page by its pattern, how it ended and how long it took."""

    def timed(request: Any) -> HttpResponse:
        began = time.perf_counter()
        response = answer(request)
        gate, match = request.environ.get("tre.gate"), getattr(request, "resolver_match", None)
        account = getattr(request, "account", None)
        if gate is not None:
            worklog.note(
                gate,
                "page",
                route=match.route if match else "",
                method=request.method if request.method in METHODS else "other",
                status=response.status_code,
                ms=round(1000 * (time.perf_counter() - began)),
                account=account.pk if account else 0,
            )
        return response

    return timed


def headers(answer: Answer) -> Answer:
    """Nothing is cached, framed, sniffed or loaded from elsewhere."""

    def guarded(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response.setdefault("Content-Security-Policy", CSP)
        response.setdefault("Cache-Control", "no-store")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        return response

    return guarded


def password_with_each_call(answer: Answer) -> Answer:
    """Django's CSRF check is for what a browser sends by itself; a password with each call is no browser's doing."""

    def marked(request: Any) -> HttpResponse:
        if request.path.startswith("/api/") and request.headers.get("Authorization", "").startswith("Basic "):
            request._dont_enforce_csrf_checks = True
        return answer(request)

    return marked


def who_is_it(answer: Answer) -> Answer:
    """Put the gate and the account on the request, or send to the sign-in page."""

    def known(request: Any) -> HttpResponse:
        request.gate = request.environ["tre.gate"]
        request.account = None
        if request.path.startswith("/api/") and "Authorization" in request.headers:
            request.account = _basic(request)
        else:
            request.account = _by_header(request) or _by_session(request)
        if request.account is None and request.path not in OPEN:
            if request.path.startswith("/api/"):
                return JsonResponse({"error": "sign in"}, status=401)
            return redirect("/sign-in")
        if request.account is not None and not factors.can_work(request.gate, request.account):
            return _without_factor(request, answer)
        return answer(request)

    return known


def _without_factor(request: Any, answer: Answer) -> HttpResponse:
    """Who lacks a second factor that the gate demands puts one in place and does nothing else."""
    if request.path in OPEN | WITHOUT_FACTOR or request.path.startswith("/api/v1/you/"):
        return answer(request)
    if not request.path.startswith("/api/"):
        return redirect("/you")
    try:
        factors.check_work(request.gate, request.account)
    except TreError as refused:
        return _refused_json(refused)
    return answer(request)


def refusals(answer: Answer) -> Answer:
    """A TreError becomes a page (or JSON) with its own status; anything else stays our bug."""

    def told(request: Any) -> HttpResponse:
        return answer(request)

    def process_exception(request: Any, error: Exception) -> HttpResponse | None:
        if not isinstance(error, TreError):
            match = getattr(request, "resolver_match", None)
            worklog.fault(request.gate, error, route=match.route if match else "")
            told_of = _of_the_machine(error)
            if told_of is None:
                return None
            error = told_of
        status = int(getattr(error, "http", 400))
        problem = error.problem
        if request.path.startswith("/api/"):
            return _refused_json(error)
        return render(request, "refused.html", {"problem": problem, "title": "Not done"}, status=status)

    told.process_exception = process_exception  # type: ignore[attr-defined]  # Django looks for it here
    return told


def _refused_json(error: TreError) -> JsonResponse:
    told = {"error": error.problem.what, "where": str(error.problem.where), "hint": error.problem.hint}
    return JsonResponse(told, status=int(getattr(error, "http", 400)))


def _of_the_machine(error: Exception) -> TreError | None:
    """A disk or database that fails is no bug of ours: what a person is told of it."""
    if isinstance(error, orm.UNREACHED):
        return orm.unreached(error)
    if isinstance(error, OSError) and error.errno in DISK:
        return orm.Unreached(
            "the gate's disk is full or failing",
            hint="tell its keeper, and look whether it was done before you try again",
        )
    return None


def csrf_refused(request: Any, reason: str = "") -> HttpResponse:
    """A form that this session didn't ask for, or whose session has ended."""
    del reason
    from tre_toolkit.errors import Problem

    problem = Problem(
        "this form is not of your present session", hint="go back, load the page again and send it anew"
    )
    request.account = getattr(request, "account", None)
    return render(request, "refused.html", {"problem": problem, "title": "Not done"}, status=403)


def page_context(request: Any) -> dict[str, Any]:
    """What every page shows: who is here and where they may go."""
    account = getattr(request, "account", None)
    gate = getattr(request, "gate", None)
    if account is None:
        return {"gate_name": gate.name if gate else "", "account": None, "menu": []}
    who = account.who
    menu = [
        ("/requests", "Requests", who.role in {"researcher", "lead"}),
        ("/queue", "Queue", can(Action.SEE_QUEUE, who)),
        ("/audit", "Log", can(Action.SEE_AUDIT, who)),
        ("/metrics", "Figures", can(Action.SEE_METRICS, who)),
        ("/accounts", "Accounts", can(Action.MANAGE_ACCOUNTS, who)),
        ("/help", "Help", True),
    ]
    return {
        "gate_name": gate.name if gate else "",
        "account": account,
        "menu": [(to, name, request.path.startswith(to)) for to, name, may in menu if may],
    }


def begin_session(request: Any, account: Any) -> None:
    """A new session, of this account."""
    request.session.flush()
    now = int(time.time())
    request.session.update({"account": account.pk, "stamp": account.stamp, "began": now, "seen": now})
    request.session.cycle_key()


def _by_session(request: Any) -> Any:
    held, now = request.session, int(time.time())
    if "account" not in held:
        return None
    account = (
        models.Account.objects.select_related("person")
        .prefetch_related("person__memberships")
        .filter(pk=held["account"], active=True)
        .first()
    )
    fresh = 0 <= now - held["seen"] <= IDLE and 0 <= now - held["began"] <= LONGEST
    if account is None or not fresh or account.stamp != held["stamp"]:
        held.flush()
        return None
    if now - held["seen"] > 60:
        held["seen"] = now
    return account


def _by_header(request: Any) -> Any:
    """Who a proxy in front of us says it is: only from the proxy's own address, only where that is set up."""
    gate = request.gate
    if not gate.proxy_header or request.META.get("REMOTE_ADDR") != gate.proxy_address:
        return None
    login = request.headers.get(gate.proxy_header, "")
    return (
        models.Account.objects.select_related("person")
        .prefetch_related("person__memberships")
        .filter(login=login, source="header", active=True)
        .first()
    )


def _basic(request: Any) -> Any:
    try:
        login, _, password = (
            base64.b64decode(request.headers["Authorization"][6:], validate=True).decode().partition(":")
        )
    except ValueError:
        return None
    try:
        return accounts.sign_in(request.gate, login, password, code=request.headers.get("X-Gate-Code", ""))
    except TreError:
        return None
