"""Pages of the author and of everybody: sign in, requests, one request, and what can be done to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tre_toolkit.errors import Problem, TreError
from tre_toolkit.gate import accounts, factors, requests, views_of
from tre_toolkit.gate.policies import WRITERS
from tre_toolkit.gate.refusals import NotFound
from tre_toolkit.gate.states import State
from tre_toolkit.gate.web import staff
from tre_toolkit.gate.web.guard import begin_session
from tre_toolkit.gate.web.verbs import VERBS

STATIC = {"gate.css": "text/css", "keys.js": "text/javascript", "content.css": "text/css"}


@require_GET
def home(request: Any) -> HttpResponse:
    role = request.account.role
    return redirect(
        {"auditor": "/audit", "administrator": "/accounts"}.get(
            role, "/requests" if role in WRITERS else "/queue"
        )
    )


@require_http_methods(["GET", "POST"])
def sign_in(request: Any) -> HttpResponse:
    problem = None
    if request.method == "POST":
        words = request.POST
        try:
            account = accounts.sign_in(
                request.gate,
                words.get("login", "")[:80],
                words.get("password", "")[:1024],
                code=words.get("code", ""),
            )
            begin_session(request, account)
            return redirect("/")
        except TreError as refused:
            problem = refused.problem
    page = {"problem": problem, "oidc": bool(request.gate.oidc), "title": "Sign in"}
    return render(request, "sign_in.html", page, status=403 if problem else 200)


@require_POST
def sign_out(request: Any) -> HttpResponse:
    request.session.flush()
    return redirect("/sign-in")


@require_GET
def help_page(request: Any) -> HttpResponse:
    return render(request, "help.html", {"title": "Help"})


@require_http_methods(["GET", "POST"])
def profile(request: Any) -> HttpResponse:
    """One's own account and its second factor: an offered secret waits in the session until a code of it is shown."""
    if request.method == "GET":
        return _profile(request)
    if "code" not in request.POST:
        made = factors.offer(request.gate, request.account)
        request.session["totp"] = made.secret
        return _profile(request, offered=made)
    waiting = request.session.get("totp", "")
    try:
        factors.put(
            request.gate, request.account, waiting, request.POST["code"], old=request.POST.get("old", "")
        )
    except TreError as refused:
        again = factors.offer(request.gate, request.account, waiting) if waiting else None
        return _profile(request, refused, offered=again)
    begin_session(request, request.account)
    return _profile(request, done="The second factor is set. Other sessions of yours have ended.")


@require_POST
def remove_factor(request: Any) -> HttpResponse:
    """One's own second factor taken away, with the password and a code."""
    try:
        staff.remove_factor(request.gate, request.account, request.POST)
    except TreError as refused:
        return _profile(request, refused)
    begin_session(request, request.account)
    return _profile(request, done="The second factor is gone. Other sessions of yours have ended.")


def _profile(
    request: Any, refused: TreError | None = None, *, offered: Any = None, done: str = ""
) -> HttpResponse:
    shown = {
        "title": "You",
        "offered": offered,
        "done": done,
        "problem": refused and refused.problem,
        "lacking": not factors.can_work(request.gate, request.account),
        "demanded": factors.is_demanded(request.gate, request.account),
        "kept_here": request.account.source == "local",
    }
    status = int(getattr(refused, "http", 400)) if refused else 200
    return render(request, "profile.html", shown, status=status)


@require_GET
def static(request: Any, name: str) -> HttpResponse:
    del request
    if name not in STATIC:
        raise NotFound("there is no such page")
    raw = (Path(__file__).parent / "static" / name).read_bytes()
    return HttpResponse(
        raw,
        content_type=STATIC[name],
        headers={"Cache-Control": "max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"},
    )


@require_GET
def my_requests(request: Any) -> HttpResponse:
    rows = requests.visible(request.gate, request.account)[:200]
    return render(request, "requests.html", {"rows": rows, "title": "Requests"})


@require_http_methods(["GET", "POST"])
def new_request(request: Any) -> HttpResponse:
    problem = None
    if request.method == "POST":
        try:
            made = requests.new(
                request.gate,
                request.account,
                title=request.POST.get("title", "")[:200],
                context=request.POST.get("context", "")[:20_000],
                project=request.POST.get("project", ""),
            )
            return redirect(f"/requests/{made.pk}")
        except TreError as refused:
            problem = refused.problem
    page = {
        "problem": problem,
        "projects": [m.project.name for m in request.account.person.memberships.select_related("project")],
        "words": request.POST,
        "title": "New request",
    }
    return render(request, "new_request.html", page, status=400 if problem else 200)


@require_GET
def request_page(request: Any, number: int) -> HttpResponse:
    return _page(request, number)


@require_POST
def add_files(request: Any, number: int) -> HttpResponse:
    """Files from the browser; a file's evidence may come along as `<name>.evidence.json`."""
    sent = {file.name: file.read() for file in request.FILES.getlist("files")}
    if not sent:
        return _page(request, number, Problem("choose at least one file"))
    try:
        requests.add_sent(
            request.gate, request.account, str(number), sent, kind=request.POST.get("kind", "output")
        )
    except TreError as refused:
        return _page(request, number, refused.problem, int(getattr(refused, "http", 400)))
    return redirect(f"/requests/{number}")


@require_POST
def do(request: Any, number: int, verb: str) -> HttpResponse:
    """One action on a request, then back to its page (or to where the form came from within it)."""
    if verb not in VERBS:
        raise NotFound("there is no such page")
    try:
        VERBS[verb](request.gate, request.account, str(number), request.POST)
    except TreError as refused:
        status = int(getattr(refused, "http", 400))
        if status == NotFound.http:
            raise
        return _page(request, number, refused.problem, status)
    after = request.POST.get("next_file", "")
    return redirect(f"/requests/{number}" + (f"/files/{int(after)}" if after.isdecimal() else ""))


def bad_request(request: Any, exception: Exception | None = None) -> HttpResponse:
    """Not for this host, or not a request at all: it may have come before there is a session, so it gets no page."""
    del request, exception
    return HttpResponse(
        "this request can't be read, or is not for this host\n", status=400, content_type="text/plain"
    )


def not_found(request: Any, exception: Exception | None = None) -> HttpResponse:
    del exception
    problem = Problem("there is no such page")
    return render(request, "refused.html", {"problem": problem, "title": "Not found"}, status=404)


def broken(request: Any) -> HttpResponse:
    problem = Problem(
        "something broke here, and it is our fault", hint="nothing was changed; tell the gate's keeper"
    )
    return render(request, "refused.html", {"problem": problem, "title": "Broken"}, status=500)


def _page(request: Any, number: int, problem: Problem | None = None, status: int = 400) -> HttpResponse:
    found = requests.find(request.gate, request.account, str(number))
    shown = views_of.whole(request.gate, request.account, found)
    page = {
        "request_": found,
        "shown": shown,
        "steps": _steps(State(found.state)),
        "problem": problem,
        "released": getattr(found, "release", None) if found.state in ("released", "recalled") else None,
        "title": f"Request {number}",
    }
    return render(request, "request.html", page, status=status if problem else 200)


def _steps(state: State) -> list[tuple[str, str]]:
    """The line of steps at the top of a request: done, now or to come."""
    order = ["draft", "submitted", "in_review", "approved", "released"]
    at = {"reviewed": "in_review", "returned": "draft", "releasing": "approved", "recalled": "released"}.get(
        state, state
    )
    if at not in order:
        return []
    here = order.index(at)
    return [
        (name.replace("_", " "), "done" if n < here else "now" if n == here else "later")
        for n, name in enumerate(order)
    ]
