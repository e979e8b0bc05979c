"""I7 and G4: pages and API give the verdict of the policies, for each role and verb in each state that is reached."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit.gate import requests, reviews
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import can
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
