"""Rule packs: what each body allows out, as data, chained so that the strictest clause wins and is named.

A pack is a TOML file: source, date and version, then one table for each clause. Only clauses that somebody
has seen confirmed (`verified`, `reported`) or that are this project's own and say so (`house`) are rules;
what is believed but unseen stands in the pack's `unknown` list and is told, never enforced silently.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tre_toolkit.errors import MisuseError, TreError

HERE = Path(__file__).parent
DEFAULT = ("ons-srs",)  # asked when nobody names a pack
HOUSE = "house"  # stands behind every chain, for what no named pack settles
ENFORCED = ("verified", "reported", "house")

# clause -> the settings it may carry and their types
CLAUSES: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "count": {"hidden": list},
    "zero": {"rule": str},
    "secondary": {"required": bool},
    "rounding": {"base": int, "levels": dict, "order": str, "totals": str},
    "percentages": {"decimals": int, "least": int},
    "means": {"least": int},
    "quantiles": {"least": int},
    "endpoints": {"allowed": bool},
    "models": {"degrees_of_freedom": int, "parameters_share": float},
    "dominance": {"rules": list, "p_percent": int, "absolute": bool, "few_percent": int},
    "predictor": {"auc": float},
    "correlation": {"least": int},
    "survival": {"least": int},
    "group": {"share": int},
    "weights": {"unweighted": bool},
    "remedies": {"allowed": list},
    "differencing": {"least": int},
}
_HEAD = {"name": str, "title": str, "version": str, "source": str, "unit": str, "symbol": str}


@dataclass(frozen=True, slots=True)
class Pack:
    """One body's rules: where they were read, and clause by clause what they ask."""

    name: str
    title: str
    version: str
    source: str
    unit: str
    symbol: str
    checked: str
    clauses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)  # what a clause says of itself

    @property
    def hidden(self) -> tuple[int, int] | None:
        """The inclusive range of true counts that may not be shown."""
        found = self.clauses.get("count", {}).get("hidden")
        return (int(found[0]), int(found[1])) if found else None

    def named(self) -> dict[str, str]:
        """Name and version, as evidence records them."""
        return {"name": self.name, "version": self.version}


@dataclass(frozen=True, slots=True)
class Rules:
    """Several packs at once. For each clause the strictest wins, and `by` says whose it is."""

    packs: tuple[Pack, ...]  # as named by the user
    house: Pack

    @property
    def all(self) -> tuple[Pack, ...]:
        """The named packs, then the house."""
        return (*self.packs, self.house)

    @property
    def symbol(self) -> str:
        """What stands where a figure is hidden."""
        return next((pack.symbol for pack in self.packs if pack.symbol), "c")

    @property
    def least(self) -> int | None:
        """The smallest count that every pack lets be shown; None when no pack has a confirmed threshold."""
        tops = [pack.hidden[1] for pack in self.packs if pack.hidden]
        return max(tops) + 1 if tops else None

    def hides(self, count: int) -> Pack | None:
        """The pack that forbids showing this count, the one with the highest threshold first."""
        packs = [pack for pack in self.packs if pack.hidden and pack.hidden[0] <= count <= pack.hidden[1]]
        return max(packs, key=lambda pack: pack.hidden[1] if pack.hidden else 0, default=None)

    @property
    def zero(self) -> tuple[str, str]:
        """(hidden | conditional | shown, pack): what happens to a true zero."""
        order = ("hidden", "conditional", "shown")
        told = [(pack.clauses["zero"]["rule"], pack.name) for pack in self.packs if "zero" in pack.clauses]
        return min(told, key=lambda item: order.index(item[0]), default=("conditional", HOUSE))

    def largest(self, clause: str, setting: str) -> tuple[int | None, str]:
        """The largest value any named pack asks, else the house's; with the name of whose it is."""
        return self._pick(clause, setting, max)

    def smallest(self, clause: str, setting: str) -> tuple[int | None, str]:
        """The smallest value any named pack asks, else the house's; with the name of whose it is."""
        return self._pick(clause, setting, min)

    def _pick(self, clause: str, setting: str, choose: Any) -> tuple[int | None, str]:
        asked = [
            (pack.clauses[clause][setting], pack.name)
            for pack in self.packs
            if setting in pack.clauses.get(clause, {})
        ]
        if asked:
            found: tuple[int, str] = choose(asked)
            return found
        own = self.house.clauses.get(clause, {}).get(setting)
        return (own, HOUSE) if own is not None else (None, HOUSE)

    @property
    def difference(self) -> tuple[int, str]:
        """How many children a difference between two releases must have, and whose clause that is."""
        named = [pack for pack in self.packs if "differencing" in pack.clauses]
        if not named and self.least is not None:
            return self.least, next(
                pack.name for pack in self.packs if pack.hidden and pack.hidden[1] + 1 == self.least
            )
        least, pack = self.largest("differencing", "least")
        return max(least or 0, self.least or 0), pack

    def forbids(self, clause: str) -> str | None:
        """The pack that forbids this kind of figure (`allowed = false`), named packs first."""
        return next(
            (pack.name for pack in self.all if pack.clauses.get(clause, {}).get("allowed") is False), None
        )

    def named(self) -> list[dict[str, str]]:
        """Names and versions of the named packs, as evidence records them."""
        return [pack.named() for pack in self.packs]


def names() -> list[str]:
    """The packs that ship with the room, by name."""
    return sorted(path.stem for path in HERE.glob("*.toml") if path.stem != HOUSE)


def chain(packs: Sequence[str | Pack | Path] | str | Pack | Rules | None = None) -> Rules:
    """The rules of one or several packs; a pack is named, read from a TOML file, or given.

    Raises MisuseError for a name nobody knows, TreError for a file that is not a pack.
    """
    if isinstance(packs, Rules):
        return packs
    asked: Sequence[str | Pack | Path] = [packs] if isinstance(packs, str | Pack) else packs or DEFAULT
    found = {pack.name: pack for pack in (item if isinstance(item, Pack) else load(item) for item in asked)}
    return Rules(tuple(found.values()), load(HOUSE))


def load(name: str | Path) -> Pack:
    """One pack, by its name or from a `.toml` file of the project's own."""
    if str(name).endswith(".toml"):
        return _read(Path(name))
    path = HERE / f"{name}.toml"
    if not path.is_file() or Path(name).name != str(name):
        raise MisuseError(
            f"no rule pack is called {str(name)!r}",
            hint="known packs: " + ", ".join(names()) + "; or give a .toml file",
        )
    return _shipped(str(name))


@cache
def _shipped(name: str) -> Pack:
    return _read(HERE / f"{name}.toml")


def _read(path: Path) -> Pack:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise MisuseError("there is no such rule pack", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TreError(
            "the rule pack can't be read: it isn't TOML", where=str(path), hint=str(error)
        ) from None
    missing = [key for key, kind in _HEAD.items() if not isinstance(told.get(key), kind)]
    if missing:
        raise TreError(f"the rule pack has no {', '.join(missing)}", where=str(path))
    unknown = tuple(str(item) for item in told.get("unknown", ()))
    clauses = {}
    for name, clause in told.items():
        if name in _HEAD or name in ("checked", "unknown"):
            continue
        _check_clause(path, name, clause)
        if clause["confidence"] in ENFORCED:
            clauses[name] = {key: value for key, value in clause.items() if key not in ("confidence", "note")}
        else:
            unknown += (f"{name}: only {clause['confidence']}, therefore not a rule",)
    return Pack(
        **{key: told[key] for key in _HEAD},
        checked=str(told.get("checked", "")),
        clauses=clauses,
        unknown=unknown,
        notes={name: str(told[name]["note"]) for name in clauses if "note" in told[name]},
    )


def _check_clause(path: Path, name: str, clause: Any) -> None:
    known = CLAUSES.get(name)
    if known is None or not isinstance(clause, dict):
        raise TreError(
            f"the rule pack has an unknown clause {name!r}",
            where=str(path),
            hint="clauses are " + ", ".join(CLAUSES),
        )
    if "confidence" not in clause:
        raise TreError(
            f"clause {name!r} doesn't say how sure it is",
            where=str(path),
            hint="confidence = verified, reported, house or believed",
        )
    for key, value in clause.items():
        if key in ("confidence", "note"):
            continue
        if (
            key not in known
            or not isinstance(value, known[key])
            or isinstance(value, bool) != (known[key] is bool)
        ):
            raise TreError(f"clause {name!r}: {key!r} isn't understood", where=str(path))
    hidden = clause.get("hidden") if name == "count" else None
    if hidden is not None and not (
        len(hidden) == 2 and all(isinstance(end, int) for end in hidden) and 0 <= hidden[0] <= hidden[1]
    ):
        raise TreError("clause 'count': hidden is a range of two whole numbers", where=str(path))
    if name == "zero" and clause.get("rule") not in ("hidden", "conditional", "shown"):
        raise TreError("clause 'zero': rule is hidden, conditional or shown", where=str(path))
