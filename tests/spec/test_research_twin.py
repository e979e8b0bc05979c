"""Every recipe over a synthetic twin of all the sets, linked by the truth; and what a recipe finds against what was invented."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.twin import DATASETS, twin

import tre_toolkit as tre
from synth import Plan, World
from synth.days import NEVER, month_start
from synth.people import ETHNIC_CODES
from synth.truth import persons
from tre_toolkit import schema
from tre_toolkit.research.cohorts import Definition, days_in
from tre_toolkit.research.declared import Crosstab, Variable
from tre_toolkit.research.measures import tabulate
from tre_toolkit.research.panels import Panel
from tre_toolkit.research.pathways import Pathways
from tre_toolkit.research.recipes import datasets_of, names, recipe
from tre_toolkit.research.run import run_recipe
from tre_toolkit.research.states import states
from tre_toolkit.research.workspace import Workspace

FEW = ("fewer than", "too few", "one group only", "isn't one of the groups shown")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, World]:
    """1,200 children of three authorities, every set of the catalogue that recipes name, two years."""
    plan = Plan(("990", "991", "992"), children=400, years=(2024, 2025), seed=6, known=0.9)
    folder, world = twin(tmp_path_factory.mktemp("twin") / "workspace", plan)
    return tre.open(folder), world


@pytest.mark.parametrize("name", names())
def test_a_recipe_runs_over_the_twin_of_all_sets_and_leaves_out_only_what_is_small(
    told: tuple[Workspace, World], tmp_path: Path, name: str
) -> None:
    ran = run_recipe(name, told[0], tmp_path / "o")
    for file, why in ran.left_out.items():
        assert any(word in why for word in FEW), (file, why)
    assert len(ran.written) > len(ran.left_out)


@pytest.mark.parametrize("name", names())
def test_a_recipe_reads_each_set_it_names_through_the_catalogue(name: str) -> None:
    about, tables = recipe(name).ABOUT, recipe(name).tables().values()
    named = {*about.needs, *about.also}
    assert named <= set(schema.datasets())
    read = {dataset for table in tables for dataset in datasets_of(table)}
    for table in tables:
        for state in (*table.pathways.order, *getattr(table, "second", ())):
            read |= {source.dataset for source in states()[state].source}
    assert named <= read  # nothing is promised that no table asks
    for column in (one for table in tables for one in _columns(table)):
        dataset, table_name, *field = column.split(".")
        known = schema.dataset(dataset)
        of_year = schema.schema(dataset, known.years[-1])
        fields = {one.name for one in of_year.table(table_name).fields}
        assert set(field) <= fields, column


def _columns(table: object) -> list[str]:
    found: list[str] = re.findall(r"'([a-z0-9_]+\.[a-z0-9_]+(?:\.\w+)?)'", str(table))
    return [one for one in found if one.partition(".")[0] in DATASETS]


def reached(world: World, workspace: Workspace) -> dict[str, set[int]]:
    """Children who were referred, planned for and looked after on observed days, as they were invented."""
    since, until = workspace.cohort().pathways().window
    some, stays = world.episodes, world.stays

    def within(child: np.ndarray, start: np.ndarray, end: np.ndarray) -> set[int]:
        seen = (start < NEVER) & (start < until) & (np.maximum(end, start + 1) > since)
        return set(child[seen].tolist())

    return {
        "referral": within(some.child, some.referred, np.where(some.nfa, some.referred, some.closed)),
        "cpp": within(some.child, some.protected, some.unprotected),
        "cla": within(stays.child, stays.start, stays.end),
    }


def test_what_a_recipe_counts_is_what_was_invented(told: tuple[Workspace, World]) -> None:
    workspace, world = told
    truth = reached(world, workspace)
    for state, label in (("cla", "Looked after"), ("cpp", "Child protection plan"), ("referral", "Referral")):
        wanted = Crosstab(
            title="ever", rows=(Variable(column="sex"),), columns=(Variable(furthest=(state,), none="Never"),)
        )
        table = tabulate(workspace, wanted)
        assert table.units[-1, table.columns.index(label)] == len(truth[state])
        for sex, female in (("Female", True), ("Male", False)):
            own = sum(bool(world.people.female[child]) == female for child in truth[state])
            assert table.units[table.rows.index(sex), table.columns.index(label)] == own


def test_mothers_and_babies_are_a_cohort_and_a_mothers_rows_are_read_for_her_children(
    told: tuple[Workspace, World],
) -> None:
    workspace, world = told
    everyone = workspace.born("2000-01-01", "2030-01-01")
    with_mother = workspace.born("2000-01-01", "2030-01-01", mothers=True)
    left = with_mother.attrition()
    assert left.rows[-2] == "linked to the mother"
    people = pq.read_table(workspace.folder / "people.parquet").to_pandas()
    known = people[people.person_id.str.startswith("P") & people.mother_id.notna()]
    assert left.units[-2, 0] == len(known) < everyone.attrition().units[1, 0]
    records = pq.read_table(workspace.folder / "tables/echild/hes_apc.parquet").to_pandas()
    delivered = set(records[records.epitype == "2"].person_id)
    mothers = Variable(has="echild.hes_apc.epitype", codes=("2",), of="mother", label="Delivery seen")
    table = tabulate(
        workspace,
        Crosstab(
            title="t", cohort=with_mother.definition, rows=(mothers,), columns=(Variable(column="sex"),)
        ),
    )
    assert known.mother_id.isin(delivered).sum() >= table.units[table.rows.index("Yes"), -1] > 100
    assert int(np.isin(list(delivered), people.mother_id.dropna()).sum()) > 0
    assert len(world.people) == 1_200


@dataclass(frozen=True)
class Known:
    """What was invented, child by child: the first referral seen, the last day in care, and who is in which group."""

    workspace: Workspace
    world: World
    window: tuple[int, int]

    @cached_property
    def person(self) -> np.ndarray:
        return persons(self.world, np.arange(len(self.world.people))).astype(str)

    @cached_property
    def referred(self) -> np.ndarray:
        """The day of the first referral that the returns show; NEVER where there is none, or it began before them."""
        (since, until), some = self.window, self.world.episodes
        end = np.maximum(np.where(some.nfa, some.referred, some.closed), some.referred + 1)
        seen = (some.referred < until) & (end > since)
        first = np.full(len(self.person), NEVER)
        np.minimum.at(first, some.child[seen], some.referred[seen])
        return np.where(first >= since, first, NEVER)

    def cohort(self, definition: Definition) -> np.ndarray:
        """The day from which each child is followed; NEVER for those who aren't."""
        if definition.start == "contact":
            seen = set().union(*reached(self.world, self.workspace).values())
            return np.where(np.isin(np.arange(len(self.person)), list(seen)), self.window[0], NEVER)
        index = self.referred
        if definition.washout:
            index = np.where(index >= self.window[0] + days_in(definition.washout), index, NEVER)
        age = np.floor((index - month_start(self.world.people.born)) / 365.25)
        low, high = definition.age_from, definition.age_to
        kept = (low is None or age >= low) & (high is None or age <= high)  # an unborn child may be referred
        return np.where(kept, index, NEVER)

    def in_care(self, definition: Definition) -> set[str]:
        """Persons of the cohort who were looked after on a day on which they are followed."""
        index, stays = self.cohort(definition), self.world.stays
        own = index[stays.child]
        seen = (own < NEVER) & (np.maximum(stays.end, stays.start + 1) > own) & (stays.start < self.window[1])
        return set(self.person[stays.child[seen]])

    def followed(self, definition: Definition) -> set[str]:
        return set(self.person[self.cohort(definition) < NEVER])

    def holders(self, variable: Variable) -> set[str]:
        """Persons who have the row, or whose mother has; read from the workspace's files, with no engine."""
        place = (variable.has or "").split(".")
        rows = pq.read_table(self.workspace.folder / f"tables/{place[0]}/{place[1]}.parquet").to_pandas()
        if variable.codes:
            rows = rows[rows[place[2]].isin(variable.codes)]
        found = set(rows["person_id"].dropna())
        if variable.of == "child":
            return found
        people = pq.read_table(self.workspace.folder / "people.parquet").to_pandas()
        return set(people.loc[people["mother_id"].isin(found), "person_id"])

    def groups(self, variable: Variable) -> dict[str, set[str]]:
        """Label of a variable's value to the persons who have it."""
        if variable.has:
            have = self.holders(variable)
            return {variable.yes: have, variable.none: set(self.person) - have}
        if variable.column == "authority":
            codes = [self.world.plan.authorities[at] for at in self.world.people.home]
            return {code: set(self.person[np.array(codes) == code]) for code in set(codes)}
        labels = {
            one.value: one.label for one in schema.dataset("cin_census").code_lists["common:ethnicity"].codes
        }
        ethnic = np.array(ETHNIC_CODES)[self.world.people.ethnic]
        return {labels[code]: set(self.person[ethnic == code]) for code in set(ethnic)}


HEADLINES = {
    "disengagement": "left_by_furthest.csv",
    "domestic_abuse": "furthest_by_abuse.csv",
    "dual_system": "justice_by_furthest.csv",
    "early_help": "furthest_by_early_help.csv",
    "ethnicity": "furthest_by_ethnicity.csv",
    "extra_familial": "furthest_by_harm.csv",
    "hardship": "furthest_by_meals.csv",
    "mental_health": "furthest_by_mother.csv",
    "pathways": "furthest_by_ethnicity.csv",
    "send": "work_by_furthest.csv",
    "services": "care_by_year.csv",
    "uea_pathways": "furthest_by_authority.csv",
    "what_works": "care_by_year.csv",
}
CARE = "Looked after"


def test_each_recipe_has_a_headline_that_is_held_against_the_truth() -> None:
    assert set(HEADLINES) == set(names())


@pytest.mark.parametrize("name", names())
def test_a_recipe_finds_what_was_invented(told: tuple[Workspace, World], name: str) -> None:
    workspace, world = told
    wanted = recipe(name).tables()[HEADLINES[name]]
    table = tabulate(workspace, wanted)
    known = Known(workspace, world, Pathways(workspace, wanted.pathways, wanted.cohort).window)
    if isinstance(wanted, Panel):
        stays, since = world.stays, known.window[0]
        for label, count in zip(table.rows, table.units[:, 0].tolist(), strict=True):
            code, year = label.split(" → ")
            first = (np.datetime64(f"{int(year) - 1}-04-01") - np.datetime64("1970-01-01")).astype(int)
            entered = (stays.start >= max(first, since)) & (stays.start < first + 365 + (int(year) % 4 == 0))
            own = stays.place == world.plan.authorities.index(code)
            assert count == len(set(stays.child[entered & own].tolist())) > 5, label
        return
    assert isinstance(wanted, Crosstab)
    care, followed = known.in_care(wanted.cohort), known.followed(wanted.cohort)
    assert table.units[table.rows.index("Total"), -1] == len(followed)
    by_care = wanted.rows[0].furthest is not None
    split = wanted.columns[0] if by_care else wanted.rows[0]
    labels = table.columns if by_care else table.rows
    if split.furthest:  # justice: its own totals are all that is held here
        assert table.units[table.rows.index(CARE), -1] == len(care) > 10
        return
    told_of = {label: len(care & group) for label, group in known.groups(split).items()}
    at = table.rows.index(CARE) if by_care else table.columns.index(CARE)
    for label, count in told_of.items():
        place = labels.index(label)
        assert (table.units[at, place] if by_care else table.units[place, at]) == count, label
    assert sum(told_of.values()) == len(care) > 10
