"""I7 and G4: pages and API give the verdict of the policies, for each role and verb in each state that is reached."""

from __future__ import annotations

import base64
import dataclasses
import html
import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tre_toolkit.errors import TreError
from tre_toolkit.gate import codes, factors, requests, reviews
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import can, check
from tre_toolkit.gate.states import Action, State
from tre_toolkit.gate.web.verbs import VERBS

PEOPLE = ("ada", "lee", "cam", "sam", "dee", "ova", "kit")  # one of each role
WORDS = {"approve": "yes", "note": "n", "reason": "r", "title": "t", "context": "c" * 30, "file": "none.csv",
         "rule": "none", "comment": "0", "exception": "0", "grant": "yes"}  # fmt: skip


def in_state(house: Any, state: State, tmp_path: Path) -> str:
    key = house.draft()
    if state is State.DRAFT:
        return key
    requests.submit(house.gate, house.ada, key)
    if state is State.RETURNED:
        reviews.give_back(house.gate, house.ben, key, note="n")
    elif state in (State.IN_REVIEW, State.REVIEWED, State.APPROVED, State.REJECTED):
        house.account(f"v{key}", "checker", f"V{key}")
        reviews.vote(house.gate, house.ben, key, approve=True)
        if state is not State.IN_REVIEW:
            reviews.vote(
                house.gate, getattr(house, f"v{key}"), key, approve=state is State.APPROVED, note="n"
            )
        if state is State.REJECTED:
            reviews.reject(house.gate, house.sam, key, note="n")
    elif state is State.WITHDRAWN:
        requests.withdraw(house.gate, house.ada, key)
    elif state is not State.SUBMITTED:
        models.Request.objects.filter(pk=key).update(state=state)  # released, recalled, blocked, releasing
    assert house.state(key) == state
    assert tmp_path
    return key


def entry(house: Any, login: str, place: Path) -> list[str]:
    """How a person of the house enters by command, with the password in `place`."""
    return ["--gate", str(house.gate.folder), "--as", login, "--password-file", str(place / "password")]


@pytest.mark.parametrize("state", list(State))
def test_pages_and_api_refuse_exactly_what_the_policies_refuse(
    house: Any, browse: Any, state: State, tmp_path: Path
) -> None:
    """Verbs are sent with words that fail *after* the policy, so that nothing changes on the way through the table."""
    key = in_state(house, state, tmp_path)
    for login in PEOPLE:
        client, account = browse(login), getattr(house, login)
        basic = {
            "HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{login}:violet kettle 4141".encode()).decode()
        }
        for verb in VERBS:
            found = models.Request.objects.get(pk=key)
            may = can(Action(verb), account.who, found.case(reviewers=house.gate.reviewers))
            if may and verb not in (
                "remove",
                "vote",
                "ask_exception",
                "decide_exception",
                "retract",
                "release",
            ):
                continue  # would really happen: the lifecycle's own tests follow those
            statuses = {
                client.post(f"/requests/{key}/do/{verb}", WORDS).status_code,
                client.post(
                    f"/api/v1/requests/{key}/{verb}",
                    json.dumps(WORDS),
                    content_type="application/json",
                    **basic,
                ).status_code,
            }
            assert len(statuses) == 1, (login, verb, statuses)
            if may:
                assert statuses <= {400, 404}, (login, verb, statuses)
            else:
                assert statuses <= {403, 404, 409, 400}, (login, verb, statuses)
            assert house.state(key) == state, (login, verb)


COMMANDS = {
    "describe": "request describe {key} --title t --context cccccccccccccccccccccccc",
    "remove": "request remove {key} none.csv",
    "submit": "request submit {key}",
    "withdraw": "request withdraw {key}",
    "comment": "request comment {key} --note n",
    "retract": "request retract {key} 0",
    "vote": "review vote {key} --approve --file none.csv",
    "return": "review return {key} --note n",
    "reject": "review reject {key} --note n",
    "decide": "review decide {key} --note n",
    "unblock": "review unblock {key} --note n",
    "ask_exception": "request exception {key} --file none.csv --rule none --reason r",
    "decide_exception": "review exception {key} 0 --grant",
    "release": "release make {key} --into {place}/out --passphrase-file {place}/passphrase",
    "recall": "release recall {key} --reason r --passphrase-file {place}/passphrase",
}
EACH = (
    1 if "TRE_GATE_CELLS" in os.environ else 24
)  # .ci/ordeal looks at every cell, a usual run at every twenty-fourth


def test_every_verb_has_its_command() -> None:
    assert set(COMMANDS) == set(VERBS)


@pytest.mark.parametrize("state", list(State))
def test_commands_refuse_exactly_what_the_policies_refuse_and_in_their_words(
    house: Any, state: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tre_toolkit.cli import run
    from tre_toolkit.errors import TreError

    key = in_state(house, state, tmp_path)
    for name, text in (("password", "violet kettle 4141"), ("passphrase", "quiet orange lamp 77")):
        (tmp_path / name).write_text(text + "\n")
        (tmp_path / name).chmod(0o600)
    cells = list(itertools.product(PEOPLE, COMMANDS))
    for login, verb in cells[list(State).index(state) % EACH :: EACH]:
        found = models.Request.objects.get(pk=key)
        try:
            check(Action(verb), getattr(house, login).who, found.case(reviewers=house.gate.reviewers))
        except TreError as refused:
            wanted = refused.problem.what
        else:
            continue  # would happen, or be refused for its words: the lifecycle's own tests follow those
        words = COMMANDS[verb].format(key=key, place=tmp_path).split()
        ended = run([*words, *entry(house, login, tmp_path)])
        assert (ended, wanted in capsys.readouterr().err) == (1, True), (login, verb)
        assert house.state(key) == state, (login, verb)


SECRET = "A" * 32  # base32 of twenty bytes
OF_FACTORS: dict[str, tuple[str, str, str, dict[str, str]]] = {
    # what is tried: page, address of the API, command, and words that change nothing when they are let through
    "set": ("/you", "you/set_second_factor", "enrol --secret-file {place}/secret --new-code-file {place}/code",
            {"secret": SECRET, "code": "no code"}),
    "remove": ("/you/remove_second_factor", "you/remove_second_factor", "remove", {"password": "x", "code": "y"}),
    "reset": ("/accounts/ada/reset_second_factor", "accounts/ada/reset_second_factor", "reset ada", {}),
    "reset own": ("/accounts/{me}/reset_second_factor", "accounts/{me}/reset_second_factor", "reset {me}", {}),
}  # fmt: skip


def expected_of(house: Any, login: str, what: str) -> TreError:
    """What the one service says."""
    account = getattr(house, login)
    tries = {
        "set": lambda: factors.put(house.gate, account, SECRET, "no code"),
        "remove": lambda: factors.remove(house.gate, account, password="x", code="y"),
        "reset": lambda: factors.reset(house.gate, account, "ada"),
        "reset own": lambda: factors.reset(house.gate, account, login),
    }
    with pytest.raises(TreError) as refused:
        tries[what]()
    return refused.value


@pytest.mark.parametrize("what", OF_FACTORS)
def test_second_factors_are_refused_alike_by_page_api_and_command(
    house: Any, browse: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """Each role tries each; whoever may is refused for the words, and for the same reason everywhere."""
    from tre_toolkit.cli import run

    for name, text in (("password", "violet kettle 4141"), ("secret", SECRET), ("code", "no code")):
        (tmp_path / name).write_text(text + "\n")
        (tmp_path / name).chmod(0o600)
    page, address, command, words = OF_FACTORS[what]
    for login in PEOPLE:
        wanted = expected_of(house, login, what)
        status, said = getattr(wanted, "http", 400), wanted.problem.what
        assert (status == 403) is (what.startswith("reset") and not (what == "reset" and login == "kit"))
        client = browse(login)
        session = client.session
        session["totp"] = SECRET
        session.save()
        basic = base64.b64encode(f"{login}:violet kettle 4141".encode()).decode()
        by_page = client.post(page.format(me=login), words)
        by_api = client.post(
            f"/api/v1/{address.format(me=login)}",
            json.dumps(words),
            content_type="application/json",
            HTTP_AUTHORIZATION=f"Basic {basic}",
        )
        ended = run(
            [
                "gate",
                "second-factor",
                *command.format(me=login, place=tmp_path).split(),
                *entry(house, login, tmp_path),
            ]
        )
        assert (by_page.status_code, by_api.status_code, ended) == (status, status, 1), (login, what)
        assert html.escape(said) in by_page.content.decode(), login
        assert by_api.json()["error"] == said, login
        assert said in capsys.readouterr().err, login
        assert getattr(house, login).totp == ""


def test_second_factors_are_set_and_taken_away_alike(
    house: Any, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way through, by page and by API; that of the commands stands with the unit tests."""
    moment = [1_700_000_000]
    monkeypatch.setattr(codes.time, "time", lambda: moment[0])

    def code(secret: str) -> str:
        return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(moment[0]).decode()

    def call(client: Any, login: str, verb: str, first: str = "", **words: str) -> Any:
        basic = base64.b64encode(f"{login}:violet kettle 4141".encode()).decode()
        return client.post(
            f"/api/v1/{verb}", json.dumps(words), content_type="application/json",
            HTTP_AUTHORIZATION=f"Basic {basic}", **({"HTTP_X_GATE_CODE": first} if first else {}),
        )  # fmt: skip

    nobody, kit, ben = browse(), browse("kit"), browse("ben")
    offered = call(nobody, "cam", "you/offer_second_factor").json()
    assert offered["secret"] in offered["address"]
    assert house.cam.totp == ""
    assert call(nobody, "cam", "you/set_second_factor", secret=offered["secret"], code=code(offered["secret"])).json() == {
        "account": "cam", "second_factor": "set"
    }  # fmt: skip
    assert call(nobody, "cam", "you/remove_second_factor").status_code == 401  # the call itself lacks a code
    moment[0] += 30
    gone = call(nobody, "cam", "you/remove_second_factor", code(offered["secret"]))
    assert gone.json() == {"account": "cam", "second_factor": "none"}
    assert house.cam.totp == ""

    secret = ben.post("/you", {}).content.decode().split("<code>", 1)[1].split("<", 1)[0]
    assert ben.post("/you", {"code": code(secret)}).status_code == 200
    moment[0] += 30
    words = {"password": "violet kettle 4141", "code": code(secret)}
    assert ben.post("/you/remove_second_factor", {**words, "code": "000 00"}).status_code == 403
    assert b"The second factor is gone" in ben.post("/you/remove_second_factor", words).content
    assert ben.get("/queue").status_code == 200

    secret = ben.post("/you", {}).content.decode().split("<code>", 1)[1].split("<", 1)[0]
    assert ben.post("/you", {"code": code(secret)}).status_code == 200
    assert b"Reset second factor of ben" in kit.get("/accounts").content
    assert b"Reset second factor of kit" not in kit.get("/accounts").content
    assert kit.post("/accounts/ben/reset_second_factor").status_code == 302
    assert ben.get("/queue").status_code == 302  # the session has ended
    assert house.ben.totp == ""
    assert call(nobody, "kit", "accounts/ben/reset_second_factor").status_code == 409


def test_a_demanded_factor_is_all_that_a_page_or_the_api_offers(house: Any, browse: Any) -> None:
    house.gate = dataclasses.replace(house.gate, second_factor=("checker",))
    key, ben, cam = house.submitted(), browse("ben"), browse("cam")
    for page in ("/", "/queue", f"/requests/{key}", "/metrics"):
        assert ben.get(page)["Location"] == "/you"
    assert ben.post(f"/requests/{key}/do/vote", {"approve": "yes"})["Location"] == "/you"
    assert b"nothing else opens before" in ben.get("/you").content
    refused = ben.get("/api/v1/queue")
    assert (refused.status_code, "needs a second factor" in refused.json()["error"]) == (403, True)
    assert (
        ben.post("/api/v1/you/offer_second_factor", "{}", content_type="application/json").status_code == 200
    )
    assert browse("sam").get("/queue").status_code == 200
    models.Account.objects.filter(login="cam").update(totp=SECRET)
    assert cam.get("/queue").status_code == 200
    assert b"Take it away" not in cam.get("/you").content
