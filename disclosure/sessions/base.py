"""What every part of a session stands on: the rules, who rows are about, and keeping what was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from disclosure.counting import Units
from disclosure.packs import Rules
from disclosure.shown import Ints

if TYPE_CHECKING:
    from disclosure.sessions.output import Output


class Base:
    """The session as its parts see it."""

    rules: Rules
    unit: str | None

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
