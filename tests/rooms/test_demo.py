"""The main job, end to end: `tre demo` plays through, its release verifies, and no child is found beyond the authorities.

The journey is played once, small (`tests/conftest.py`); every test looks at what it left behind.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from helpers.journey import Played

TRE = str(Path(sys.executable).with_name("tre"))
CLEAR = re.compile(r"upn|achildid|^child$|name|^dob$|birthdate|^postcode$|post$|tableid$", re.IGNORECASE)
OUTSIDE = (
    "spine",
    "workspace",
    "outputs",
    "gate",
    "release",
    "index.html",
    "990/990.parcel",
    "991/991.parcel",
    "990/audit.log",
)


def tre(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TRE, *words], cwd=folder, capture_output=True, text=True, encoding="utf-8")


def test_the_release_verifies(played: Played) -> None:
    done = tre("verify", "release", "--trust", "gate/gate.pub", folder=played.folder)
    assert done.returncode == 0, done.stderr


def changed(path: Path, at: int, act: Callable[[], int]) -> int:
    """The status of `act` while the byte at `at` (a share of the file) has one bit flipped."""
    whole = path.read_bytes()
    at = min(len(whole) - 1, at * len(whole) // 100)
    path.chmod(0o644)
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    try:
        return act()
    finally:
        path.write_bytes(whole)


def test_a_byte_changed_in_any_file_of_the_release_is_refused(played: Played, tmp_path: Path) -> None:
    shutil.copytree(played.folder / "release", tmp_path / "release")
    key = str(played.folder / "gate" / "gate.pub")
    files = sorted(path for path in (tmp_path / "release").rglob("*") if path.is_file())
    assert len(files) >= 7
    for file in files:
        status = changed(
            file, 50, lambda: tre("verify", "release", "--trust", key, folder=tmp_path).returncode
        )
        assert status == 1, f"{file.name} was changed and nobody noticed"


@pytest.mark.parametrize("at", [0, 20, 50, 99])
def test_a_byte_changed_in_a_parcel_is_refused(played: Played, tmp_path: Path, at: int) -> None:
    parcel = Path(shutil.copy(played.folder / "990" / "990.parcel", tmp_path))
    key = str(played.folder / "990" / "signer.key.pub")
    status = changed(
        parcel, at, lambda: tre("parcel", "verify", "990.parcel", "--trust", key, folder=tmp_path).returncode
    )
    assert status == 1


def clear_values(folder: Path) -> dict[str, set[str]]:
    """Every identifier of the invented returns, by the column it stands in."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                for column, value in row.items():
                    if value and CLEAR.search(column):
                        found.setdefault(column, set()).add(value)
    for path in folder.rglob("*.xml"):
        for name, value in re.findall(
            r"<(LAchildID|UPN|FormerUPN|PersonBirthDate)>([^<]+)<", path.read_text()
        ):
            found.setdefault(name, set()).add(value)
    return found


def texts(place: Path) -> Iterator[tuple[str, set[str] | bytes]]:
    """What stands in each file below a place: the words of a Parquet file's text columns, else its bytes."""
    for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            values = {
                str(value)
                for column in table.columns
                for value in column.unique().to_pylist()
                if value is not None
            }
            yield str(path), values
        elif path.is_file():
            yield str(path), path.read_bytes()


def test_no_identifier_is_found_beyond_the_authorities(played: Played) -> None:
    clear = clear_values(played.folder / "invented")
    numbers = {
        value
        for column, values in clear.items()
        for value in values
        if re.search(r"\d", value) and len(value) > 5
    }
    names = {
        value
        for column, values in clear.items()
        if "name" in column.lower()
        for value in values
        if len(value) > 4
    }
    assert len(numbers) > 500, "the canaries weren't found in the returns"
    assert len(names) > 50
    dates = {value for value in numbers if re.search(r"\d{2}/\d{2}/\d{4}|\d{4}-\w+-\d{2}", value)}
    for place in OUTSIDE:
        for name, text in texts(played.folder / place):
            held = numbers - dates if isinstance(text, bytes) else (numbers | names) - dates
            seen = {
                value
                for value in held
                if (value in text if isinstance(text, set) else value.encode() in text)
            }
            assert not seen, f"{len(seen)} identifiers stand in {name}"
    assert not {value for value in numbers - dates if value in played.said}


def test_births_are_known_by_month_only(played: Played) -> None:
    born = (
        pq.read_table(played.folder / "workspace" / "people.parquet")
        .column("birth_month")
        .unique()
        .to_pylist()
    )
    known = [str(value) for value in born if value is not None]
    assert len(known) > 24
    assert all(re.fullmatch(r"\d{4}-\d{2}(-01)?", value) for value in known)


def test_the_page_needs_no_network_and_runs_no_script(played: Played) -> None:
    page = (played.folder / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", page)
    assert not re.findall(r"url\((?!#)", page)
    assert set(re.findall(r"https?://[^\s\"'<)]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert page.count('class="stage"') == 12
    assert "<title" in page


def test_every_number_of_the_page_s_table_is_in_the_release(played: Played) -> None:
    page = (played.folder / "index.html").read_text(encoding="utf-8")
    drawn = re.findall(r"<td>([\d,]+)</td>", page)
    (file,) = (played.folder / "release").rglob("furthest_by_ethnicity.csv")
    released = re.findall(r"(?<=,)\d+", file.read_text())
    assert [number.replace(",", "") for number in drawn] == released


def test_two_people_approved_each_file_and_neither_is_the_author(played: Played) -> None:
    told = json.loads((played.folder / "release" / "release.json").read_text())
    for output in told["outputs"]:
        assert len(set(output["approved_by"])) == 2
        assert told["request"]["author"] not in output["approved_by"]


def test_a_journey_that_fails_leaves_nothing(tmp_path: Path) -> None:
    done = tre("demo", "--children", "300", "--into", str(tmp_path / "no" / "journey"), folder=tmp_path)
    assert done.returncode == 1
    assert "make the folder first" in done.stderr
    assert list(tmp_path.iterdir()) == []
