"""Who is followed, from which day to which: a cohort, as a definition with a hash, never as a list of children.

A `Definition` is data: it stands in an output's evidence and gives the same children over the same
workspace. Its steps are counted one by one (the attrition), so that a reader sees whom each one lost.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from tre_toolkit.engine import Engine, quote
from tre_toolkit.errors import MisuseError, TreError, Where
from tre_toolkit.research.episodes import Rules, day, day_of, text
from tre_toolkit.research.workspace import Workspace

if TYPE_CHECKING:
    from tre_toolkit.research.declared import Table
    from tre_toolkit.research.pathways import Pathways

YEAR = 365.25  # days
_LENGTHS = {"d": 1.0, "w": 7.0, "m": YEAR / 12, "y": YEAR}


def days_in(length: str) -> int:
    """A length such as "30d", "6m" or "5y" as whole days. Raises MisuseError when it isn't one."""
    found = re.fullmatch(r"([1-9]\d{0,4})([dwmy])", length)
    if not found:
        raise MisuseError('not a length of time: write it as "30d", "8w", "6m" or "5y"')
    return round(int(found[1]) * _LENGTHS[found[2]])


def _checked(length: str) -> str:
    try:
        days_in(length)
    except MisuseError as refusal:
        raise ValueError(refusal.problem.what) from None
    return length


Length = Annotated[str, AfterValidator(_checked)]
"""A length of time as text, checked when a declaration is read."""


class Definition(BaseModel):
    """Who is followed, from which day (the index) and for how long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Literal["contact", "first", "exit", "born"] = "contact"
    """The index day: the first observed day; the first day in `state`; the first day out of it; the birthday
    on which the child is `start_age`."""
    state: str | None = None
    washout: Length | None = None
    """For `first`: the child must have been observed for so long before the index without having been in the state."""
    entered_from: dt.date | None = None
    entered_to: dt.date | None = None
    """The index must lie between these days."""
    born_from: dt.date | None = None
    born_to: dt.date | None = None
    start_age: int = 0
    age_from: int | None = None
    age_to: int | None = None
    """Age in whole years at the index, both ends included."""
    mothers: bool = False
    """Only children whose mother is known (`mother_id` of people): a cohort of mothers and babies."""
    linked: tuple[str, ...] = ()
    """Datasets in which the child must be found."""
    where: dict[str, tuple[str, ...]] = {}
    """A column of people.parquet, and the codes wanted."""
    follow: Length | None = None
    """How long each child is followed at most."""

    @model_validator(mode="after")
    def _is_whole(self) -> Definition:
        if self.start in ("first", "exit") and not self.state:
            raise ValueError(f"start {self.start!r} needs a state")
        if self.start == "born" and not (self.born_from and self.born_to):
            raise ValueError("start 'born' needs born_from and born_to")
        return self

    @property
    def told(self) -> str:
        """The definition in words."""
        heads = {
            "contact": "in any state on an observed day",
            "first": f"first seen in state {self.state}",
            "exit": f"first seen to leave state {self.state}",
            "born": f"born {self.born_from} to {self.born_to}, from age {self.start_age}",
        }
        return heads[self.start] + (f", followed for {self.follow}" if self.follow else "")


def cohort(name: str, workspace: Workspace | Cohort, **choices: Any) -> Cohort:
    """A cohort of a workspace's children, by the fields of `Definition` and of `Rules`.

    `tre.cohort("first referral", ws.first("referral", washout="1y"), follow="5y")` narrows what `ws.first` gives.
    Raises MisuseError for a choice that is neither, or a definition that isn't whole.
    """
    from pydantic import ValidationError

    given: dict[str, Any] = {}
    held: dict[str, Any] = {}
    if isinstance(workspace, Cohort):
        given = workspace.definition.model_dump(exclude_unset=True)
        held = workspace.rules.model_dump(exclude_unset=True)
        workspace = workspace.workspace
    unknown = set(choices) - set(Definition.model_fields) - set(Rules.model_fields)
    if unknown:
        raise MisuseError(
            f"a cohort knows no {', '.join(sorted(unknown))}",
            hint=f"it knows {', '.join([*Definition.model_fields, *Rules.model_fields])}",
        )
    try:
        definition = Definition.model_validate(
            {**given, **{name: value for name, value in choices.items() if name in Definition.model_fields}}
        )
        rules = Rules.model_validate(
            {**held, **{name: value for name, value in choices.items() if name in Rules.model_fields}}
        )
    except ValidationError as error:
        told = "; ".join(one["msg"].lower() for one in error.errors(include_input=False, include_url=False))
        raise MisuseError(f"the cohort isn't right: {told}") from None
    return Cohort(name, workspace, definition, rules)


@dataclass(frozen=True, eq=False)
class Cohort:
    """Children followed over windows of days. Its `repr` shows neither a child nor how many there are."""

    name: str
    workspace: Workspace
    definition: Definition
    rules: Rules

    def __repr__(self) -> str:
        return f"<cohort {self.name!r}: {self.definition.told}; {self.digest[:12]}>"

    def _repr_html_(self) -> str:
        from tre_toolkit.research.notebook import card

        facts = [
            ("who", self.definition.told),
            ("states", ", ".join(self.rules.order)),
            ("definition", self.digest),
        ]
        return card("cohort", self.name, facts, synthetic=self.workspace.synthetic)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of definition and data: the same over the same workspace is the same children."""
        return self.pathways().digest

    def pathways(self, **rules: Any) -> Pathways:
        """The cohort's pathways; `rules` replace the cohort's own (order, bridge, same_day, open_end, ...)."""
        from tre_toolkit.research.pathways import Pathways

        merged = Rules.model_validate({**self.rules.model_dump(exclude_unset=True), **rules})
        return Pathways(self.workspace, merged, self.definition)

    def attrition(self) -> Table:
        """How many children each step left: a table like any other, not checked."""
        from tre_toolkit.research.measures import Attrition, tabulate

        return tabulate(
            self.workspace,
            Attrition(title=f"Attrition of {self.name}", cohort=self.definition, pathways=self.rules),
        )

    def why(self, person_id: str) -> str:
        """Whether a child of a synthetic workspace is in the cohort, and by which step it was lost.

        For tests of a definition on invented children; raises TreError on real data.
        """
        if not self.workspace.synthetic:
            raise TreError("single children are looked up in synthetic data only")
        paths = self.pathways()
        engine = self.workspace.engine
        for name, step in zip(paths.steps, paths.step_tables, strict=True):
            found = engine.rows(
                f"SELECT COUNT(*) AS n FROM {quote(step)} AS s INNER JOIN children AS c ON s.child = c.child "
                "WHERE c.person_id = ?",
                [person_id],
            )
            if not int(found.n[0]):
                return f"out: not {name}"
        return f"in: {', '.join(paths.steps)}"


Step = tuple[
    str, str
]  # what it asks in words, and a query (child, index_day) over the step before, named {before}


def steps(
    workspace: Workspace, definition: Definition, *, start: Callable[[Definition], str], since: int
) -> list[Step]:
    """The steps of a definition, first to last; `start` gives the query for the index days."""
    found: list[Step] = [(definition.told.partition(", followed")[0], start(definition))]
    if definition.start == "first":
        before = days_in(definition.washout) if definition.washout else 0
        asked = f"observed for {definition.washout} before" if before else "entered on an observed day"
        found.append((asked, f"SELECT * FROM {{before}} WHERE index_day >= {since + before}"))
    if definition.entered_from or definition.entered_to:
        first, last = definition.entered_from or dt.date.min, definition.entered_to or dt.date.max
        told = f"entered {definition.entered_from or 'any time'} to {definition.entered_to or 'any time'}"
        found.append((told, f"SELECT * FROM {{before}} WHERE index_day BETWEEN {day(first)} AND {day(last)}"))
    if definition.age_from is not None or definition.age_to is not None:
        low, high = definition.age_from or 0, 200 if definition.age_to is None else definition.age_to
        found.append(
            (
                f"aged {low} to {high}" if definition.age_to is not None else f"aged {low} or more",
                "SELECT s.child, s.index_day FROM {before} AS s INNER JOIN births AS b ON s.child = b.child "
                f"WHERE FLOOR((s.index_day - b.birth_day) / {YEAR}) BETWEEN {low} AND {high}",
            )
        )
    for column, codes in definition.where.items():
        _check_people(workspace.engine, column)
        wanted = ", ".join(map(text, codes))
        found.append(
            (
                f"{column} as asked",
                "SELECT s.child, s.index_day FROM {before} AS s INNER JOIN children AS c ON s.child = c.child "
                f"INNER JOIN people AS p ON c.person_id = p.person_id WHERE CAST(p.{quote(column)} AS VARCHAR) IN ({wanted})",
            )
        )
    if definition.mothers:
        _check_people(workspace.engine, "mother_id")
        found.append(
            (
                "linked to the mother",
                "SELECT s.child, s.index_day FROM {before} AS s INNER JOIN children AS c ON s.child = c.child "
                "INNER JOIN people AS p ON c.person_id = p.person_id WHERE p.mother_id IS NOT NULL",
            )
        )
    for dataset in definition.linked:
        if dataset not in workspace.datasets:
            raise TreError(
                f"the workspace lacks the dataset {dataset}", hint=f"it holds {', '.join(workspace.datasets)}"
            )
        every = " UNION ".join(
            f"SELECT person_id FROM {quote(name)}"
            for name in workspace.tables
            if name.startswith(f"{dataset}.")
        )
        found.append(
            (
                f"found in {dataset}",
                "SELECT s.child, s.index_day FROM {before} AS s INNER JOIN children AS c ON s.child = c.child "
                f"WHERE c.person_id IN ({every})",
            )
        )
    return found


def make_births(engine: Engine) -> None:
    """Put `births` (child, birth_day) into the engine: the first of the birth month, which is all that is kept."""
    engine.run(
        "CREATE TABLE IF NOT EXISTS births AS SELECT c.child, "
        f"{day_of('birth_month')} AS birth_day FROM people AS p "
        "INNER JOIN children AS c ON p.person_id = c.person_id WHERE p.birth_month IS NOT NULL"
    )


def _check_people(engine: Engine, column: str) -> None:
    known = engine.columns("people")
    if column not in known or column == "person_id":
        hint = f"they have {', '.join(sorted(set(known) - {'person_id'}))}"
        raise TreError("people have no such column", where=Where(table="people", column=column), hint=hint)


def definition_digest(*parts: str) -> str:
    """SHA-256 of texts that together make a definition."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
