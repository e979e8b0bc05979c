"""I7 and G4: pages and API give the verdict of the policies, for each role and verb in each state that is reached."""

from __future__ import annotations

import base64
import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit.gate import requests, reviews
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
    1 if "TRE_GATE_CELLS" in os.environ else 6
)  # .ci/ordeal looks at every cell, a usual run at every sixth


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
        entry = [
            "--gate",
            str(house.gate.folder),
            "--as",
            login,
            "--password-file",
            str(tmp_path / "password"),
        ]
        ended = run([*words, *entry])
        assert (ended, wanted in capsys.readouterr().err) == (1, True), (login, verb)
        assert house.state(key) == state, (login, verb)
