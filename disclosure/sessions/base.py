"""What every part of a session stands on: the rules, who rows are about, and keeping what was made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from disclosure.counting import Units
from disclosure.packs import Rules
from disclosure.sessions.sources import SOURCE, recipe_of
from disclosure.shown import Ints

if TYPE_CHECKING:
    from disclosure.sessions.output import Output


class Base:
    """The session as its parts see it."""

    rules: Rules
    unit: str | None
    _opened: list[pd.DataFrame]

    def units_behind(self, *parts: Any, unit: Any = None, frame: pd.DataFrame | None = None) -> Units | None:
        """Who rows are about."""
        raise NotImplementedError

    def keep(self, output: Output) -> Output:
        """Keep an output."""
        raise NotImplementedError

    def numbers(self, units: Units) -> Ints:
        """The session's own numbers for these children."""
        raise NotImplementedError

    @property
    def unit_word(self) -> str:
        """What a unit is called."""
        raise NotImplementedError

    def recipe(
        self,
        made: str,
        sources: Sequence[Any],
        unit: Any,
        *,
        names: Sequence[str] = (),
        why: str | None = None,
        **told: Any,
    ) -> dict[str, Any]:
        """How the checker's side makes a figure again, or why it can't; `names` are columns it uses of a frame."""
        given = unit if isinstance(unit, str) else self.unit if unit is None else None
        used = [*names, given] if given else names
        if why is None and not all(self._untouched(source, used) for source in sources):
            why = "column"
        return recipe_of(made, sources, given, told, names=names, why=why)

    def _untouched(self, source: Any, names: Sequence[str]) -> bool:
        """Whether a column, or these of a frame, are those of the table it says it comes from: both outlive a change."""
        mark = getattr(source, "attrs", {}).get(SOURCE)
        for frame in self._opened:
            if source is frame:
                return True
            if mark is None or frame.attrs[SOURCE] != mark or len(source) != len(frame):
                continue
            if isinstance(source, pd.Series):
                return source.name in frame.columns and source.equals(frame[source.name])
            both = [name for name in names if name in frame.columns and name in source.columns]
            return all(source[name].equals(frame[name]) for name in both)
        return True  # of no opened table: said elsewhere
