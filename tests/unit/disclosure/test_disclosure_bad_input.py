"""What is wrong with an input is told kindly: a verdict or a refusal, by the command itself, and never a traceback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import disclosure
from disclosure.table import build
from tre_toolkit.cli import run

HEAD = "area,a,b,Total\n"
SOUND = HEAD + "A,12,20,32\nB,20,30,50\nTotal,32,50,82\n"


@pytest.mark.parametrize(
    ("text", "rule", "word"),
    [
        (SOUND + "Total,35,50,85\n", "house/totals", "REVIEW"),
        (SOUND + "Total,32,50,82\n", "house/unit", "REVIEW"),
        (SOUND.replace("12", "c") + "Total,32,50,82\n", "ons-srs/attack", "FAIL"),
        (SOUND.replace("Total\n", "Total,Total\n", 1).replace("32\n", "32,32\n").replace("50\nT", "50,51\nT").replace("82\n", "82,83\n"),
         "house/totals", "REVIEW"),
        (SOUND.replace("32,50,82", "35,50,85"), "house/totals", "REVIEW"),
        (SOUND.replace("12", "nan"), "ons-srs/attack", "FAIL"),
        (SOUND.replace("12", "inf"), "house/figures", "FAIL"),
        (SOUND.replace("12", "twelve").replace("30", "2020-01-01"), "house/figures", "FAIL"),
        (HEAD, "house/file", "REVIEW"),
        ("", "house/file", "REVIEW"),
        ("area,a\nA,12\nB,1,2\n", "house/file", "REVIEW"),
    ],
)  # fmt: skip
def test_a_table_that_is_wrong_is_told_what_is_wrong_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, rule: str, word: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert run(["check", str(path), "--pack", "ons-srs"]) == 1
    told = capsys.readouterr()
    assert told.out.startswith(word)
    assert f"[{rule}]" in told.out
    assert not told.err


def test_a_sound_table_has_none_of_it(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(SOUND)
    assert {finding.rule for finding in disclosure.check_file(path, ["ons-srs"]).findings} == {"house/unit"}


def test_labels_that_stand_again_get_a_number_and_totals_stay_totals() -> None:
    labels = [("A",), ("Total",), ("Total (2)",), ("Total",), ("A",)]
    made = build("t", labels, ["x", "x", "y"], [["1", "2", "3"]] * 5)
    assert made.members == (("A", "Total", "Total (2)", "Total (3)", "A (2)"), ("x", "x (2)", "y"))


@pytest.mark.parametrize("content", [b"name = [", b'name = "x"\n', b"\xff\xfe\x00", b""])
def test_a_pack_that_does_not_parse_is_refused_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    table, pack = tmp_path / "t.csv", tmp_path / "pack.toml"
    table.write_text(SOUND)
    pack.write_bytes(content)
    assert run(["check", str(table), "--pack", str(pack)]) == 1
    assert "pack.toml" in capsys.readouterr().err
    assert run(["check", str(table), "--pack", str(tmp_path / "none.toml")]) == 2
    assert run(["check", str(table), "--pack", "nobody-s"]) == 2


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of two releases."""
    folder = tmp_path_factory.mktemp("ledger")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"child": range(400), "a": rng.choice(["x", "y"], 400), "b": rng.choice(["p", "q"], 400)}
    )
    with disclosure.session(
        pack="ons-srs", unit="child", data=frame, ledger=folder / "l.ledger", into=folder / "out"
    ) as s:
        s.crosstab(frame.a, frame.b, name="t")
        s.groupby(frame, "a").size(name="u")
    return folder / "l.ledger"


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: b"",
        lambda raw: raw[:-20],
        lambda raw: raw[: raw[:-1].rfind(b"\n") + 1],
        lambda raw: raw[raw.find(b"\n") + 1 :],
        lambda raw: raw.replace(b'"name"', b'"nam3"', 1),
        lambda raw: b"".join(raw.splitlines(keepends=True)[::-1]),
        lambda raw: bytes(range(256)),
        lambda raw: raw + b"{}\n",
    ],
)
def test_a_ledger_that_was_changed_or_cut_off_serves_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ledger: Path, harm: object
) -> None:
    table, mine = tmp_path / "t.csv", tmp_path / "l.ledger"
    table.write_text(SOUND)
    mine.write_bytes(ledger.read_bytes())
    (tmp_path / "l.ledger.head").write_bytes(ledger.with_name("l.ledger.head").read_bytes())
    assert run(["check", str(table), "--pack", "ons-srs", "--against", str(mine)]) == 1
    assert "REVIEW" in capsys.readouterr().out
    mine.write_bytes(harm(ledger.read_bytes()))  # type: ignore[operator]
    for more in ([], ["--record"]):
        assert run(["check", str(table), "--pack", "ons-srs", "--against", str(mine), *more]) == 1
        told = capsys.readouterr()
        assert not told.out
        assert "doesn't verify" in told.err
