"""The four marks: each by itself is enough, and taking any one away leaves the others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from synth import marks
from synth.like import real_returns
from synth.plan import Plan
from synth.tell import tell
from synth.world import World, invent
from synth.write import synthesise
from tre_toolkit.errors import MisuseError, TreError
from tre_toolkit.returns import find, read
from tre_toolkit.signing import Signer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("marks") / "invented"
    synthesise(
        ("ssda903", "s251_placement_costs"),
        into,
        plan=Plan(("990",), 300, (2025,), seed=1),
        signer=Signer.new(),
    )
    return into


@pytest.fixture(scope="module")
def people() -> World:
    return invent(Plan(("990",), 500, (2025,), seed=1))


@pytest.mark.parametrize(
    ("name", "term", "carries"),
    [
        ("cin_census", None, {"local_id", "upn", "constant"}),
        ("ssda903", None, {"local_id", "upn", "postcode"}),
        ("school_census", "spring", {"upn", "postcode", "constant"}),
        ("s251_placement_costs", None, {"local_id", "postcode"}),
    ],
)
def test_a_return_carries_marks_in_its_own_cells(
    people: World, name: str, term: str | None, carries: set[str]
) -> None:
    one = tell(people, 0, name, 2025, term)
    assert carries <= marks.marks_of(one)
    for taken in carries:  # one mark taken away: the others still tell
        assert marks.marks_of(one) - {taken}


def test_a_fit_refuses_invented_children_even_when_the_sidecars_are_gone(made: Path, tmp_path: Path) -> None:
    import shutil

    bare = tmp_path / "990" / "s251_placement_costs" / "2025"
    shutil.copytree(made / "990" / "s251_placement_costs" / "2025", bare)
    (bare / "SYNTHETIC.json").unlink()
    with pytest.raises(MisuseError, match="invented"):
        real_returns([bare], ("s251_placement_costs",))
    one = replace(read(find([bare])[0]), synthetic=False)
    with pytest.raises(MisuseError, match=r"invented .*local_id"):
        marks.check_unmarked([one], wanted="")


def test_children_with_other_numbers_are_taken_for_real(people: World) -> None:
    one = replace(tell(people, 0, "ssda903", 2025, None), synthetic=False)
    tables = {
        name: frame.assign(**{column: frame[column].str.replace("SYN", "1").str.replace("QZ", "NR").str.replace("999", "926")
                              for column in frame.columns if column != "row_no"})
        for name, frame in one.tables.items()
    }  # fmt: skip
    marks.check_unmarked([replace(one, tables=tables)], wanted="")
    with pytest.raises(MisuseError):
        marks.check_unmarked([one], wanted="")


def test_the_manifest_tells_a_changed_a_missing_and_a_new_file(made: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    assert marks.check_manifest(copy) == len(json.loads((copy / "manifest.json").read_text())["files"])
    header = copy / "990/ssda903/2025/header.csv"
    kept = header.read_bytes()
    header.write_bytes(kept + b"x")
    with pytest.raises(TreError, match="isn't the one that was made"):
        marks.check_manifest(copy)
    header.write_bytes(kept)
    (copy / "990/new.csv").write_text("a")
    with pytest.raises(TreError, match="isn't the one that was made"):
        marks.check_manifest(copy)
    (copy / "990/new.csv").unlink()
    (copy / "990/SYNTHETIC.json").unlink(missing_ok=True)
    (copy / "SYNTHETIC.json").unlink()
    with pytest.raises(TreError, match="missing"):
        marks.check_manifest(copy)


def test_a_manifest_signed_by_somebody_else_is_refused(tmp_path: Path) -> None:
    signer, other = Signer.new(), Signer.new()
    (tmp_path / "a.csv").write_text("x")
    marks.write_manifest(tmp_path, signer)
    assert marks.check_manifest(tmp_path, signer.verifier) == 1
    with pytest.raises(TreError):
        marks.check_manifest(tmp_path, other.verifier)
