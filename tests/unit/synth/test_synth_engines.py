"""SDV as an engine of the fitted tier: it draws attributes, and every rule of ours stays kept."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from synth.draw import Draws
from synth.judge import FAIL
from synth.like import Likeness, judged, kept, learn
from synth.model import coded
from synth.plan import Plan
from synth.pool import Pool, grouped
from synth.sdv_engine import ENGINES, MOST
from synth.tell import tell
from synth.world import invent
from tre_toolkit.errors import MisuseError, TreError
from tre_toolkit.returns import Return, validate

needs_sdv = [
    pytest.mark.sdv,
    pytest.mark.skipif(
        importlib.util.find_spec("sdv") is None,
        reason="SDV 2 isn't installed: the second column of the checks installs it, beside pandas 2.3",
    ),
]
# a dataset small enough for each engine to learn in seconds; HMA and PAR have tables below one another there
DATASET = {"gaussian-copula": "s251_placement_costs", "ctgan": "moj_dfe", "hma": "leo", "par": "leo"}


def real(name: str, children: int = 250) -> Return:
    """Invented children that the fit takes for real ones."""
    made = tell(invent(Plan(("990",), children, (2025,), seed=9)), 0, name, 2025, None)
    return replace(made, synthetic=False)


def like(one: Return, likeness: Likeness, children: int = 200) -> Return:
    plan = Plan(("991",), children, (2025,), seed=3, tier=2, given=likeness.model.streams())
    return tell(invent(plan), 0, one.dataset, 2025, None, likeness.model)


def test_rows_that_belong_together_stay_together_and_are_not_too_many() -> None:
    of = np.array([2, 0, 2, 0, 0, 2])
    groups, rows = grouped(of, np.arange(6)[:, None], 4, of_parent=True, most=2)
    assert groups.counts.tolist() == [2, 0, 2, 0]
    assert [rows[groups.starts[at] : groups.starts[at] + 2, 0].tolist() for at in (0, 2)] == [[1, 3], [0, 2]]


def test_a_pool_gives_its_own_rows_and_the_same_for_the_same_child() -> None:
    pool = Pool(("a", "b"), (3, 3), np.array([[0, 0], [1, 2]]), "any")
    who = np.arange(500, dtype=np.uint64)
    made = pool.draw(Draws(1), "pool", who)
    assert {tuple(row) for row in made.tolist()} == {(0, 0), (1, 2)}
    assert (pool.draw(Draws(1), "pool", who[400:]) == made[400:]).all()
    assert pool.shares(1).tolist() == [1, 0, 1]


def test_an_engine_nobody_has_heard_of_and_one_of_another_tier_are_refused() -> None:
    with pytest.raises(MisuseError, match="no engine"):
        learn([real("leo", 40)], tier=2, seed=1, engine="dayz")
    with pytest.raises(MisuseError, match="tier 2"):
        learn([real("leo", 40)], tier=3, seed=1, engine="hma")


def test_without_sdv_its_engines_say_what_to_install() -> None:
    if importlib.util.find_spec("sdv"):
        pytest.skip("SDV is installed here; the first column of the checks has none")
    for engine in ENGINES[1:]:
        with pytest.raises(TreError) as told:
            learn([real("leo", 40)], tier=2, seed=1, engine=engine)
        assert "tre-toolkit[sdv]" in str(told.value)


@pytest.fixture(scope="module", params=sorted(DATASET))
def fitted(request: pytest.FixtureRequest) -> tuple[str, Return, Likeness]:
    one = real(DATASET[request.param])
    return request.param, one, learn([one], tier=2, seed=1, engine=request.param, epochs=2)


class TestWithSDV:
    """Each engine really learns and draws."""

    pytestmark = needs_sdv

    def test_each_engine_learns_and_draws_and_no_rule_is_broken(
        self, fitted: tuple[str, Return, Likeness]
    ) -> None:
        engine, one, likeness = fitted
        pools = [told.tree for told in likeness.model.tables.values() if isinstance(told.tree, Pool)]
        assert pools
        assert {pool.engine for pool in pools} <= {engine, "gaussian-copula"}
        assert engine in {pool.engine for pool in pools}
        made = like(one, likeness)
        assert sum(len(frame) for frame in made.tables.values()) > 100
        assert [finding.rule for finding in validate(made).findings if finding.kind == "error"] == []
        assert kept(likeness)

    def test_keys_and_parents_are_the_walk_s_own(self, fitted: tuple[str, Return, Likeness]) -> None:
        _, one, likeness = fitted
        made = like(one, likeness)
        for table in made.schema.tables:
            frame = made.tables[table.name]
            if table.key:
                assert not frame.duplicated(list(table.key)).any(), table.name
            if table.parent and table.person in frame.columns:
                above = made.tables[table.parent]
                assert set(frame[table.person]) <= set(above[table.person]), table.name

    def test_no_identifier_of_the_real_children_is_drawn(self, fitted: tuple[str, Return, Likeness]) -> None:
        _, one, likeness = fitted
        some = judged(likeness, [like(one, likeness)])
        assert [
            m.name for found in some.values() for m in found if m.name == "identifiers" and m.verdict == FAIL
        ] == []

    def test_a_level_of_few_children_is_never_drawn(self) -> None:
        one = real("s251_placement_costs")
        frame = one.tables["placement_costs"].copy()
        rare = one.schema.codes(one.schema.table("placement_costs").field("Placement type"))
        word, other = list(rare)[:2]
        frame["Placement type"] = np.where(np.arange(len(frame)) < 3, word, other)
        frame["Placement type"] = frame["Placement type"].astype("str")
        tables = {**one.tables, "placement_costs": frame}
        likeness = learn([replace(one, tables=tables)], tier=2, seed=1, engine="gaussian-copula")
        made = like(one, likeness)
        assert word not in set(made.tables["placement_costs"]["Placement type"])

    def test_gaussian_copula_s_shares_come_through_the_walk(self) -> None:
        one = real("s251_placement_costs", 1500)
        likeness = learn([one], tier=2, seed=1, engine="gaussian-copula")
        made = like(one, likeness, 1500)
        told = likeness.model.tables["s251_placement_costs.placement_costs"]
        pool = told.tree
        assert isinstance(pool, Pool)
        drawn = coded(made.tables["placement_costs"], told.levels, made.schema)
        for at, level in enumerate(told.levels):
            if level.field.type == "code":
                shares = pool.shares(at) / len(pool.rows)
                got = np.bincount(drawn[:, at], minlength=level.size) / len(drawn)
                assert np.abs(shares - got).sum() / 2 < 0.06, level.field.name

    def test_children_of_hma_have_as_many_rows_as_sdv_drew_for_their_parent(
        self, fitted: tuple[str, Return, Likeness]
    ) -> None:
        engine, one, likeness = fitted
        grouping = [
            told.tree.groups
            for told in likeness.model.tables.values()
            if isinstance(told.tree, Pool) and told.tree.groups
        ]
        if engine not in ("hma", "par"):
            assert not grouping
            return
        assert grouping
        assert all(some.of_parent == (engine == "hma") for some in grouping)
        made = like(one, likeness)
        most = max(
            int(frame.groupby(table.person).size().max())
            for table in made.schema.tables
            if table.parent and len(frame := made.tables[table.name])
        )
        assert most <= MOST

    def test_the_same_seed_draws_the_same_rows_and_leaves_the_program_s_generators_alone(self) -> None:
        one = real("moj_dfe", 120)
        np.random.seed(5)
        before = np.random.get_state()[1].tolist()  # type: ignore[index]
        first, second = (
            learn([one], tier=2, seed=7, engine="ctgan", epochs=1).model.tables for _ in range(2)
        )
        assert np.random.get_state()[1].tolist() == before  # type: ignore[index]
        for name, told in first.items():
            if isinstance(told.tree, Pool):
                assert (told.tree.rows == second[name].tree.rows).all()  # type: ignore[union-attr]

    def test_sdv_s_refusal_names_no_cell(self) -> None:
        with pytest.raises(TreError, match="hang below one another") as told:
            learn([real("s251_placement_costs", 60)], tier=2, seed=1, engine="hma")
        assert "--engine gaussian-copula" in str(told.value)
