"""The report to the output checker: attacks, membership, the ledger's audit, distances and figures."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synth import audit, flat
from synth.attacks import attacks
from synth.figures import draw
from synth.like import learn, split
from synth.measure import FAIL, INFORMATION, PASS, REVIEW, Measure, at_least, attack, difference, verdict
from synth.membership import area, membership, tree_refit
from synth.model import coded
from synth.plan import Plan
from synth.private import Ledger
from synth.tell import tell
from synth.utility import distances, utility
from synth.world import invent
from synth.write import synthesise
from tre_toolkit.errors import TreError
from tre_toolkit.returns import Return

NAME = "cin_census"
needs_opendp = pytest.mark.skipif(
    importlib.util.find_spec("opendp") is None,
    reason="OpenDP isn't installed: the second column of the checks installs it",
)


def a_return(seed: int, code: str, name: str = NAME, children: int = 1200) -> Return:
    made = tell(invent(Plan((code,), children, (2025,), seed=seed)), 0, name, 2025, None)
    return replace(made, synthetic=False)


@pytest.fixture(scope="module")
def real() -> tuple[Return, Return]:
    return split(a_return(1, "990"), 1)


def copied(made: Return, source: Return, share: float, *, whole: bool) -> dict[str, pd.DataFrame]:
    """The set with the histories of a share of its children replaced by fitted ones', under the set's own numbers."""
    shape, tables = made.schema, dict(made.tables)
    luck = np.random.default_rng(1)
    own = flat.own_tables(shape)
    ids = [one.tables[own[0]][str(shape.table(own[0]).person)].dropna().unique() for one in (source, made)]
    many = max(int(len(ids[1]) * share), 1)
    taken, given = (luck.choice(some, many, replace=False) for some in ids)
    to = dict(zip(taken, given, strict=True))
    for table in shape.tables:
        if not table.person or (table.name in own and not whole):
            continue
        rows = source.tables[table.name]
        rows = rows[rows[table.person].isin(taken)]
        rows = rows.assign(**{table.person: rows[table.person].map(to).astype("str")})
        kept = tables[table.name]
        kept = kept[~kept[table.person].isin(given)]
        tables[table.name] = pd.concat([kept, rows], ignore_index=True)
    return tables


def attacked(real: tuple[Return, Return], made: dict[str, pd.DataFrame]) -> dict[str, Measure]:
    shape = real[0].schema
    flats = [flat.flat(one, shape) for one in (real[0].tables, real[1].tables, made)]
    found = attacks(flats, shape, flat.key_columns(shape), flat.secret_columns(shape), seed=1)
    return {one.name.split()[0]: one for one in found if not one.name.startswith("inference")} | {
        one.name: one for one in found if one.name.startswith("inference")
    }


def test_a_set_of_copies_is_linkable_and_one_of_strangers_is_not(real: tuple[Return, Return]) -> None:
    stranger = attacked(real, dict(a_return(7, "991").tables))
    assert stranger["linkability"].verdict == PASS
    copies = attacked(real, copied(a_return(7, "991"), real[0], 0.8, whole=True))
    assert copies["linkability"].verdict == FAIL
    assert copies["linkability"].low is not None
    assert copies["linkability"].low > stranger["linkability"].value
    assert copies["distance"].verdict == INFORMATION


def test_secrets_can_be_inferred_from_a_set_of_copies_and_no_better_than_of_strangers_else(
    real: tuple[Return, Return],
) -> None:
    stranger = attacked(real, dict(a_return(7, "991").tables))
    guesses = [one for name, one in stranger.items() if name.startswith("inference")]
    assert guesses
    assert FAIL not in {one.verdict for one in guesses}


def test_a_distance_to_the_closest_record_decides_nothing() -> None:
    assert verdict([Measure("distance", 0.0, 1.0, INFORMATION)]) == PASS
    assert verdict([Measure("a", 0.0, 0.0, PASS), Measure("b", 0.0, 0.0, REVIEW)]) == REVIEW


def test_an_attack_fails_a_set_only_where_its_excess_is_no_chance() -> None:
    assert attack("a", 300, 400, 120, 400).verdict == FAIL
    assert attack("a", 120, 400, 120, 400).verdict == PASS
    assert attack("a", 3, 4, 1, 4).verdict == PASS
    low, high = difference(56, 70, 48, 80)  # Newcombe 1998, example (a): 0.2, 0.0524 to 0.3339
    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=0.0005)
    assert at_least(3, 3, 0.5) == pytest.approx(0.125)
    assert at_least(0, 3, 0.5) == 1


def codes(rows: int, seed: int) -> np.ndarray:
    luck = np.random.default_rng(seed)
    first = luck.integers(0, 20, rows)
    return np.column_stack([first, (first + luck.integers(0, 6, rows)) % 20, luck.integers(0, 20, rows)])


def test_membership_is_told_of_a_fit_that_keeps_its_children_and_not_of_ours() -> None:
    some, sizes = codes(600, 3), [20, 20, 20]
    kept = membership("copies", some, sizes, lambda members, turn: members, seed=1)
    ours = membership("tree", some, sizes, tree_refit("abc", sizes, 10, 1), seed=1)
    assert kept.verdict == FAIL
    assert kept.value > 0.7
    assert ours.verdict != FAIL
    assert abs(ours.value - 0.5) < 0.1


def test_membership_of_too_few_children_is_not_measured_and_is_looked_at() -> None:
    told = membership("few", codes(10, 1), [20, 20, 20], lambda members, turn: members, seed=1)
    assert told.verdict == REVIEW
    assert "not measured" in told.note


def test_the_area_under_the_curve_counts_ties_as_half() -> None:
    value, low, high = area(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    assert value == pytest.approx(0.875)
    assert low < value < high


def spent(epsilon: float = 1.0, tables: int = 4) -> Ledger:
    ledger = Ledger(epsilon, 1e-6)
    for at in range(tables):
        ledger.spend(f"table {at}", ledger.rho / tables * (1 - 1e-6))
    return ledger


@needs_opendp
def test_the_audit_finds_the_noise_the_ledger_claims() -> None:
    told = {one.name: one for one in audit.audited(spent())}
    assert {one.verdict for one in told.values()} == {PASS}
    assert told["epsilon, audited from below"].value <= 1.0


def test_the_audit_finds_out_noise_that_is_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    luck = np.random.default_rng(1)

    def weak(scale: float) -> object:
        return lambda told: (
            (np.array(told) + np.round(luck.normal(0, scale / 20, len(told)))).astype(int).tolist()
        )

    monkeypatch.setattr(audit, "gaussian", weak)
    told = {one.name: one.verdict for one in audit.audited(spent())}
    assert told["epsilon, audited from below"] == FAIL
    assert told["noise against the ledger"] == FAIL


def test_a_ledger_that_is_empty_or_overdrawn_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "gaussian", lambda scale: lambda told: told)
    assert audit.audited(Ledger(1.0, 1e-6))[0].verdict == FAIL
    ledger = spent()
    ledger.spent *= 2
    assert audit.audited(ledger)[0].verdict == FAIL
    with pytest.raises(TreError, match="spent"):
        spent().spend("one more", 1.0)


def test_distances_are_nought_between_the_same_rows_and_one_between_strangers() -> None:
    some = codes(400, 1) % 4
    same = distances(some, some, [4, 4, 4])
    assert set(same.values()) == {0}
    assert distances(some * 0, some * 0 + 1, [4, 4, 4])["two_way_max"] == 1


def test_rows_a_parent_and_lengths_of_spells_are_compared(real: tuple[Return, Return]) -> None:
    likeness = learn([real[0]], tier=2, seed=1)
    table = real[0].schema.table("cin_details")
    model = likeness.model.tables["cin_census.cin_details"]
    made = a_return(7, "991").tables
    told = utility(real[0].tables, made, table, model, real[0].schema)
    assert told["rows_a_parent"] < 0.05
    assert told["length_of_spells"] < 0.15
    halved = {**made, "cin_details": made["cin_details"].iloc[::2]}
    assert utility(real[0].tables, halved, table, model, real[0].schema)["rows_a_parent"] > 0.3
    assert ("sdmetrics_quality" in told) == (importlib.util.find_spec("sdmetrics") is not None)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_figures_are_the_same_bytes_for_the_same_numbers(tmp_path: Path) -> None:
    measures = {"a return": [Measure("repU", 0.1, 0.05, PASS, "", -0.01, 0.11), Measure("x", 3.0, 0.0, FAIL)]}
    apart = {"a return.table": {"one_way_mean": 0.1, "two_way_mean": 0.2}}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert draw(tmp_path / name, measures, apart) == [
            "measures.svg", "measures.png", "distances.svg", "distances.png",
        ]  # fmt: skip
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_a_fitted_set_brings_its_whole_report(tmp_path: Path, real: tuple[Return, Return]) -> None:
    likeness = learn([a_return(1, "990")], tier=2, seed=1)
    synthesise(
        (NAME,), tmp_path / "set", plan=Plan(("991",), 400, (2025,), seed=3, tier=2), likeness=likeness
    )
    told = json.loads((tmp_path / "set/report.json").read_text())
    assert set(told) == {"format", "verdict", "labelling", "disclosure", "structure", "documentation"}
    names = {one["name"] for some in told["disclosure"]["measures"].values() for one in some}
    for wanted in ("identifiers", "exact histories", "repU", "linkability", "distance to the closest record"):
        assert wanted in names
    assert any(name.startswith("membership") for name in names)
    assert any(name.startswith("inference") for name in names)
    assert told["structure"]["rules_broken"] == {"cin_census_991_2025": {}}
    assert (tmp_path / "set/measures.svg").is_file()
    page = (tmp_path / "set/report.md").read_text()
    for heading in ("Labelling", "Disclosure", "Structure kept", "Documentation"):
        assert f"## {heading}" in page


def test_no_cell_of_a_real_child_stands_in_the_report(tmp_path: Path) -> None:
    one = a_return(1, "990", "s251_placement_costs", 400)
    frame = one.tables["placement_costs"]
    canary = pd.Series([f"CANARY{at:05d}XYZZY" for at in range(len(frame))], dtype="str")
    tables = {**one.tables, "placement_costs": frame.assign(**{"Child ID": canary})}
    likeness = learn([replace(one, tables=tables)], tier=2, seed=1)
    plan = Plan(("991",), 200, (2025,), seed=3, tier=2)
    synthesise(("s251_placement_costs",), tmp_path / "set", plan=plan, likeness=likeness)
    for path in (tmp_path / "set").rglob("*"):
        if path.is_file():
            assert b"CANARY" not in path.read_bytes(), path.name


@needs_opendp
@pytest.mark.parametrize("name", ["s251_placement_costs", NAME, "npd_attainment"])
def test_a_private_set_keeps_every_rule_and_its_ledger_is_audited(tmp_path: Path, name: str) -> None:
    likeness = learn([a_return(1, "990", name)], tier=3, seed=1, ledger=Ledger(1.0, 1e-6))
    plan = Plan(("991",), 400, (2025,), seed=3, tier=3)
    synthesise((name,), tmp_path / "set", plan=plan, likeness=likeness)
    told = json.loads((tmp_path / "set/report.json").read_text())
    assert [found for found in told["structure"]["rules_broken"].values() if found] == []
    audited = {one["name"]: one["verdict"] for one in told["disclosure"]["measures"]["the private tier"]}
    assert audited["ledger"] == audited["epsilon, audited from below"] == PASS


def test_a_column_that_must_be_filled_is_filled_whatever_was_fitted() -> None:
    one = a_return(1, "990", "s251_placement_costs", 400)
    likeness = learn([one], tier=2, seed=1)
    told = likeness.model.tables["s251_placement_costs.placement_costs"]
    made = tell(
        invent(Plan(("991",), 400, (2025,), seed=2, tier=2)), 0, one.dataset, 2025, None, likeness.model
    )
    drawn = coded(made.tables["placement_costs"], told.levels, made.schema)
    for at, level in enumerate(told.levels):
        if level.field.required:
            assert (drawn[:, at] < level.size - 1).all(), level.field.name
