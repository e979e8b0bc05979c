"""Everything that can be done to a request, by name: the pages' forms and the JSON API call one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tre_toolkit.errors import MisuseError
from tre_toolkit.gate import releases, requests, reviews
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.signer import RemoteSigner
from tre_toolkit.gate.states import Action

Words = Mapping[str, str]
Verb = Callable[[Gate, Any, str, Words], Any]


def _yes(words: Words, name: str) -> bool:
    answer = words.get(name, "")
    if answer not in ("yes", "no"):
        raise MisuseError(f"{name} is yes or no")
    return answer == "yes"


def _number(words: Words, name: str) -> int:
    if not words.get(name, "").isdecimal():
        raise MisuseError(f"{name} is a number")
    return int(words[name])


def _vote(gate: Gate, account: Any, key: str, words: Words) -> Any:
    return reviews.vote(
        gate,
        account,
        key,
        approve=_yes(words, "approve"),
        note=words.get("note", ""),
        file=words.get("file") or None,
        sha256=words.get("sha256") or None,
        seen=_number(words, "seen") if words.get("seen") else None,
    )


def _release(gate: Gate, account: Any, key: str, words: Words) -> Any:
    """Into the gate's own `out` folder; the signer process signs what was voted on and nothing else."""
    del words
    requests.find(gate, account, key, Action.RELEASE)  # who may not is told so, signer or none
    out = gate.folder / "out"
    out.mkdir(exist_ok=True)
    return releases.make(gate, account, key, Path(out / f"request-{int(key):04d}"), RemoteSigner.of(gate))


def _recall(gate: Gate, account: Any, key: str, words: Words) -> Any:
    requests.find(gate, account, key, Action.RECALL)
    return releases.recall(gate, account, key, reason=words.get("reason", ""), signer=RemoteSigner.of(gate))


VERBS: Mapping[str, Verb] = {
    "describe": lambda g, a, k, w: requests.describe(
        g, a, k, title=w.get("title", ""), context=w.get("context", "")
    ),
    "remove": lambda g, a, k, w: requests.remove(g, a, k, w.get("file", "")),
    "submit": lambda g, a, k, w: requests.submit(g, a, k),
    "withdraw": lambda g, a, k, w: requests.withdraw(g, a, k),
    "comment": lambda g, a, k, w: requests.comment(
        g, a, k, w.get("note", ""), file=w.get("file") or None, for_checkers=w.get("for_checkers") == "yes"
    ),
    "retract": lambda g, a, k, w: requests.retract(g, a, k, _number(w, "comment")),
    "vote": _vote,
    "return": lambda g, a, k, w: reviews.give_back(g, a, k, note=w.get("note", "")),
    "reject": lambda g, a, k, w: reviews.reject(g, a, k, note=w.get("note", "")),
    "decide": lambda g, a, k, w: reviews.decide(g, a, k, note=w.get("note", "")),
    "unblock": lambda g, a, k, w: reviews.unblock(g, a, k, note=w.get("note", "")),
    "ask_exception": lambda g, a, k, w: reviews.ask_exception(
        g, a, k, file=w.get("file", ""), rule=w.get("rule", ""), reason=w.get("reason", "")
    ),
    "decide_exception": lambda g, a, k, w: reviews.decide_exception(
        g, a, k, _number(w, "exception"), grant=_yes(w, "grant")
    ),
    "release": _release,
    "recall": _recall,
}
