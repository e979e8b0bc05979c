"""The project's declaration is read whole or refused with every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.project import Project

GOOD = """
id = "norfolk-pathways"
title = "Pathways"
purpose = "Whether early help diverts children from care"
datasets = ["cin_census", "ssda903"]
[authorities]
926 = "Norfolk"
"""


def declared(folder: Path, text: str) -> Project:
    (folder / "tre.toml").write_text(text)
    return Project.read(folder)


def test_a_declaration_is_read_from_its_folder_or_file(tmp_path: Path) -> None:
    project = declared(tmp_path, GOOD)
    assert project.profile == "strict"
    assert Project.read(tmp_path / "tre.toml") == project


def test_its_digest_is_of_its_meaning(tmp_path: Path) -> None:
    first = declared(tmp_path, GOOD)
    assert declared(tmp_path, "# a remark\n" + GOOD.replace("=", " = ")).digest == first.digest
    assert declared(tmp_path, GOOD.replace("Norfolk", "Suffolk")).digest != first.digest


def test_every_problem_is_told_at_once_and_no_value_is_repeated(tmp_path: Path) -> None:
    with pytest.raises(TreError) as caught:
        declared(
            tmp_path, GOOD.replace("norfolk-pathways", "CANARY/ID") + '[fates]\n"a.b.c" = "canary-fate"\n'
        )
    told = str(caught.value)
    assert "id:" in told
    assert "fates.a.b.c:" in told
    assert "canary" not in told.lower()


@pytest.mark.parametrize("text", ["not toml", 'extra = "x"\n' + GOOD, ""])
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TreError):
        declared(tmp_path, text)


def test_a_missing_declaration_says_what_to_ask_for(tmp_path: Path) -> None:
    with pytest.raises(TreError, match=r"ask the project for its tre\.toml"):
        Project.read(tmp_path)
