"""Invented children are told by their cells, whatever happened to the sidecar; real pupil numbers outweigh it."""

import dataclasses
import runpy
from pathlib import Path

import pytest

from tre_toolkit.returns import find, read, write
from tre_toolkit.returns.model import MARK

BASE = runpy.run_path(str(Path(__file__).parents[2] / "vectors" / "returns" / "base.py"))


def stripped(return_, folder: Path, form: str | None = None):
    """The return written and read again without its sidecar."""
    write(return_, folder, form=form)
    (folder / MARK).unlink(missing_ok=True)
    [found] = find([folder], year=return_.year)
    assert not found.marked
    return read(found)


def changed(return_, table: str, **cells):
    frame = return_.tables[table].assign(**cells)
    return dataclasses.replace(return_, tables={**return_.tables, table: frame})


@pytest.mark.parametrize("name", ["cin_census", "ssda903"])
def test_pupil_numbers_nobody_has_tell_invented_children_without_a_sidecar(tmp_path, name):
    assert stripped(BASE["as_return"](name, 2025), tmp_path / "2025").synthetic


def test_a_return_without_pupil_numbers_is_told_by_its_local_numbers(tmp_path):
    plain = changed(BASE["as_return"]("ssda903", 2025), "header", UPN="UN1")
    assert not stripped(plain, tmp_path / "a" / "2025").synthetic
    tables = {
        name: frame.assign(CHILD="SYN" + frame["CHILD"].str.extract(r"(\d+)")[0].fillna("7").str.zfill(8))
        for name, frame in plain.tables.items()
    }
    assert stripped(dataclasses.replace(plain, tables=tables), tmp_path / "b" / "2025").synthetic


def test_a_census_without_pupil_numbers_is_told_by_its_softwares_release(tmp_path):
    plain = changed(BASE["as_return"]("cin_census", 2025), "child_identifiers", UPN=None, FormerUPN=None)
    plain = changed(plain, "header", Release="3.1")
    assert not stripped(plain, tmp_path / "a" / "2025").synthetic
    assert stripped(changed(plain, "header", Release="SYNTHETIC"), tmp_path / "b" / "2025").synthetic


def test_real_pupil_numbers_outweigh_every_other_mark(tmp_path):
    real = changed(
        BASE["as_return"]("cin_census", 2025), "child_identifiers", UPN="B801200005001", FormerUPN=None
    )
    got = stripped(changed(real, "header", Release="SYNTHETIC"), tmp_path / "2025")
    assert not got.synthetic
    assert any("treated as real" in (problem.hint or "") for problem in got.problems)
