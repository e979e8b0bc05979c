"""The pages say what the code does: their Python runs, and they name every rule, pack and clause there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from disclosure.explain import ABOUT, explain
from disclosure.packs import CLAUSES, load, names
from tre_toolkit.errors import MisuseError

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("how-to/researcher/pass-first-time.md", "how-to/researcher/protect.md")


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    assert blocks
    exec(compile("\n".join(blocks), page, "exec"), {})


def test_the_page_of_checks_names_every_rule_and_no_other() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \|", (DOCS / "reference/checks.md").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(ABOUT)


def test_the_page_of_packs_names_every_pack_with_its_figures() -> None:
    text = (DOCS / "reference/packs.md").read_text()
    told = dict(re.findall(r"^\| `([a-z-]+)` \| ([^|]*) \|", text, re.MULTILINE))
    assert sorted(told) == names()
    for name, counts in told.items():
        hidden = load(name).hidden
        assert (
            "{} to {}".format(*hidden) if hidden else "no figure confirmed: chain `dfe-cin`"
        ) == counts.strip()
    assert all(f"`{clause}` (" in text for clause in CLAUSES)


def test_the_pack_on_the_page_is_one(tmp_path: Path) -> None:
    text = (DOCS / "reference/packs.md").read_text()
    (block,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "our-tre.toml").write_text(block)
    assert load(tmp_path / "our-tre.toml").hidden == (1, 9)


@pytest.mark.parametrize("rule", sorted(ABOUT))
def test_every_rule_can_be_explained(rule: str) -> None:
    assert len(explain(rule)) > 40
    assert "source" in explain(f"ons-srs/{rule}")


def test_a_rule_nobody_knows_is_misuse() -> None:
    with pytest.raises(MisuseError):
        explain("dfe-cin/nonsense")
