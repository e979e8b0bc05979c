"""Who may do what, when, and to whose work: three tables and two functions.

`check(action, who, case)` raises the reason; `can(action, who, case)` answers by calling it, so that
what a page offers and what the gate insists on are one thing. Everything here is plain data: the
truth-table tests run over every role, state, action and relation without a database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tre_toolkit.gate.refusals import Conflict, NotAllowed, NotFound
from tre_toolkit.gate.states import EDITABLE, MOVES, OPEN_TO_REVIEW, Action, State


class Role(StrEnum):
    """What an account is for."""

    RESEARCHER = "researcher"
    LEAD = "lead"
    CHECKER = "checker"
    SENIOR_CHECKER = "senior_checker"
    RELEASE_OFFICER = "release_officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Who:
    """A person acting through one account. Two accounts of one human have the same `person`."""

    person: int
    role: Role
    projects: frozenset[int] = frozenset()
    active: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules need to know of a request."""

    state: State
    project: int
    author: int  # person
    members: frozenset[int] = frozenset()  # persons of the project, whatever their accounts
    voters: frozenset[int] = frozenset()  # persons who voted in any turn
    reviews_in: bool = False  # both reviews of this turn are in
    contributors: frozenset[int] = field(default=frozenset())  # persons who put files in


R, A, S = Role, Action, State
REVIEWERS = frozenset({R.CHECKER, R.SENIOR_CHECKER})
WRITERS = frozenset({R.RESEARCHER, R.LEAD})
LOOKERS = REVIEWERS | {R.AUDITOR}

ROLES: Mapping[Action, frozenset[Role]] = {
    A.CREATE: WRITERS,
    A.ADD: WRITERS,
    A.REMOVE: WRITERS,
    A.DESCRIBE: WRITERS,
    A.SUBMIT: WRITERS,
    A.WITHDRAW: WRITERS,
    A.ASK_EXCEPTION: WRITERS,
    A.VOTE: REVIEWERS,
    A.RETURN: REVIEWERS,
    A.DECIDE: frozenset({R.SENIOR_CHECKER}),
    A.REJECT: frozenset({R.SENIOR_CHECKER}),
    A.UNBLOCK: frozenset({R.SENIOR_CHECKER}),
    A.DECIDE_EXCEPTION: frozenset({R.SENIOR_CHECKER}),
    A.RELEASE: frozenset({R.RELEASE_OFFICER}),
    A.RECALL: frozenset({R.RELEASE_OFFICER, R.SENIOR_CHECKER}),
    A.SEE: WRITERS | LOOKERS | {R.RELEASE_OFFICER},
    A.SEE_FILE: WRITERS | LOOKERS,
    A.SEE_VOTES: WRITERS | LOOKERS | {R.RELEASE_OFFICER},
    A.DOWNLOAD: REVIEWERS,
    A.COMMENT: WRITERS | REVIEWERS | {R.RELEASE_OFFICER},
    A.RETRACT: WRITERS | REVIEWERS | {R.RELEASE_OFFICER},
    A.SEE_QUEUE: LOOKERS | {R.RELEASE_OFFICER},
    A.SEE_METRICS: LOOKERS | {R.RELEASE_OFFICER, R.ADMINISTRATOR},
    A.SEE_AUDIT: frozenset({R.AUDITOR}),
    A.MANAGE_ACCOUNTS: frozenset({R.ADMINISTRATOR}),
    A.SET_SECOND_FACTOR: frozenset(Role),
    A.REMOVE_SECOND_FACTOR: frozenset(Role),
    A.RESET_SECOND_FACTOR: frozenset({R.ADMINISTRATOR}),
}
ANY = frozenset(State)
STATES: Mapping[Action, frozenset[State]] = {
    A.ADD: EDITABLE,
    A.REMOVE: EDITABLE,
    A.DESCRIBE: EDITABLE,
    A.ASK_EXCEPTION: EDITABLE | {S.SUBMITTED, S.IN_REVIEW, S.REVIEWED},
    A.DECIDE_EXCEPTION: frozenset({S.SUBMITTED, S.IN_REVIEW, S.REVIEWED}),
    A.SEE: ANY,
    A.SEE_FILE: ANY,
    A.SEE_VOTES: ANY,
    A.DOWNLOAD: OPEN_TO_REVIEW,
    A.COMMENT: ANY - {S.RELEASING},
    A.RETRACT: ANY - {S.RELEASING},
    **{move: frozenset(s for s in S if move in MOVES[s]) for move in list(A)[:9]},
}
NEEDS_REQUEST = frozenset(STATES)
OF_FACTORS = frozenset({A.SET_SECOND_FACTOR, A.REMOVE_SECOND_FACTOR, A.RESET_SECOND_FACTOR})
GATE_ACTIONS = OF_FACTORS | {A.CREATE, A.SEE_QUEUE, A.SEE_METRICS, A.SEE_AUDIT, A.MANAGE_ACCOUNTS}


def _own_work(who: Who, case: Case) -> bool:
    return who.person == case.author or who.person in case.contributors


def _theirs(who: Who, case: Case) -> str | None:
    """Writers act on requests of their own projects."""
    return None if case.project in who.projects else "this request belongs to another project"


def _authors(who: Who, case: Case) -> str | None:
    if who.person == case.author or (who.role is R.LEAD and case.project in who.projects):
        return None
    return "only the request's author or the project's lead does this"


def _independent(who: Who, case: Case) -> str | None:
    if _own_work(who, case):
        return "nobody checks their own work"
    if who.person in case.members or case.project in who.projects:
        return "a member of the project does not check its outputs"
    return None


def _uninvolved(who: Who, case: Case) -> str | None:
    """The release officer neither wrote nor voted on what they let go."""
    if who.person in case.voters:
        return "who voted on a request does not release it"
    return _independent(who, case)


def _arbiter(who: Who, case: Case) -> str | None:
    if who.person in case.voters:
        return "who voted on a request does not settle its conflict"
    return _independent(who, case)


RELATIONS: Mapping[Action, Callable[[Who, Case], str | None]] = {
    A.ADD: _authors,
    A.REMOVE: _authors,
    A.DESCRIBE: _authors,
    A.SUBMIT: _authors,
    A.WITHDRAW: _authors,
    A.ASK_EXCEPTION: _theirs,
    A.VOTE: _independent,
    A.RETURN: _independent,
    A.DECIDE: _arbiter,
    A.REJECT: _independent,
    A.UNBLOCK: _independent,
    A.DECIDE_EXCEPTION: _independent,
    A.RELEASE: _uninvolved,
    A.RECALL: _independent,
    A.DOWNLOAD: _independent,
}


def check(action: Action, who: Who, case: Case | None = None) -> None:
    """Raise NotAllowed, NotFound or Conflict unless `who` may do `action` (to `case`) now."""
    if not who.active:
        raise NotAllowed("this account is closed", hint="ask the gate's administrator")
    case = None if action in GATE_ACTIONS else case
    if case is not None:
        _check_visible(who, case)
    if case is not None and action in RELATIONS and (reason := RELATIONS[action](who, case)):
        raise NotAllowed(reason)
    if who.role not in ROLES[action]:
        roles = ", ".join(sorted(role.replace("_", " ") for role in ROLES[action]))
        raise NotAllowed(
            f"a {who.role.replace('_', ' ')} does not {action.replace('_', ' ')}",
            hint=f"this is for: {roles}",
        )
    if action in GATE_ACTIONS:
        return
    if case is None:
        raise TypeError("this action is on a request")
    if case.state not in STATES[action]:
        raise Conflict(
            f"this can't be done to a request that is {case.state.replace('_', ' ')}",
            hint="it can when it is " + " or ".join(sorted(s.replace("_", " ") for s in STATES[action])),
        )
    if action is A.SEE_VOTES and not case.reviews_in:
        raise Conflict("the votes are sealed until all reviews are in")


def can(action: Action, who: Who, case: Case | None = None) -> bool:
    """Whether `check` would let `who` do it."""
    try:
        check(action, who, case)
    except (NotAllowed, NotFound, Conflict):
        return False
    return True


def _check_visible(who: Who, case: Case) -> None:
    """A request of another project, or one that isn't theirs to know of, is not there."""
    hidden = NotFound("there is no such request", hint="`tre request status` lists yours")
    if who.role in WRITERS and case.project not in who.projects:
        raise hidden
    if who.role not in ROLES[A.SEE]:
        raise hidden
    if case.state is S.DRAFT and who.role not in WRITERS | {R.AUDITOR}:
        raise hidden
