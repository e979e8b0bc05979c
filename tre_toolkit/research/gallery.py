"""The reference page of the recipes, made from the recipes: `python -m tre_toolkit.research.gallery > docs/reference/recipes.md`."""

from __future__ import annotations

import sys

from tre_toolkit.research.recipes import names, recipe

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


def _named(datasets: tuple[str, ...]) -> str:
    return ", ".join(f"`{dataset}`" for dataset in datasets)


if __name__ == "__main__":
    sys.stdout.write(page())
