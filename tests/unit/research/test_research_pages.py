"""The page of the recipes is made from the recipes. (That the researcher's pages run is shown in tests/sessions.)"""

from __future__ import annotations

from pathlib import Path

from tre_toolkit.research.gallery import page
from tre_toolkit.research.measures import kinds

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_of_the_recipes_is_up_to_date() -> None:
    assert (DOCS / "reference/recipes.md").read_text(encoding="utf-8") == page()


def test_the_reference_tells_of_every_kind_of_table() -> None:
    told = (DOCS / "reference/pathways.md").read_text(encoding="utf-8")
    assert [kind for kind in kinds() if f"`{kind}`" not in told] == []
