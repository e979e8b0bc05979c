"""The life of a request, as one table: which state follows which action. The docs draw their diagram from it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a request stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    REVIEWED = "reviewed"
    RETURNED = "returned"
    APPROVED = "approved"
    RELEASING = "releasing"
    RELEASED = "released"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    RECALLED = "recalled"
    BLOCKED = "blocked"


class Action(StrEnum):
    """What somebody can do at the gate. The first group moves a request; the second works on it or looks."""

    SUBMIT = "submit"
    VOTE = "vote"
    DECIDE = "decide"
    RETURN = "return"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    RELEASE = "release"
    RECALL = "recall"
    UNBLOCK = "unblock"

    CREATE = "create"
    ADD = "add"
    REMOVE = "remove"
    DESCRIBE = "describe"
    SEE = "see"
    SEE_FILE = "see_file"
    SEE_VOTES = "see_votes"
    DOWNLOAD = "download"
    COMMENT = "comment"
    RETRACT = "retract"
    ASK_EXCEPTION = "ask_exception"
    DECIDE_EXCEPTION = "decide_exception"
    SEE_QUEUE = "see_queue"
    SEE_METRICS = "see_metrics"
    SEE_AUDIT = "see_audit"
    MANAGE_ACCOUNTS = "manage_accounts"
    SET_SECOND_FACTOR = "set_second_factor"
    REMOVE_SECOND_FACTOR = "remove_second_factor"
    RESET_SECOND_FACTOR = "reset_second_factor"


class Event(StrEnum):
    """What moves a request without anybody's asking."""

    FINISH = "finish"  # the release stands in its place
    ABANDON = "abandon"  # a release was broken off before anything left
    BLOCK = "block"  # bytes are not the bytes that were voted on


S, A, E = State, Action, Event
MOVES: Mapping[State, Mapping[Action | Event, frozenset[State]]] = {
    S.DRAFT: {A.SUBMIT: frozenset({S.SUBMITTED}), A.WITHDRAW: frozenset({S.WITHDRAWN})},
    S.SUBMITTED: {
        A.VOTE: frozenset({S.SUBMITTED, S.IN_REVIEW}),
        A.RETURN: frozenset({S.RETURNED}),
        A.WITHDRAW: frozenset({S.WITHDRAWN}),
        E.BLOCK: frozenset({S.BLOCKED}),
    },
    S.IN_REVIEW: {
        A.VOTE: frozenset({S.IN_REVIEW, S.REVIEWED, S.APPROVED}),
        A.RETURN: frozenset({S.RETURNED}),
        A.WITHDRAW: frozenset({S.WITHDRAWN}),
        E.BLOCK: frozenset({S.BLOCKED}),
    },
    S.REVIEWED: {
        A.DECIDE: frozenset({S.REVIEWED, S.APPROVED}),
        A.RETURN: frozenset({S.RETURNED}),
        A.REJECT: frozenset({S.REJECTED}),
        A.WITHDRAW: frozenset({S.WITHDRAWN}),
        E.BLOCK: frozenset({S.BLOCKED}),
    },
    S.RETURNED: {A.SUBMIT: frozenset({S.SUBMITTED}), A.WITHDRAW: frozenset({S.WITHDRAWN})},
    S.APPROVED: {
        A.RELEASE: frozenset({S.RELEASING}),
        A.RETURN: frozenset({S.RETURNED}),
        A.WITHDRAW: frozenset({S.WITHDRAWN}),
        E.BLOCK: frozenset({S.BLOCKED}),
    },
    S.RELEASING: {
        E.FINISH: frozenset({S.RELEASED}),
        E.ABANDON: frozenset({S.APPROVED}),
        E.BLOCK: frozenset({S.BLOCKED}),
    },
    S.RELEASED: {A.RECALL: frozenset({S.RECALLED})},
    S.BLOCKED: {A.UNBLOCK: frozenset({S.RETURNED}), A.WITHDRAW: frozenset({S.WITHDRAWN})},
    S.REJECTED: {},
    S.WITHDRAWN: {},
    S.RECALLED: {},
}
FINAL = frozenset({S.RELEASED, S.REJECTED, S.WITHDRAWN, S.RECALLED})
EDITABLE = frozenset({S.DRAFT, S.RETURNED})  # the author's turn
OPEN_TO_REVIEW = frozenset({S.SUBMITTED, S.IN_REVIEW, S.REVIEWED, S.APPROVED})  # the gate's turn


def can_move(state: State, by: Action | Event, to: State | None = None) -> bool:
    """Whether `by` may move a request out of `state` (into `to`, where it is named)."""
    ends = MOVES[state].get(by, frozenset())
    return bool(ends) if to is None else to in ends


def diagram() -> str:
    """The table as a Mermaid state diagram, for the docs."""
    lines = ["stateDiagram-v2", f"    [*] --> {S.DRAFT}"]
    for state, moves in MOVES.items():
        for by, ends in moves.items():
            lines += [f"    {state} --> {end}: {by}" for end in sorted(ends)]
    lines += [f"    {state} --> [*]" for state in S if not MOVES[state]]
    return "\n".join(lines)
