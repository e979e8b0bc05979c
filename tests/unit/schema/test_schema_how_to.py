"""The page "add a dataset or a year", followed word for word on its made-up dataset."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tre_toolkit import cli

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "add-a-dataset-or-year.md"
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AT_ITS_END = " (at its end)"


def steps() -> Iterator[tuple[str, str, str]]:
    for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        yield found[1], found[2] or "", found[3]


def follow(
    kind: str, title: str, text: str, ran: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Do one step of the page: write a file, or carry out its commands."""
    if kind == "console":
        for line in text.splitlines():
            words = shlex.split(line.removeprefix("$ "))
            if words[0] == "export":
                monkeypatch.setenv(*words[1].split("=", 1))
            else:
                assert words[0] == "tre"
                ran.append((line, cli.run(words[1:])))
        return
    path = Path(title.removesuffix(AT_ITS_END))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if title.endswith(AT_ITS_END) else "w") as file:
        file.write(text)


def test_the_page_works_when_it_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRE_CATALOGUE", raising=False)
    ran: list[tuple[str, int]] = []
    for step in steps():
        if step[0] == "console" and "--year 2026" in step[2]:
            from tre_toolkit.schema import load

            load._loaded.cache_clear()  # the next command of a person is a process of its own
        follow(*step, ran, monkeypatch)
    out = capsys.readouterr().out
    statuses = dict(ran)
    assert statuses.pop("$ tre validate register/family_support_990_2025") == 1
    assert set(statuses.values()) == {0}
    assert len(ran) >= 5
    assert "2 tables, 8 columns, 2 rules: all right" in out
    assert "DIS" not in out.split("Outcome")[-1].split("family_support 2025")[0], "2024 doesn't know DIS"
    assert re.search(r"EH1\s+error\s+1\s+plans, row 2", out)
    assert re.search(r"EH2\s+query\s+1\s+plans, row 3", out)
    assert re.search(r"Worker\s+string\s+direct identifier\s+nothing", out)
    assert os.environ["TRE_CATALOGUE"] == "our-catalogue"


def test_every_file_the_page_shows_is_used() -> None:
    titles = [title for kind, title, _ in steps() if kind != "console"]
    assert all(titles)
    assert len(titles) == len(set(titles))
