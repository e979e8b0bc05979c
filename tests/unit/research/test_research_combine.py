"""Authorities combined as releases: what may be added, what stays hidden, and what is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tre_toolkit.cli import run
from tre_toolkit.errors import MisuseError, Problems, TreError
from tre_toolkit.gate.bag import Item, build
from tre_toolkit.gate.verify import Refused, verify_release
from tre_toolkit.research import released
from tre_toolkit.research.combine import combine
from tre_toolkit.signing import Signer, Verifier

CANARY = "918273645546372"
NAME = "furthest_by_ethnicity.csv"
HEADER = "Ethnicity,Looked after,Plan,Total\n"
NORTH = HEADER + "White,30,c,100\nMixed,20,c,60\nAsian,10,15,25\nTotal,60,125,185\n"
SOUTH = HEADER + "White,40,50,90\nMixed,c,c,30\nAsian,c,c,45\nTotal,65,100,165\n"
Release = Callable[..., tuple[Path, Path]]


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Let files go from a gate of its own: `release("north", {name: text})` gives the folder and the gate's public key."""
    made = iter(range(100))

    def release(gate: str, files: dict[str, str], *, number: str | None = None) -> tuple[Path, Path]:
        at = next(made)
        signer = Signer(hashlib.sha512(gate.encode()).digest())
        key, folder, blobs = tmp_path / f"{gate}.pub", tmp_path / f"{gate}-{at}", tmp_path / f"blobs-{at}"
        key.write_text(str(signer.verifier) + "\n")
        blobs.mkdir()
        folder.mkdir()
        items = []
        for name, text in files.items():
            (blobs / name).write_text(text)
            digest = hashlib.sha256(text.encode()).hexdigest()
            items.append(
                Item(
                    f"outputs/{name}", blobs / name, digest, "csv", "text/csv", "PASS", "verified", ("A", "B")
                )
            )
        facts = {
            "release": number or f"{gate}-{at}",
            "at": "2025-11-24T12:00:00+00:00",
            "gate": {"id": f"gate-{gate}", "name": gate.title(), "fingerprint": signer.verifier.fingerprint},
            "request": {"number": 1, "turn": 1, "project": "p", "title": "t", "author": "A"},
            "released_by": "C",
            "audit": {"events": 1, "digest": "0" * 64},
        }
        build(folder, items, facts, signer)
        return folder, key

    return release


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verify in this process; the test of the command asks `tre verify` itself."""

    def verify(folder: Path, key: Path, lists: object) -> dict[str, str] | str:
        try:
            found = verify_release(folder, Verifier.read(key))
        except Refused as refusal:
            return refusal.reason
        return {"release": found.release, "gate": found.gate, "fingerprint": found.fingerprint}

    monkeypatch.setattr(released, "verify", verify)


def both(
    release: Release, north: str = NORTH, south: str = SOUTH, name: str = NAME
) -> tuple[list[Path], list[Path]]:
    made = [release("north", {name: north}), release("south", {name.replace(".csv", ".safe.csv"): south})]
    return [one for one, _ in made], [key for _, key in made]


@pytest.mark.usefixtures("quick")
def test_what_every_release_prints_is_added_and_what_one_hides_stays_hidden(
    release: Release, tmp_path: Path
) -> None:
    folders, keys = both(release)
    told = combine("pathways", folders, trusted=keys, into=tmp_path / "both")
    assert [path.name for path in told.written] == [NAME]
    text = (tmp_path / "both" / NAME).read_text().splitlines()
    assert text == [
        "Ethnicity,Looked after,Plan,Total",
        "White,70,c,190",
        "Mixed,c,c,90",
        "Asian,c,c,70",
        "Total,125,225,350",
    ]


@pytest.mark.usefixtures("quick")
def test_bounds_come_from_what_is_printed_and_tell_no_cell(release: Release, tmp_path: Path) -> None:
    folders, keys = both(release)
    combine("pathways", folders, trusted=keys, into=tmp_path / "both")
    lines = (tmp_path / "both" / "furthest_by_ethnicity.bounds.csv").read_text().splitlines()
    bounds = {tuple(line.split(",")[:2]): line.split(",")[2:] for line in lines[1:]}
    # north hides White and Mixed plans: 125 - 15 = 110 for both; a row with one hidden cell is not used
    assert bounds["White", "Plan"] == ["50", "160"]
    # south hides Mixed and Asian: 30 and 45 in their rows, 25 looked after in all
    assert bounds["Mixed", "Looked after"] == ["20", "45"]
    assert bounds["Asian", "Looked after"] == ["10", "35"]
    assert all(not high or int(low) < int(high) for low, high in bounds.values())


@pytest.mark.usefixtures("quick")
def test_the_sum_says_what_it_was_made_of(release: Release, tmp_path: Path) -> None:
    folders, keys = both(release)
    combine("pathways", folders, trusted=keys, into=tmp_path / "both")
    told = json.loads((tmp_path / "both" / "furthest_by_ethnicity.combined.json").read_text())
    assert [one["gate"] for one in told["of"]] == ["North", "South"]
    for one, folder in zip(told["of"], folders, strict=True):
        assert hashlib.sha256((folder / one["path"]).read_bytes()).hexdigest() == one["sha256"]
    assert told["hidden"] == 5
    assert told["file"]["sha256"] == hashlib.sha256((tmp_path / "both" / NAME).read_bytes()).hexdigest()


@pytest.mark.usefixtures("quick")
def test_a_row_that_one_release_lacks_is_unknown_and_not_nought(release: Release, tmp_path: Path) -> None:
    folders, keys = both(release, south=HEADER + "White,40,50,90\nTotal,40,50,90\n")
    combine("pathways", folders, trusted=keys, into=tmp_path / "both")
    text = (tmp_path / "both" / NAME).read_text().splitlines()
    assert "Asian,c,c,c" in text
    assert text[-1] == "Total,100,175,275"


def refused(folders: list[Path], keys: list[Path], into: Path, name: str = "pathways") -> str:
    with pytest.raises((Problems, TreError)) as told:
        combine(name, folders, trusted=keys, into=into)
    assert not into.exists()
    return str(told.value)


@pytest.mark.usefixtures("quick")
def test_a_release_that_was_altered_or_isn_t_trusted_or_comes_twice_is_refused(
    release: Release, tmp_path: Path
) -> None:
    folders, keys = both(release)
    assert "wrong-signature" in refused(folders, keys[:1], tmp_path / "o")
    assert "named twice" in refused([folders[0], folders[0]], keys, tmp_path / "o")
    path = folders[0] / "data" / "outputs" / NAME
    path.write_text(NORTH.replace("30", CANARY))
    told = refused(folders, keys, tmp_path / "o")
    assert "altered" in told
    assert CANARY not in told
    with pytest.raises(MisuseError):
        combine("pathways", folders[:1], trusted=keys, into=tmp_path / "o")


@pytest.mark.parametrize(
    ("south", "why"),
    [
        (SOUTH.replace("40,", f"{CANARY}.5,"), "aren't whole numbers"),
        (SOUTH.replace("Ethnicity", "Sex"), "not of one declaration"),
        (SOUTH.replace("Mixed", "White"), "of one name"),
    ],
)
@pytest.mark.usefixtures("quick")
def test_what_can_t_be_added_is_refused_and_says_why(
    release: Release, tmp_path: Path, south: str, why: str
) -> None:
    folders, keys = both(release, south=south)
    with pytest.raises(TreError) as told:
        combine("pathways", folders, trusted=keys, into=tmp_path / "o")
    assert why in str(told.value.problem.hint)
    assert CANARY not in str(told.value.problem)


@pytest.mark.usefixtures("quick")
def test_a_table_of_ratios_is_left_out_and_so_is_one_that_a_release_lacks(
    release: Release, tmp_path: Path
) -> None:
    ratios = "Meals,Children,Ratio\nEver,100,1.20\n"
    one, first = release(
        "north",
        {"furthest_by_meals.csv": NORTH, "care_by_meals.csv": ratios, "furthest_by_benefits.csv": NORTH},
    )
    two, second = release("south", {"furthest_by_meals.csv": SOUTH, "care_by_meals.csv": ratios})
    told = combine("hardship", [one, two], trusted=[first, second], into=tmp_path / "o")
    assert [path.name for path in told.written] == ["furthest_by_meals.csv"]
    assert "can't be added up" in told.left_out["care_by_meals.csv"]
    assert "doesn't hold it" in told.left_out["furthest_by_benefits.csv"]


def test_the_command_adds_up_and_prints_what_it_wrote(
    release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders, keys = both(release)
    trust = [part for key in keys for part in ("--trust", str(key))]
    assert (
        run(["recipe", "combine", "pathways", *map(str, folders), *trust, "--into", str(tmp_path / "o")]) == 0
    )
    assert NAME in capsys.readouterr().out
    path = folders[1] / "data" / "outputs" / NAME.replace(".csv", ".safe.csv")
    path.write_text(SOUTH.replace("50", CANARY))
    assert (
        run(["recipe", "combine", "pathways", *map(str, folders), *trust, "--into", str(tmp_path / "p")]) == 1
    )
    told = capsys.readouterr().err
    assert "altered" in told
    assert CANARY not in told
    assert not (tmp_path / "p").exists()
