"""Every command and code block of the researcher's pages runs, in order, over an invented workspace."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from tre_toolkit.cli import run
from tre_toolkit.research.gallery import page
from tre_toolkit.research.measures import declared
from tre_toolkit.research.workspace import Workspace

DOCS = Path(__file__).parents[3] / "docs"
PAGES = (
    "tutorials/researcher.md",
    "how-to/researcher/define-a-cohort.md",
    "how-to/researcher/follow-pathways.md",
    "how-to/researcher/compare-groups.md",
    "how-to/researcher/write-a-recipe.md",
    "how-to/researcher/draw-a-figure.md",
    "reference/workspace-api.md",
    "reference/recipe-file.md",
)
MAY_FAIL = "tre check"  # a check that finds something ends with 1, and the page says so


@pytest.mark.parametrize("name", PAGES)
def test_the_page_runs_from_top_to_bottom(
    everything: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "workspace").symlink_to(everything.folder)
    monkeypatch.chdir(tmp_path)
    held: dict[str, object] = {"__name__": "page"}
    ran = 0
    for language, block in re.findall(
        r"^```(\w+)\n(.*?)^```", (DOCS / name).read_text(encoding="utf-8"), re.M | re.S
    ):
        if language == "python":
            exec(compile(block, name, "exec"), held)
        elif language == "console":
            for line in re.findall(r"^\$ tre (.*)$", block, re.M):
                ended = run(shlex.split(line))
                assert ended == 0 or line.startswith(MAY_FAIL.removeprefix("tre ")), line
        else:
            assert language == "toml", f"a block nobody runs: {language}"
            declared(tomllib.loads(block), where=name)
            if block.startswith("# "):
                Path(block.splitlines()[0].removeprefix("# ")).write_text(block)
        ran += 1
    assert ran


def test_the_page_of_the_recipes_is_up_to_date() -> None:
    assert (DOCS / "reference/recipes.md").read_text(encoding="utf-8") == page()
