"""Everything a session made, and everything in its ledger, attacked as one.

Children have the session's own numbers (or the ledger's), so that tables of different frames can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b

import numpy as np
import pandas as pd

from disclosure.counting import Units
from disclosure.findings import Finding, Level, Verdict, verdict_of
from disclosure.joint import Joint, Released, attack_releases
from disclosure.joint.kept import SUFFIX, read_kept, write_kept
from disclosure.ledger import Ledger
from disclosure.packs import HOUSE
from disclosure.sessions.base import Base
from disclosure.sessions.output import Output
from disclosure.shown import Ints
from tre_toolkit.errors import TreError


class Together(Base):
    """What a session knows of all its outputs at once."""

    ledger: Ledger | None
    outputs: dict[str, Output]
    _people: pd.Index
    _numbered: dict[int, tuple[Units, Ints]]

    def together(self, *, seconds: float = 60.0) -> Verdict:
        """The attack on everything made here and everything in the ledger, together."""
        made = [released for output in self.outputs.values() for released in output.released()]
        releases, aside = [of for of in made if of.cells], [of for of in made if not of.cells]
        found = [_set_aside(released.name) for released in aside]
        past = self._past()
        if not releases or len(releases) + len(past) < 2:
            return verdict_of(found, packs=self.rules.named())
        size = max([0, *(len(released.member) for released in [*releases, *past])])
        everything = _different([_sized(released, size) for released in [*past, *releases]])
        k, pack = self.rules.difference
        joint = self._attacked(everything, k, seconds)
        fix = "leave one of the tables out, or use the same children and the same categories in both"
        for leak in joint.leaks:
            names = list(dict.fromkeys(everything[table].name for table, _, _ in leak.cells))
            message = f"together they give away a group of fewer than {k} children"
            where = " with ".join(names)
            found.append(Finding(Level.FAIL, f"{pack}/differencing", names[-1], where, message, fix))
        for table, _ in joint.unsettled:
            message = "not proved safe in time together with the others"
            name = everything[table].name
            found.append(Finding(Level.REVIEW, f"{HOUSE}/differencing", name, name, message, fix))
        certificate = {
            "releases": len(everything), "classes": joint.classes, "small": joint.small, "worlds": joint.worlds,
            "model": "linear relaxation over membership classes",
        }  # fmt: skip
        return verdict_of(found, packs=self.rules.named(), certificate=certificate)

    def _attacked(self, everything: Sequence[Released], k: int, seconds: float) -> Joint:
        """The joint attack; with a ledger its witnesses are kept beside it, and those of earlier attacks tried first."""
        if self.ledger is None:
            return attack_releases(everything, k=k, seconds=seconds)
        beside = self.ledger.path.with_name(self.ledger.path.name + SUFFIX)
        joint = attack_releases(everything, k=k, seconds=seconds, kept=read_kept(beside), remember=True)
        if joint.kept is not None:
            with suppress(
                OSError, TreError
            ):  # they only save time: where they can't be written, nothing is lost
                write_kept(beside, joint.kept)
        return joint

    def numbers(self, units: Units) -> Ints:
        """The session's (or ledger's) own numbers for these children."""
        if id(units) not in self._numbered:
            labels = pd.Index(units.labels)
            if self.ledger is not None:
                mine = self.ledger.numbers_of([self.ledger.mark(str(label)) for label in labels])
                start = len(self.ledger.people)
            else:
                new = labels[self._people.get_indexer(labels) < 0]
                self._people = (
                    self._people.append(new)
                    if len(self._people) and len(new)
                    else max(self._people, new, key=len)
                )
                mine, start = self._people.get_indexer(labels), len(self._people)
            unknown = units.count - len(mine)  # rows without an identifier: a child each
            numbers = np.r_[mine, np.arange(start, start + unknown)].astype(np.int64)
            self._numbered[id(units)] = units, numbers  # both kept, so that the id stays theirs
        return self._numbered[id(units)][1]

    def _past(self) -> list[Released]:
        if self.ledger is None:
            return []
        found = []
        for entry in self.ledger.entries:
            if entry.people is not None and entry.cell is not None and len(entry.people):
                member = np.zeros(int(entry.people.max()) + 1, np.int64)
                member[entry.people] = entry.cell
                found.append(
                    Released(f"release {entry.number} ({entry.name})", member, int(entry.cell.max()))
                )
        return found


def _sized(released: Released, size: int) -> Released:
    short = size - len(released.member)
    return replace(released, member=np.pad(released.member, (0, short))) if short > 0 else released


def _different(releases: Sequence[Released]) -> list[Released]:
    """The releases without those that print exactly the same sets of children again."""
    seen: dict[bytes, Released] = {}
    for released in releases:
        seen.setdefault(blake2b(released.member.tobytes(), digest_size=16).digest(), released)
    return list(seen.values())


def _set_aside(name: str) -> Finding:
    message = "children lie in several cells, too many to compare with the other tables one by one"
    fix = "count each child once, or show the table to a person together with the others"
    return Finding(Level.REVIEW, f"{HOUSE}/differencing", name, "whole table", message, fix)
