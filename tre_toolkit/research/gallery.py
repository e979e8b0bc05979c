"""The reference page of the recipes, made from the recipes: `python -m tre_toolkit.research.gallery > docs/reference/recipes.md`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tre_toolkit.research.recipes import names, recipe
from tre_toolkit.schema import dataset

HEAD = """# The recipes

Made from the recipes themselves by `python -m tre_toolkit.research.gallery`. `tre recipe list` lists them, and
`tre recipe run NAME --workspace W --into DIR` runs one.
"""


def page() -> str:
    """The page as Markdown."""
    return "\n".join([HEAD, *map(_section, names())])


def _section(name: str) -> str:
    about, tables = recipe(name).ABOUT, recipe(name).tables()
    needs = f"Needs {_named(about.needs)}." + (
        f" Some tables also need {_named(about.also)}." if about.also else ""
    )
    lines = [f"## {name}", "", f"**{about.title}.** {about.asks}", "", needs, ""]
    lines += _crosswalk((*about.needs, *about.also))
    lines += ["| File | Table | Kind |", "|---|---|---|"]
    lines += [f"| `{file}` | {table.title} | {table.kind} |" for file, table in tables.items()]
    lines += [
        "",
        "What it can't say:",
        "",
        *(f"* {limit}" for limit in about.limits),
        "",
        about.disclosure,
        "",
    ]
    return "\n".join(lines)


def _crosswalk(datasets: Sequence[str]) -> list[str]:
    """Which numbers the authorities' children must be known by for these sets to meet them, as the catalogue says."""
    columns = {field.numbering: field for field in dataset("crosswalk").tables[0].fields if field.numbering}
    told = [
        f"`{name}` by `{field.name}`"
        for name in datasets
        if (numbering := dataset(name).numbering) and (field := columns.get(numbering))
    ]
    if not told:
        return []
    page = "[crosswalk](../how-to/linker/crosswalk.md)"
    return [f"Meets the authorities' children through a {page}: {', '.join(told)}.", ""]


def _named(datasets: tuple[str, ...]) -> str:
    return ", ".join(f"`{dataset}`" for dataset in datasets)


if __name__ == "__main__":
    sys.stdout.write(page())
