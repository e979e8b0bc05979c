"""A request as plain data for whoever may see it: the command line, the JSON API and the pages show this."""

from __future__ import annotations

from typing import Any

from tre_toolkit.gate import findings, reviews
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.policies import can
from tre_toolkit.gate.requests import case_of, outputs
from tre_toolkit.gate.states import Action


def whole(gate: Gate, account: Any, request: Any) -> dict[str, Any]:
    """Everything this account may see of the request, votes only as far as they are open."""
    who, case = account.who, case_of(gate, request)
    votes = reviews.ballots_of(account, request, case)
    return {
        "request": request.pk,
        "state": request.state,
        "turn": request.turn,
        "version": request.version,
        "title": request.title,
        "context": request.context,
        "author": request.author.name,
        "project": request.project.name,
        "may": sorted(str(action) for action in Action if _may(action, who, case)),
        "files": [file_shown(v, votes.get(v.file.path, [])) for v in outputs(request)],
        "comments": _comments(account, request),
    }


def _may(action: Action, who: Any, case: Any) -> bool:
    return can(action, who, case)


def file_shown(version: Any, votes: list[reviews.Ballot]) -> dict[str, Any]:
    """One file with what the machine found and the votes that may be seen."""
    said = [
        {"verdict": f.verdict, "rule": f.rule, "where": f.where, "message": f.message, "fix": f.fix}
        for f in sorted(version.findings.all(), key=lambda f: int(f.pk))
    ]
    return {
        "version": version.pk,
        "path": version.file.path,
        "type": version.type,
        "bytes": version.size,
        "sha256": version.sha256,
        "evidence": version.standing,
        "verdict": findings.worst([s["verdict"] for s in said]) if version.checked else "unchecked",
        "findings": said,
        "votes": [f"{v.person}: {'approve' if v.approve else 'refuse'} (turn {v.turn})" for v in votes],
    }


def _comments(account: Any, request: Any) -> list[dict[str, Any]]:
    comments = request.comments.select_related("person").order_by("at")
    if request.project_id in account.who.projects:
        comments = comments.filter(for_checkers=False)
    return [
        {
            "number": c.pk,
            "person": c.person.name,
            "turn": c.turn,
            "body": "(retracted)" if c.retracted else c.body,
            "file": c.file.path if c.file else None,
            "mine": c.person_id == account.person_id and c.retracted is None,
        }
        for c in comments.select_related("file")
    ]
