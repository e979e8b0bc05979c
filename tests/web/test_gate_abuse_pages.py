"""The abuse cases of the pages, by number."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest

from tre_toolkit.gate import accounts, requests, reviews
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import Role
from tre_toolkit.gate.render import show
from tre_toolkit.gate.web import guard

PAYLOAD = "<script>window.hit=1</script><img src=x onerror=window.hit=1>\"'><svg onload=window.hit=1>"


def version_of(key: str) -> int:
    return int(requests.outputs(models.Request.objects.get(pk=key))[0].pk)


def token(response: Any) -> str:
    text: str = response.content.decode()
    mark = 'name="csrfmiddlewaretoken" value="'
    return text.split(mark, 1)[1].split('"', 1)[0]


def test_a13_words_from_people_are_words_on_every_page(house: Any, browse: Any) -> None:
    key = str(requests.new(house.gate, house.ada, title=PAYLOAD[:150], context=PAYLOAD + " context").pk)
    house.write("t.csv", f'area,"{PAYLOAD.replace(chr(34), chr(34) * 2)}"\nNorth,1\n')
    requests.add(house.gate, house.ada, key, house.workspace, ["t.csv"])
    house.said["t.csv"] = [
        {"verdict": "REVIEW", "rule": PAYLOAD[:70], "where": PAYLOAD, "message": PAYLOAD, "fix": PAYLOAD}
    ]
    requests.submit(house.gate, house.ada, key)
    requests.comment(house.gate, house.ben, key, PAYLOAD)
    page = f"/requests/{key}/files/{version_of(key)}"
    for login, url in [("ben", "/queue"), ("ben", f"/requests/{key}"), ("ben", page), ("ben", f"{page}/content"),
                       ("ben", f"{page}/changes"), ("ada", "/requests"), ("ova", "/audit")]:  # fmt: skip
        text = browse(login).get(url).content.decode()
        for live in ("<script>window", "<img src=x", "<svg onload"):
            assert live not in text, url


A14 = [
    "<meta http-equiv=refresh content='0;url=http://x'>", "<form action=http://x><button>go</button></form>", "<style>@import 'http://x'</style>",
    "<p style='background:url(http://x)'>p</p>", "<a href='javascript:x()'>a</a>", "<a href='data:text/html,x'>a</a>", "<iframe srcdoc='x'></iframe>",
    "<object data=x></object>", "<base href=http://x>", "<link rel=stylesheet href=http://x>", "<video src=http://x></video>", "<math><mi xlink:href=http://x>",
]  # fmt: skip


@pytest.mark.parametrize("html", A14)
def test_a14_what_loads_sends_or_moves_is_taken_out_and_told(html: str) -> None:
    shown = show(f"<p>kept</p>{html}".encode(), "html")
    view = shown.html.split("<h2>All text")[0]
    assert "kept" in view
    assert not re.search(
        r"http://x|javascript:|<(meta|form|style|a|iframe|object|base|link|video|button)\b", view
    )
    drawing = show(
        f"<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'><foreignObject>{'x'}</foreignObject><image href='http://x'/><rect style='fill:url(http://x)' onload='x()'/><a xlink:href='javascript:x()'><text>t</text></a></svg>".encode(),
        "svg",
    )
    import base64

    clean = base64.b64decode(re.search(r"base64,([^']+)", drawing.html).group(1)).decode()  # type: ignore[union-attr]
    for bad in ("foreignObject", "http://x", "onload", "javascript", "<image", "<a "):
        assert bad not in clean.replace("http://www", "")


def test_a29_a_form_without_its_sessions_token_does_nothing(house: Any, browse: Any) -> None:
    key = house.submitted()
    ben, cam = browse("ben", strict=True), browse("cam", strict=True)
    others = token(cam.get(f"/requests/{key}"))
    vote = f"/requests/{key}/do/vote"
    for words in ({}, {"csrfmiddlewaretoken": others}, {"csrfmiddlewaretoken": "x" * 64}):
        assert ben.post(vote, {"approve": "yes", **words}).status_code == 403
    assert models.Vote.objects.count() == 0
    own = token(ben.get(f"/requests/{key}"))
    assert ben.post(vote, {"approve": "yes", "csrfmiddlewaretoken": own}).status_code == 302
    for verb in ("vote", "return", "submit", "release", "withdraw"):
        assert ben.get(f"/requests/{key}/do/{verb}").status_code == 405
    cookie = ben.cookies["__Host-gate"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (
        True,
        True,
        "Strict",
        "/",
    )


def test_a30_a_session_ends_with_time_role_password_and_sign_out(
    house: Any, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    def is_in(client: Any) -> bool:
        return bool(client.get("/queue").status_code == 200)

    ben = browse("ben")
    fixed = browse()
    fixed.get("/sign-in")
    before = fixed.cookies.get("__Host-gate")
    fixed.post("/sign-in", {"login": "ben", "password": "violet kettle 4141"})
    assert before is None or before.value != fixed.cookies["__Host-gate"].value
    now = time.time()
    monkeypatch.setattr(guard.time, "time", lambda: now + guard.IDLE + 61)
    assert not is_in(ben)
    monkeypatch.undo()
    ben = browse("ben")
    for hour in range(1, 19):  # used every half hour or so, all day
        monkeypatch.setattr(guard.time, "time", lambda h=hour: now + h * 0.47 * 3600)
        inside = is_in(ben)
    assert not inside
    monkeypatch.undo()
    for change in (
        lambda: accounts.change_role(house.gate, "ben", Role.SENIOR_CHECKER, by="kit"),
        lambda: accounts.set_password(house.gate, "ben", "violet kettle 4141", by="kit"),
        lambda: accounts.set_active(house.gate, "ben", active=False, by="kit"),
    ):
        ben = browse("ben")
        assert is_in(ben)
        change()
        assert not is_in(ben)
    cam = browse("cam")
    old = cam.cookies["__Host-gate"].value
    cam.post("/sign-out")
    cam.cookies["__Host-gate"] = old
    assert not is_in(cam)
    assert browse("cam").get("/queue", HTTP_HOST="elsewhere.example").status_code == 400


def test_a31_guessing_is_slow_locked_and_tells_nothing(house: Any, browse: Any) -> None:
    import statistics
    import time

    anyone = browse()

    def tried(login: str, password: str) -> tuple[int, str, float]:
        started = time.process_time()
        answer = anyone.post("/sign-in", {"login": login, "password": password})
        spent = time.process_time() - started
        return answer.status_code, re.sub(r'value="[^"]*"', "", answer.content.decode()), spent

    known = [tried("ben", "not this one 1") for _ in range(accounts.TRIES)]
    unknown = [tried("nobody", "not this one 1") for _ in range(accounts.TRIES)]
    assert {status for status, _, _ in known + unknown} == {403}
    assert len({body for _, body, _ in known + unknown}) == 1
    assert tried("ben", "violet kettle 4141")[0] == 403  # locked now, and with the same words
    slow, fast = (statistics.median(t for _, _, t in tries) for tries in (known, unknown))
    assert 0.2 < slow / fast < 5  # with real costs the hash is nearly all of it


def test_a32_a_header_that_says_who_it_is_counts_only_from_the_proxy(house: Any, browse: Any) -> None:
    from dataclasses import replace

    models.Account.objects.filter(login="ben").update(source="header")
    anyone = browse()
    assert anyone.get("/queue", HTTP_X_REMOTE_USER="ben").status_code == 302
    trusting = replace(house.gate, proxy_header="X-Remote-User", proxy_address="10.0.0.1")
    client = browse()
    client.defaults["tre.gate"] = trusting
    assert client.get("/queue", HTTP_X_REMOTE_USER="ben").status_code == 302
    assert client.get("/queue", HTTP_X_REMOTE_USER="ben", HTTP_X_FORWARDED_FOR="10.0.0.1").status_code == 302
    assert client.get("/queue", HTTP_X_REMOTE_USER="ben", REMOTE_ADDR="10.0.0.1").status_code == 200
    assert client.get("/queue", HTTP_X_REMOTE_USER="cam", REMOTE_ADDR="10.0.0.1").status_code == 302
    words = {"login": "ben", "password": "violet kettle 4141"}
    assert browse().post("/sign-in", words).status_code == 403  # such an account has no password here


def test_a33_every_page_of_a_foreign_request_looks_like_one_that_is_not(house: Any, browse: Any) -> None:
    house.account("eve", Role.RESEARCHER, "Eve Elsewhere", "other")
    key = house.submitted()
    version = version_of(key)
    pages = [
        "",
        f"/files/{version}",
        f"/files/{version}/content",
        f"/files/{version}/changes",
        f"/files/{version}/download",
    ]
    verbs = [
        "submit",
        "withdraw",
        "vote",
        "return",
        "reject",
        "decide",
        "release",
        "recall",
        "comment",
        "describe",
        "remove",
    ]
    for login in ("eve", "kit"):
        client = browse(login)
        bodies = set()
        for number, page in product((key, "999"), pages):
            answer = client.get(f"/requests/{number}{page}")
            assert answer.status_code == 404, (login, page)
            bodies.add(re.sub(r'value="[^"]*"', "", answer.content.decode()))
        assert len(bodies) == 1
        words = {
            "approve": "yes",
            "note": "n",
            "reason": "r",
            "title": "t",
            "context": "c" * 30,
            "file": "table.csv",
        }
        for number, verb in product((key, "999"), verbs):
            assert client.post(f"/requests/{number}/do/{verb}", words).status_code == 404, (login, verb)
            assert client.post(
                f"/api/v1/requests/{number}/{verb}", "{}", content_type="application/json"
            ).status_code in (400, 404)
    assert house.state(key) == "submitted"


@pytest.mark.parametrize(
    "to",
    ["//elsewhere.example", "/\\elsewhere.example", "https:elsewhere.example", "https://elsewhere.example"],
)
def test_a34_no_page_sends_a_browser_elsewhere(house: Any, browse: Any, to: str) -> None:
    anyone = browse()
    answer = anyone.post(
        f"/sign-in?next={to}", {"login": "ben", "password": "violet kettle 4141", "next": to}
    )
    assert answer.url == "/"
    key = house.submitted()
    answer = anyone.post(f"/requests/{key}/do/vote", {"approve": "yes", "next_file": to})
    assert answer.url == f"/requests/{key}"


def test_a41_addresses_and_notices_name_no_file(house: Any, browse: Any) -> None:
    house.write("very-telling-name.csv")
    key = house.submitted("very-telling-name.csv")
    text = browse("ben").get(f"/requests/{key}").content.decode()
    assert "very-telling-name" in text
    for address in re.findall(r'(?:href|action|src)="([^"]*)"', text):
        assert "telling" not in address
    assert "telling" not in house.gate.log.read_text()
    assert browse("ben").get(f"/requests/{key}")["Referrer-Policy"] == "same-origin"


def test_a42_no_page_is_kept_by_a_browser_or_proxy(house: Any, browse: Any) -> None:
    key = house.submitted()
    for url in (
        "/queue",
        f"/requests/{key}",
        f"/requests/{key}/files/{version_of(key)}",
        f"/requests/{key}/files/{version_of(key)}/content",
    ):
        assert browse("ben").get(url)["Cache-Control"] == "no-store"


def test_a43_a_download_is_a_logged_act_of_a_reviewer(house: Any, browse: Any) -> None:
    key = house.submitted()
    url = f"/requests/{key}/files/{version_of(key)}/download"
    assert browse("ben").get(url).status_code == 200
    assert browse("ova").get(url).status_code == 403
    event = [line for line in house.gate.log.read_text().splitlines() if "file downloaded" in line]
    assert len(event) == 1
    assert '"by":"ben"' in event[0]
    reviews.give_back(house.gate, house.ben, key, note="x")
    assert browse("ben").get(url).status_code == 409
