"""Pathways: a workspace's children through declared states. A description; what it holds stays in the engine.

The tables made in the engine are named by the rules' digest, so two pathways with the same rules share
them, and asking twice costs once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from tre_toolkit.engine import quote
from tre_toolkit.research import episodes
from tre_toolkit.research.episodes import Rules
from tre_toolkit.research.spells import spells_sql
from tre_toolkit.research.states import State
from tre_toolkit.research.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Pathways:
    """Spells of all children who were in any of the states on an observed day."""

    workspace: Workspace
    rules: Rules = field(default_factory=Rules)

    def __repr__(self) -> str:
        return (
            f"<pathways {' > '.join(self.rules.order)} of {self.workspace.folder.name}, {self.digest[:12]}>"
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rules and the workspace's digest."""
        return hashlib.sha256(f"{self.rules.model_dump_json()}\n{self.workspace.digest}".encode()).hexdigest()

    @cached_property
    def states(self) -> list[State]:
        """The states, highest precedence first, each with the sources the workspace holds."""
        return episodes.held(self.workspace, self.rules)

    @cached_property
    def window(self) -> tuple[int, int]:
        """First day observed and first day no longer observed, as days since 1970-01-01."""
        return episodes.window(self.workspace, self.rules)

    def defects(self) -> dict[str, int]:
        """Rows of the returns found wanting, by kind. A count of rows: for the researcher's eyes, not for release."""
        return episodes.defects(self.workspace, self.rules, self.episodes)

    def number(self, state: str) -> int:
        """A state's number in the engine: 0 is none, the highest number the highest precedence."""
        return len(self.rules.order) - self.rules.order.index(state)

    @cached_property
    def episodes(self) -> str:
        """Name of the engine's table of episodes (child, state, d0, d1)."""
        name = f"episodes_{self.digest[:12]}"
        episodes.make_episodes(self.workspace, self.rules, name)
        return name

    @cached_property
    def spells(self) -> str:
        """Name of the engine's table of spells (child, state, began, ended), one state a day."""
        name = f"spells_{self.digest[:12]}"
        since, until = self.window
        bridge = {self.number(state): days for state, days in self.rules.bridge.items()}
        sql = spells_sql(self.episodes, states=len(self.rules.order), since=since, until=until, bridge=bridge)
        self.workspace.engine.run(f"CREATE OR REPLACE TABLE {quote(name)} AS {sql}")
        return name

    @cached_property
    def reached(self) -> str:
        """Name of the engine's table of states reached (child, state, first_day) on observed days, however hidden
        by a higher one."""
        name = f"reached_{self.digest[:12]}"
        since, until = self.window
        self.workspace.engine.run(
            f"CREATE OR REPLACE TABLE {quote(name)} AS "
            f"SELECT child, state, GREATEST(MIN(d0), {since}) AS first_day FROM {quote(self.episodes)} "
            f"WHERE d0 < {until} AND d1 > {since} GROUP BY child, state"
        )
        return name
