"""Who may do what: every role, state, action and relation against tables written out by hand."""

from __future__ import annotations

from itertools import product

import pytest

from tre_toolkit.gate.policies import GATE_ACTIONS, NEEDS_REQUEST, ROLES, STATES, Case, Role, Who, can, check
from tre_toolkit.gate.refusals import Conflict, NotAllowed, NotFound
from tre_toolkit.gate.states import FINAL, MOVES, Action, Event, State, can_move, diagram

OURS, THEIRS = 1, 2
AUTHOR, OTHER, VOTER, MEMBER = 10, 11, 12, 13

# rows: actions; columns: r researcher (the author), l lead of the project, c checker, s senior checker,
# o release officer, a auditor, k administrator; "-" nobody else
WHO_MAY = {
    Action.CREATE: "rl",
    Action.ADD: "rl",
    Action.REMOVE: "rl",
    Action.DESCRIBE: "rl",
    Action.SUBMIT: "rl",
    Action.WITHDRAW: "rl",
    Action.ASK_EXCEPTION: "rl",
    Action.VOTE: "cs",
    Action.RETURN: "cs",
    Action.DECIDE: "s",
    Action.REJECT: "s",
    Action.UNBLOCK: "s",
    Action.DECIDE_EXCEPTION: "s",
    Action.RELEASE: "o",
    Action.RECALL: "so",
    Action.SEE: "rlcsoa",
    Action.SEE_FILE: "rlcsa",
    Action.SEE_VOTES: "rlcsoa",
    Action.DOWNLOAD: "cs",
    Action.COMMENT: "rlcso",
    Action.RETRACT: "rlcso",
    Action.SEE_QUEUE: "csoa",
    Action.SEE_METRICS: "csoak",
    Action.SEE_AUDIT: "a",
    Action.MANAGE_ACCOUNTS: "k",
    Action.SET_SECOND_FACTOR: "rlcsoak",
    Action.REMOVE_SECOND_FACTOR: "rlcsoak",
    Action.RESET_SECOND_FACTOR: "k",
}
LETTERS = dict(zip("rlcsoak", Role, strict=True))
# which of the twelve states allow it, by their first letters as in STATE_LETTERS
STATE_LETTERS = dict(zip("dsirtaglxwcb", State, strict=True))
WHEN = {
    Action.ADD: "dt",
    Action.REMOVE: "dt",
    Action.DESCRIBE: "dt",
    Action.SUBMIT: "dt",
    Action.WITHDRAW: "dsirtab",
    Action.ASK_EXCEPTION: "dtsir",
    Action.DECIDE_EXCEPTION: "sir",
    Action.VOTE: "si",
    Action.DECIDE: "r",
    Action.RETURN: "sira",
    Action.REJECT: "r",
    Action.UNBLOCK: "b",
    Action.RELEASE: "a",
    Action.RECALL: "l",
    Action.DOWNLOAD: "sira",
    Action.COMMENT: "dsirtalxwcb",
    Action.RETRACT: "dsirtalxwcb",
    Action.SEE: "dsirtaglxwcb",
    Action.SEE_FILE: "dsirtaglxwcb",
    Action.SEE_VOTES: "dsirtaglxwcb",
}


def person(role: Role) -> Who:
    ours = role in {Role.RESEARCHER, Role.LEAD}
    return Who(AUTHOR if role is Role.RESEARCHER else OTHER, role, frozenset({OURS}) if ours else frozenset())


def case(state: State, **more: object) -> Case:
    return Case(state=state, project=OURS, author=AUTHOR, reviews_in=True, **more)  # type: ignore[arg-type]


def test_the_tables_name_every_action() -> None:
    assert set(WHO_MAY) == set(ROLES) == set(Action)
    assert set(WHEN) == set(STATES) == NEEDS_REQUEST == set(Action) - GATE_ACTIONS


@pytest.mark.parametrize(("role", "action"), list(product(Role, Action)))
def test_a_role_may_do_exactly_what_the_table_says(role: Role, action: Action) -> None:
    letter = next(letter for letter, known in LETTERS.items() if known is role)
    for state in State:
        allowed = letter in WHO_MAY[action]
        if action in WHEN:
            named = next(letter for letter, known in STATE_LETTERS.items() if known is state)
            allowed = allowed and named in WHEN[action]
        if state is State.DRAFT and action in WHEN:
            allowed = allowed and letter in "rla"
        assert can(action, person(role), case(state)) is allowed, (role, action, state)


def test_a_closed_account_may_do_nothing() -> None:
    for role, action in product(Role, Action):
        assert not can(action, Who(OTHER, role, frozenset({OURS}), active=False), case(State.APPROVED))


def test_another_projects_request_is_not_there_for_a_researcher() -> None:
    stranger = Who(OTHER, Role.RESEARCHER, frozenset({THEIRS}))
    for action, state in product(NEEDS_REQUEST, State):
        with pytest.raises(NotFound):
            check(action, stranger, case(state))


def test_an_administrator_sees_no_request_at_all() -> None:
    for action, state in product(NEEDS_REQUEST, State):
        with pytest.raises(NotFound):
            check(action, Who(OTHER, Role.ADMINISTRATOR), case(state))


def test_a_colleague_who_is_not_the_lead_leaves_the_authors_request_alone() -> None:
    colleague = Who(OTHER, Role.RESEARCHER, frozenset({OURS}))
    assert can(Action.SEE, colleague, case(State.DRAFT))
    for action in (Action.ADD, Action.SUBMIT, Action.WITHDRAW, Action.DESCRIBE):
        with pytest.raises(NotAllowed):
            check(action, colleague, case(State.DRAFT))


INDEPENDENT = [
    (Action.VOTE, State.IN_REVIEW, Role.CHECKER),
    (Action.VOTE, State.IN_REVIEW, Role.SENIOR_CHECKER),
    (Action.DECIDE, State.REVIEWED, Role.SENIOR_CHECKER),
    (Action.REJECT, State.REVIEWED, Role.SENIOR_CHECKER),
    (Action.RELEASE, State.APPROVED, Role.RELEASE_OFFICER),
    (Action.DECIDE_EXCEPTION, State.IN_REVIEW, Role.SENIOR_CHECKER),
    (Action.DOWNLOAD, State.IN_REVIEW, Role.CHECKER),
]


@pytest.mark.parametrize(("action", "state", "role"), INDEPENDENT)
def test_nobody_judges_their_own_or_their_projects_work(action: Action, state: State, role: Role) -> None:
    assert can(action, Who(OTHER, role), case(state))
    assert not can(action, Who(AUTHOR, role), case(state))  # the author's second account
    assert not can(action, Who(MEMBER, role), case(state, members=frozenset({MEMBER})))
    assert not can(action, Who(OTHER, role, frozenset({OURS})), case(state))
    assert not can(action, Who(OTHER, role), case(state, contributors=frozenset({OTHER})))


def test_who_voted_neither_releases_nor_settles() -> None:
    voted = {"voters": frozenset({VOTER})}
    assert not can(Action.RELEASE, Who(VOTER, Role.RELEASE_OFFICER), case(State.APPROVED, **voted))
    assert not can(Action.DECIDE, Who(VOTER, Role.SENIOR_CHECKER), case(State.REVIEWED, **voted))
    assert can(Action.RELEASE, Who(OTHER, Role.RELEASE_OFFICER), case(State.APPROVED, **voted))


def test_votes_are_sealed_until_all_reviews_are_in() -> None:
    sealed = Case(state=State.IN_REVIEW, project=OURS, author=AUTHOR)
    for role in Role:
        assert not can(Action.SEE_VOTES, person(role), sealed)
    with pytest.raises(Conflict, match="sealed"):
        check(Action.SEE_VOTES, Who(OTHER, Role.CHECKER), sealed)


def test_final_states_are_left_by_recall_only() -> None:
    for state in FINAL:
        assert set(MOVES[state]) <= {Action.RECALL}
    assert set(MOVES) == set(State)


def test_every_state_is_reached_and_every_move_is_named() -> None:
    reached = {end for moves in MOVES.values() for ends in moves.values() for end in ends}
    assert reached | {State.DRAFT} == set(State)
    assert {by for moves in MOVES.values() for by in moves} == set(list(Action)[:9]) | set(Event)


def test_a_move_the_table_lacks_is_none() -> None:
    assert can_move(State.APPROVED, Action.RELEASE, State.RELEASING)
    assert not can_move(State.APPROVED, Action.RELEASE, State.RELEASED)
    assert not can_move(State.DRAFT, Action.RELEASE)


def test_the_diagram_draws_every_move() -> None:
    drawn = diagram()
    assert drawn.count("-->") == 1 + 3 + sum(len(e) for moves in MOVES.values() for e in moves.values())
