"""Pathways: a cohort's children through declared states. A description; what it holds stays in the engine.

The tables made in the engine are named by a digest of rules, definition and data, so that asking twice
costs once. Each child is observed on the days of its own window and on no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from tre_toolkit.engine import quote
from tre_toolkit.research import cohorts, episodes
from tre_toolkit.research.cohorts import YEAR, Definition, days_in, definition_digest, make_births
from tre_toolkit.research.episodes import Make, Rules, day
from tre_toolkit.research.spells import spells_sql
from tre_toolkit.research.states import State
from tre_toolkit.research.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Pathways:
    """Spells of a cohort's children under declared rules."""

    workspace: Workspace
    rules: Rules = field(default_factory=Rules)
    definition: Definition = field(default_factory=Definition)

    def __repr__(self) -> str:
        return f"<pathways {' > '.join(self.rules.order)}: {self.definition.told}; {self.digest[:12]}>"

    def _repr_html_(self) -> str:
        from tre_toolkit.research.notebook import card

        facts = [
            ("who", self.definition.told),
            *((state.name, state.label) for state in self.states),
            (
                "bridged",
                ", ".join(f"{name} {days} days" for name, days in self.rules.bridge.items()) or "nothing",
            ),
            ("observed", f"{episodes.date(self.window[0])} to {episodes.date(self.window[1] - 1)}"),
            ("definition", self.digest),
        ]
        return card("pathways", " > ".join(self.rules.order), facts, synthetic=self.workspace.synthetic)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rules, the definition and the workspace's digest."""
        return definition_digest(
            self.rules.model_dump_json(), self.definition.model_dump_json(), self.workspace.digest
        )

    @cached_property
    def states(self) -> list[State]:
        """The states, highest precedence first, each with the sources the workspace holds."""
        return episodes.held(self.workspace, self.rules)

    @cached_property
    def window(self) -> tuple[int, int]:
        """First day observed and first day no longer observed, of everybody, as days since 1970-01-01."""
        return episodes.window(self.workspace, self.rules)

    def defects(self) -> dict[str, int]:
        """Rows of the returns found wanting, by kind. A count of rows: for the researcher's eyes, not for release."""
        return episodes.defects(self.workspace, self.rules, self.episodes)

    def number(self, state: str) -> int:
        """A state's number in the engine: 0 is none, the highest number the highest precedence."""
        return len(self.rules.order) - self.rules.order.index(state)

    @property
    def labels(self) -> dict[int, str]:
        """Number to label of the states, lowest precedence first."""
        return {self.number(state.name): state.label for state in reversed(self.states)}

    @cached_property
    def episodes(self) -> str:
        """Name of the engine's table of episodes (child, state, d0, d1), also those that ended before the window."""
        key = definition_digest(self.rules.model_dump_json(), self.workspace.digest)
        return self._made(
            "episodes", lambda name: episodes.make_episodes(self.workspace, self.rules, name), key
        )

    @cached_property
    def windows(self) -> str:
        """Name of the engine's table of windows (child, since, until): the cohort."""
        since, until = self.window
        last = self.step_tables[-1]
        follow = (
            f"LEAST({until}, index_day + {days_in(self.definition.follow)})"
            if self.definition.follow
            else until
        )
        return self._table(
            "windows",
            f"SELECT child, CAST(GREATEST(index_day, {since}) AS INTEGER) AS since, CAST({follow} AS INTEGER) AS until "
            f"FROM {quote(last)} WHERE index_day < {until} AND {follow} > {since}",
        )

    @cached_property
    def steps(self) -> list[str]:
        """What each step of the definition asks, in words."""
        return [told for told, _ in self._steps]

    @cached_property
    def step_tables(self) -> list[str]:
        """Names of the engine's tables (child, index_day) of the children left after each step."""
        names: list[str] = []
        for at, (_, sql) in enumerate(self._steps):
            names.append(self._table(f"step{at}", sql.replace("{before}", quote(names[-1]) if names else "")))
        return names

    @cached_property
    def spells(self) -> str:
        """Name of the engine's table of spells (child, state, began, ended), one state a day."""
        bridge = {self.number(state): days for state, days in self.rules.bridge.items()}
        return self._table(
            "spells",
            spells_sql(self.episodes, states=len(self.rules.order), windows=self.windows, bridge=bridge),
        )

    @cached_property
    def reached(self) -> str:
        """Name of the engine's table of states reached (child, state, first_day) on observed days, however hidden
        by a higher one."""
        return self._table(
            "reached",
            "SELECT e.child, e.state, MIN(GREATEST(e.d0, w.since)) AS first_day "
            f"FROM {quote(self.episodes)} AS e INNER JOIN {quote(self.windows)} AS w ON e.child = w.child "
            "WHERE e.d0 < w.until AND e.d1 > w.since GROUP BY e.child, e.state",
        )

    @cached_property
    def _steps(self) -> list[cohorts.Step]:
        make_births(self.workspace.engine)
        return cohorts.steps(self.workspace, self.definition, start=self._start, since=self.window[0])

    def _start(self, definition: Definition) -> str:
        """The query (child, index_day) a cohort starts from."""
        since, until = self.window
        own = quote(self.episodes)
        if definition.start == "contact":
            return (
                f"SELECT child, MIN(GREATEST(d0, {since})) AS index_day FROM {own} "
                f"WHERE d0 < {until} AND d1 > {since} GROUP BY child"
            )
        if definition.start == "born":
            assert definition.born_from is not None  # noqa: S101  (the definition is whole)
            assert definition.born_to is not None  # noqa: S101
            return (
                f"SELECT child, CAST(birth_day + {round(definition.start_age * YEAR)} AS INTEGER) AS index_day "
                f"FROM births WHERE birth_day BETWEEN {day(definition.born_from)} AND {day(definition.born_to)}"
            )
        state = self._in_order(definition)
        if definition.start == "first":
            return f"SELECT child, MIN(d0) AS index_day FROM {own} WHERE state = {state} GROUP BY child"
        alone = f"SELECT child, 1 AS state, d0, d1 FROM {own} WHERE state = {state}"
        self.workspace.engine.view(f"alone_{self.digest[:12]}", alone)
        gap = self.rules.bridge.get(definition.state or "", 0)
        spells = spells_sql(f"alone_{self.digest[:12]}", states=1, bridge={1: gap})
        return (
            f"SELECT child, MIN(ended) AS index_day FROM ({spells}) AS stays "
            f"WHERE state = 1 AND ended > {since} AND ended < {until} GROUP BY child"
        )

    def _in_order(self, definition: Definition) -> int:
        from tre_toolkit.errors import TreError

        if definition.state not in self.rules.order:
            raise TreError(
                "the cohort's state isn't among the pathways' states",
                hint=f"they are {', '.join(self.rules.order)}",
            )
        return self.number(definition.state)

    def _table(self, kind: str, sql: str) -> str:
        return self._made(
            kind, lambda name: self.workspace.engine.run(f"CREATE TABLE {quote(name)} AS {sql}"), self.digest
        )

    def _made(self, kind: str, make: Make, key: str) -> str:
        name = f"{kind}_{key[:16]}"
        if name not in self.workspace.made:
            make(name)
            self.workspace.made.add(name)
        return name
