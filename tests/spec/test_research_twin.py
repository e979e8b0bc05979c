"""Every recipe over a synthetic twin of all the sets, linked by the truth; and what a recipe finds against what was invented."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.twin import DATASETS, twin

import tre_toolkit as tre
from synth import Plan, World
from synth.days import NEVER
from tre_toolkit import schema
from tre_toolkit.cli import run
from tre_toolkit.research.declared import Crosstab, Variable
from tre_toolkit.research.measures import tabulate
from tre_toolkit.research.recipes import datasets_of, names, recipe
from tre_toolkit.research.run import run_recipe
from tre_toolkit.research.states import states
from tre_toolkit.research.workspace import Workspace

LOCAL = {"early_help", "programme"}  # lists of an authority's or a project's own, which no publisher has
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
        own = why == "the workspace lacks early_help" or any(word in why for word in FEW)
        assert own, (file, why)
    assert len(ran.written) > len(ran.left_out)


@pytest.mark.parametrize("name", names())
def test_a_recipe_reads_each_set_it_names_through_the_catalogue(name: str) -> None:
    about, tables = recipe(name).ABOUT, recipe(name).tables().values()
    named = {*about.needs, *about.also}
    assert named - LOCAL <= set(schema.datasets())
    read = {dataset for table in tables for dataset in datasets_of(table)}
    for table in tables:
        for state in (*table.pathways.order, *getattr(table, "second", ())):
            read |= {source.dataset for source in states()[state].source}
    assert named <= read  # nothing is promised that no table asks
    for column in (one for table in tables for one in _columns(table)):
        dataset, table_name, *field = column.split(".")
        if dataset in LOCAL:
            continue
        known = schema.dataset(dataset)
        of_year = schema.schema(dataset, known.years[-1])
        fields = {one.name for one in of_year.table(table_name).fields}
        assert set(field) <= fields, column


def _columns(table: object) -> list[str]:
    found: list[str] = re.findall(r"'([a-z0-9_]+\.[a-z0-9_]+(?:\.\w+)?)'", str(table))
    return [one for one in found if one.partition(".")[0] in DATASETS]


def test_a_report_of_each_recipe_is_one_offline_page(told: tuple[Workspace, World], tmp_path: Path) -> None:
    run_recipe("ethnicity", told[0], tmp_path / "o")
    page = tmp_path / "report.html"
    assert run(["recipe", "report", str(tmp_path / "o"), "--pack", "dfe-cin", "--into", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=[\"'](?!data:)", text)


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
