"""Looking at one file of a request: shown safely, what changed, and its bytes; for pages, API and commands alike."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import Any

from tre_toolkit import audit
from tre_toolkit.errors import TreError
from tre_toolkit.gate import comparison, journal, orm, requests, reviews, store, views_of
from tre_toolkit.gate.filetypes import TYPES
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.refusals import NotFound, Unsafe
from tre_toolkit.gate.render import Shown, show
from tre_toolkit.gate.states import Action

NOT_SHOWN = Shown(
    "<p>This file can't be shown safely. Return it: ask for a table as CSV or a figure as PNG.</p>",
    ("it can't be shown",),
)


def find_version(gate: Gate, account: Any, key: str, version: int) -> tuple[Any, Any]:
    """The request and one version of one of its files. Raises NotFound, also for what isn't theirs to see."""
    found = requests.find(gate, account, key, Action.SEE_FILE)
    chosen = models.FileVersion.objects.select_related("file").filter(pk=version, file__request=found).first()
    if chosen is None or chosen.type not in TYPES:
        raise NotFound("there is no such file in the request")
    return found, chosen


def current_version(gate: Gate, account: Any, key: str, path: str) -> int:
    """The number of the version that counts now of the file of this name."""
    found = requests.find(gate, account, key, Action.SEE_FILE)
    for version in requests.outputs(found):
        if version.file.path == path:
            return int(version.pk)
    raise NotFound("there is no such file in the request", hint="`tre review show` lists them")


@lru_cache(maxsize=64)
def rendered(gate: Gate, sha256: str, type_name: str) -> Shown:
    """By digest: the same bytes are drawn once. The store is read, and checked, the first time."""
    try:
        return show(store.read(gate, sha256), type_name)
    except Unsafe:
        return NOT_SHOWN


def file_told(gate: Gate, account: Any, key: str, version: int) -> dict[str, Any]:
    """All that the file's page says of it, as plain data."""
    found, chosen = find_version(gate, account, key, version)
    case = requests.case_of(gate, found)
    votes = reviews.ballots_of(account, found, case).get(chosen.file.path, [])
    return {
        **views_of.file_shown(chosen, votes),
        "holds": list(rendered(gate, chosen.sha256, chosen.type).notes),
        "failing": reviews.open_failures(chosen),
        "exceptions": [
            {
                "exception": w.pk,
                "rule": w.rule,
                "reason": w.reason,
                "asked_by": w.asked_by.name,
                "granted": w.granted,
                "expires": w.expires.isoformat(timespec="seconds") if w.expires else None,
            }
            for w in chosen.waivers.select_related("asked_by").order_by("pk")
        ],
    }


def changes(gate: Gate, chosen: Any) -> dict[str, Any]:
    """What is not as in the version before, and which earlier releases a table nearly repeats."""
    earlier = chosen.file.versions.filter(pk__lt=chosen.pk).order_by("-pk").first()
    return {
        "earlier": earlier,
        "cells": comparison.changed_cells(gate, earlier, chosen) if earlier else [],
        "kin": comparison.earlier_releases(gate, chosen),
    }


def changes_told(gate: Gate, account: Any, key: str, version: int) -> dict[str, Any]:
    """`changes` as plain data."""
    told = changes(gate, find_version(gate, account, key, version)[1])
    return {
        "since_version": told["earlier"].pk if told["earlier"] else None,
        "cells": [asdict(cell) for cell in told["cells"]],
        "earlier_releases": [asdict(kin) for kin in told["kin"]],
    }


def download(gate: Gate, account: Any, key: str, version: int) -> tuple[str, bytes]:
    """The bytes themselves, for a checker who must, under a name that says what they are not; logged with digest."""
    requests.find(gate, account, key, Action.DOWNLOAD)
    _found, chosen = find_version(gate, account, key, version)
    raw = store.read(gate, chosen.sha256)
    with orm.change():
        journal.write(gate, "file downloaded", by=account.login, request=int(key), sha256=chosen.sha256)
    return f"NOT-RELEASED-{account.login}-{chosen.sha256[:12]}.{chosen.type}", raw


def log_verdict(gate: Gate) -> str:
    """Whether the log is whole, in order and not cut since its last checkpoint, in words."""
    try:
        point = gate.checkpoint if gate.checkpoint.exists() else None
        count = audit.verify(gate.log, checkpoint=point, verifier=gate.verifier() if point else None)
    except TreError as broken:
        return str(broken)
    return f"{count:,} events, whole and in order" + (
        ", nothing lost since the last checkpoint" if point else ""
    )
