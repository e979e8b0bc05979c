"""The queue and the gate's figures: what waits, how long, on whom, and how it went before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from tre_toolkit import audit
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import check
from tre_toolkit.gate.states import OPEN_TO_REVIEW, Action, State

AIM = 5  # working days from submission to decision
FILTERS = ("all", "to vote on", "fails", "late", "approved")
RISK = {"FAIL": 2, "REVIEW": 1, "PASS": 0}


@dataclass(frozen=True, slots=True)
class Row:
    """One request in the queue."""

    number: int
    title: str
    author: str
    project: str
    state: str
    turn: int
    files: int
    age: int  # working days since it was submitted
    late: bool
    risk: str  # the worst the machine said of any file
    reviews_in: int
    mine: str  # what this account has to do with it: "", "yours is in"


def queue_rows(gate: Gate, account: Any, *, page: int, size: int, show: str = "all") -> tuple[list[Row], int]:
    """One page of what waits for the gate, oldest first, and how many there are. Seven queries, whatever the size."""
    check(Action.SEE_QUEUE, account.who)
    waiting = models.Request.objects.filter(state__in=OPEN_TO_REVIEW)
    mine = models.Review.objects.filter(person=account.person)
    if show == "to vote on":
        done = mine.values_list("request_id", "turn")
        waiting = waiting.filter(state__in=[State.SUBMITTED, State.IN_REVIEW]).exclude(
            pk__in=[r for r, _ in done]
        )
    elif show == "fails":
        waiting = waiting.filter(_failing()).distinct()
    elif show == "late":
        waiting = waiting.filter(submitted__lt=_days_ago(AIM))
    elif show == "approved":
        waiting = waiting.filter(state=State.APPROVED)
    total = waiting.count()
    rows = list(
        waiting.select_related("author", "project").order_by("submitted", "pk")[
            (page - 1) * size : page * size
        ]
    )
    keys = [row.pk for row in rows]
    current = models.FileVersion.objects.filter(
        file__request__in=keys, file__removed=None, file__kind="output", current=True
    )
    files: dict[int, int] = dict(current.values_list("file__request").annotate(n=Count("pk")))
    risks: dict[int, set[str]] = {}
    for key, verdict in current.values_list("file__request", "findings__verdict").distinct():
        risks.setdefault(key, set()).add(verdict or "PASS")
    done_by = {
        (key, turn): n
        for key, turn, n in models.Review.objects.filter(request__in=keys)
        .values_list("request", "turn")
        .annotate(n=Count("pk"))
    }
    own = set(mine.filter(request__in=keys).values_list("request_id", "turn"))
    now = timezone.now()
    return [
        Row(
            number=r.pk,
            title=r.title,
            author=r.author.name,
            project=r.project.name,
            state=r.state.replace("_", " "),
            turn=r.turn,
            files=files.get(r.pk, 0),
            age=working_days(r.submitted, now),
            late=working_days(r.submitted, now) > AIM,
            risk=max(risks.get(r.pk, {"PASS"}), key=lambda v: RISK[v]),
            reviews_in=done_by.get((r.pk, r.turn), 0)
            if r.state not in (State.SUBMITTED, State.IN_REVIEW)
            else 0,
            mine="yours is in" if (r.pk, r.turn) in own else "",
        )
        for r in rows
    ], total


def figures(gate: Gate) -> Mapping[str, Any]:
    """How the gate is doing: counts by state, turnaround at the median and the ninetieth per cent."""
    counts = dict(models.Request.objects.values_list("state").annotate(n=Count("pk")))
    spans = sorted(_turnarounds())
    return {
        "by state": {str(state).replace("_", " "): counts.get(state, 0) for state in State},
        "waiting": sum(counts.get(state, 0) for state in OPEN_TO_REVIEW),
        "decided": len(spans),
        "median": _at(spans, 0.5),
        "ninetieth": _at(spans, 0.9),
        "aim": AIM,
        "within": round(100 * sum(s <= AIM for s in spans) / len(spans)) if spans else None,
        "reviewers": gate.reviewers,
    }


def working_days(since: datetime, until: datetime) -> int:
    """Whole days between, without Saturdays and Sundays."""
    if until <= since:
        return 0
    days = (until.date() - since.date()).days
    return sum((since + timedelta(days=n)).weekday() < 5 for n in range(1, min(days, 3650) + 1))


def _turnarounds() -> list[int]:
    """Working days from each submission to its decision, read from the chain of events."""
    began: dict[int, datetime] = {}
    spans = []
    lines = (
        models.Journal.objects.filter(Q(line__contains='"to":"'))
        .order_by("number")
        .values_list("line", flat=True)
    )
    for line in lines.iterator():
        event = audit.parse(line)
        key, to = event.facts.get("request"), event.facts.get("to")
        at = datetime.fromisoformat(event.moment)
        if to == State.SUBMITTED:
            began[int(str(key))] = at
        elif to in (State.APPROVED, State.RETURNED, State.REJECTED) and key in began:
            spans.append(working_days(began.pop(int(str(key))), at))
    return spans


def _at(spans: list[int], share: float) -> int | None:
    return spans[min(len(spans) - 1, int(share * len(spans)))] if spans else None


def _failing() -> Q:
    return Q(files__versions__current=True, files__versions__findings__verdict="FAIL")


def _days_ago(days: int) -> datetime:
    """A moment so many working days ago, near enough for a filter."""
    moment: datetime = timezone.now() - timedelta(days=days + 2 * (days // 5))
    return moment
