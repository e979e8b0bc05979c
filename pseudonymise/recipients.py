"""Whom a parcel is for: one receiver of all of it, or two who get half each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tre_toolkit.errors import TreError
from tre_toolkit.parcel.keys import Recipient


@dataclass(frozen=True, slots=True)
class To:
    """Whom a run is for: one recipient of all, or a linker and a researcher of half each (a split file)."""

    all: Recipient | None = None
    linker: Recipient | None = None
    research: Recipient | None = None

    def halves(self, into: Path) -> list[tuple[str, Path, Recipient]]:
        """What goes where and to whom: (content, path, recipient). Raises TreError unless it is all or both halves."""
        if self.all and not (self.linker or self.research):
            return [("all", into, self.all)]
        if self.linker and self.research and not self.all:
            if self.linker.fingerprint == self.research.fingerprint:
                raise TreError(
                    "both halves of a split file would go to the same key",
                    hint="the point of splitting is that nobody can open both",
                )
            name = into.stem, into.suffix or ".parcel"
            return [
                ("linkage", into.with_name(f"{name[0]}.linkage{name[1]}"), self.linker),
                ("attributes", into.with_name(f"{name[0]}.attributes{name[1]}"), self.research),
            ]
        raise TreError(
            "a parcel goes to one key, or its halves to two",
            hint="give --to, or --to-linker and --to-research",
        )
