"""The reference pages of the catalogue, one a table: made from the catalogue, never by hand.

`pages` gives every page as text by its path below `docs/reference/catalogue`; `write_pages` makes a folder
hold exactly those. A test holds the pages of the documentation against what the catalogue says today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tre_toolkit.errors import TreError
from tre_toolkit.schema import describe, format_page
from tre_toolkit.schema.load import dataset, datasets
from tre_toolkit.schema.model import CodeList, Dataset, Rule, Table

MADE = "<!-- made by `tre schema docs` from the catalogue: change the catalogue, not this page -->"
COMPARED = {
    "same": "",
    "silent": "broken on neither side when compared",
    "explained": "other rows than the analysts' validator, all of them explained",
    "differs": "other rows than the analysts' validator",
    "not comparable": "the analysts' validator can't be compared",
}
LONG = 120  # codes beyond which a list isn't written out on a page


def pages(*more: Path) -> dict[str, str]:
    """Every page by its path, in order; `more` are further catalogue folders."""
    known = [dataset(name, *more) for name in datasets(*more)]
    made = {"index.md": _front(known), "format.md": _format()}
    for one in known:
        made[f"{one.name}/index.md"] = _dataset(one)
        made |= {f"{one.name}/{table.name}.md": _table(one, table) for table in one.tables}
        if one.rules:
            made[f"{one.name}/rules.md"] = _rules(one)
        if any(rule.compared for rule in one.rules):
            made[f"{one.name}/differences.md"] = _differences(one)
    return made


def write_pages(into: Path, *more: Path) -> int:
    """Make a folder hold exactly the pages; gives their number. Raises TreError when other files stand in it."""
    made = pages(*more)
    strange = [path for path in _there(into) if not path.read_text(encoding="utf-8").startswith(MADE)]
    if strange:
        raise TreError("a page not made by this command stands here", where=str(strange[0]))
    for path in _there(into):
        if path.relative_to(into).as_posix() not in made:
            path.unlink()
    for name, text in made.items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_text(text, encoding="utf-8", newline="\n")
    return len(made)


def stale(into: Path, *more: Path) -> list[str]:
    """Names of pages in a folder that are missing, superfluous or not what the catalogue says today."""
    made = pages(*more)
    there = {path.relative_to(into).as_posix(): path.read_text(encoding="utf-8") for path in _there(into)}
    return sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))


def _there(into: Path) -> list[Path]:
    return sorted(into.rglob("*.md"))


def _front(known: Sequence[Dataset]) -> str:
    rows = [
        (
            f"[{one.title}]({one.name}/index.md)",
            f"`{one.name}`",
            describe.years(one) or "all",
            len(one.tables),
            len({rule.id for rule in one.rules}) or "",
            one.confidence,
        )
        for one in known
    ]
    return _page(
        "The catalogue",
        "Every dataset the toolkit knows, as collected in each year. These pages are made from the catalogue's "
        "own files; `tre schema show` prints the same. *Confidence* says how far the facts were proved: "
        "*verified* against a published schema or code, *partial* or *believed* where a source was missing. "
        "[The format of its files](format.md) is a page of its own.",
        _rows(("Dataset", "Name", "Years", "Tables", "Rules", "Confidence"), rows),
    )


def _format() -> str:
    heads = ("Key", "Values", "When left out", "Meaning")
    parts = [
        "A dataset of the catalogue is a folder of TOML and CSV files. These are all the keys they may have; any other "
        "is refused, with file and line. How to write them is told step by step in "
        "[Add a dataset or a year](../../how-to/add-a-dataset-or-year.md).",
    ]
    for file, what, part in format_page.PARTS:
        rows = [(f"`{key}`", *rest) for key, *rest in format_page.keys(part)]
        parts += [f"## {file}", f"{what[0].upper()}{what[1:]}.", _rows(heads, rows)]
    return _page("The format of the catalogue", *parts)


def _dataset(one: Dataset) -> str:
    facts = describe.facts(one)
    told = [(name, facts[name]) for name in facts if name not in {"title", "note"}]
    tables = [
        (
            f"[{table.title or table.name}]({table.name}.md)",
            f"`{table.name}`",
            table.grain,
            describe.when(table, one),
        )
        for table in one.tables
    ]
    parts = [
        facts.get("note", ""),
        _rows(("", ""), told),
        "## Tables",
        _rows(("Table", "Name", "One row for", "Collected"), tables),
    ]
    if one.rules:
        numbers = len({rule.id for rule in one.rules})
        parts += ["## Rules", f"[All {numbers} rules](rules.md), by their numbers."]
        if any(rule.compared for rule in one.rules):
            parts.append("[Where they differ from the analysts' validator](differences.md), and why.")
    if one.lookups:
        rows = [(f"`{found.name}`", found.title, ", ".join(found.columns)) for found in one.lookups]
        parts += [
            "## Lists some rules need",
            "They can't be shipped; give them with `tre validate --lookup NAME=FILE.csv`.",
            _rows(("Name", "What it is", "Columns"), rows),
        ]
    if one.source:
        parts += ["## Sources", "\n".join(f"- {_plain(source)}" for source in one.source)]
    return _page(one.title, *parts)


def _table(one: Dataset, table: Table) -> str:
    facts = {
        "dataset": f"[{one.title}](index.md)",
        "one row for": table.grain,
        "collected": describe.when(table, one),
        "file": f"`{table.file}`" if table.file else "",
        "also called": ", ".join(f"`{name}`" for name in table.aliases),
        "XML element": f"`{table.path}`" if table.path else "",
        "below": f"[{table.parent}]({table.parent}.md)" if table.parent else "",
        "key": ", ".join(f"`{name}`" for name in table.key),
        "from its parents": ", ".join(f"`{name}`" for name in table.inherits),
        "numbered by": f"`{table.counter}`" if table.counter else "",
        "the child's number": f"`{table.person}`" if table.person else "",
        "confidence": table.confidence or "",
    }
    rows = [
        (
            f"`{field.name}`",
            _values(one, describe.values(field)),
            "yes" if field.required else "",
            describe.reveals(field),
            describe.stays(table, field),
            describe.when(field, table),
            "; ".join(word for word in (field.note, field.cbds, field.confidence) if word),
        )
        for field in table.fields
    ]
    heads = ("Column", "Values", "Required", "Reveals", "Stays", "Collected", "Note")
    parts = [
        table.note or "",
        _rows(("", ""), [(name, value) for name, value in facts.items() if value]),
        "## Columns",
        _rows(heads, rows),
    ]
    lists = dict.fromkeys(field.codes for field in table.fields if field.codes)
    if lists:
        parts.append("## Code lists")
        parts += [part for name in lists for part in _codes(one.code_lists[name], one.name)]
    numbers = list(dict.fromkeys(rule.id for rule in describe.asked_of(one, table.name)))
    if numbers:
        parts += [
            "## Rules that read it",
            ", ".join(f"[{number}](rules.md#{_anchor(number)})" for number in numbers),
        ]
    return _page(table.title or table.name, *parts)


def _codes(listed: CodeList, name: str) -> Iterable[str]:
    yield f"### `{listed.name}`"
    rows = describe.codes(listed)
    if len(rows) > LONG:
        yield f"{len(rows)} codes: `tre schema export {name} --as csv` writes them all."
        return
    wanted = [at for at in range(4) if at < 2 or any(row[at] for row in rows)]
    heads = ("Value", "Meaning", "Group", "Years")
    shown = [tuple(f"`{row[at]}`" if at == 0 else row[at] for at in wanted) for row in rows]
    yield _rows([heads[at] for at in wanted], shown)


def _rules(one: Dataset) -> str:
    numbered: dict[str, list[Rule]] = {}
    for rule in one.rules:
        numbered.setdefault(rule.id, []).append(rule)
    parts = [
        "What breaks each rule, in our own words. *Unsettled* rules are ones whose sources contradict each other "
        "or themselves. Where no year stands, a rule holds from 2023 or earlier: 2023 is the oldest list of rules "
        "seen. A rule that reads last year's return or a list is skipped, not passed, when there is none.",
    ]
    for number, entries in numbered.items():
        parts.append(f"## {number} {{: #{_anchor(number)} }}")
        parts += [_rule(rule) for rule in entries]
    return _page(f"Rules: {one.title}", *parts)


def _differences(one: Dataset) -> str:
    counts = Counter(rule.compared for rule in one.rules if rule.compared)
    told = [(COMPARED[what] or "the same rows", number) for what, number in counts.most_common() if what]
    rows = [
        (
            f"[{rule.id}](rules.md#{_anchor(rule.id)})",
            describe.years(rule),
            {"explained": "explained", "differs": "differs"}.get(rule.compared, "can't be compared"),
            rule.note or "",
        )
        for rule in one.rules
        if rule.compared in {"explained", "differs", "not comparable"}
    ]
    return _page(
        f"Where the rules differ from the analysts' validator: {one.title}",
        "Every rule was compared row by row with the validator the authorities' analysts use (Data to Insight), each of "
        "its rules given a copy of the data for itself, on the public sample returns and on damaged copies of them. "
        "*Explained* means that writing the error of theirs as a query gives exactly their rows. That the validator "
        "reads a rule as the DfE does was not proved: the DfE's own document was not at hand.",
        _rows(("Outcome", "Entries"), told),
        "## Entries that give other rows, or can't be compared",
        _rows(("Rule", "Years", "Outcome", "Why"), rows),
    )


def _rule(rule: Rule) -> str:
    marks = [
        describe.years(rule),
        rule.kind,
        rule.scope,
        "unsettled" if rule.unsettled else "",
        "not asked of invented children" if rule.waived else "",
        COMPARED.get(rule.compared or "", "not compared with the analysts' validators"),
    ]
    where = ", ".join(f"`{name}`" for name in rule.flags)
    columns = ", ".join(f"`{name}`" for name in rule.fields)
    lines = [
        f"*{', '.join(mark for mark in marks if mark)}*",
        _plain(rule.breaks_when),
        f"Reports rows of {where}" + (f"; reads {columns}." if columns else "."),
    ]
    if rule.lookup:
        lines.append(f"Needs a list: {_plain(rule.lookup)}.")
    if rule.note:
        lines.append(f"Note: {_plain(rule.note)}")
    return "\n\n".join(lines)


def _values(one: Dataset, told: str) -> str:
    """Names of code lists as links to where they stand on the same page."""
    words = [f"[`{word}`](#{_anchor(word)})" if word in one.code_lists else word for word in told.split(", ")]
    return ", ".join(words)


def _anchor(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum() or letter in "_-")


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([MADE, f"# {_plain(title)}", *(part for part in parts if part)]) + "\n"


def _rows(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(str(cell)) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|").replace("\n", " ")


def _plain(text: str) -> str:
    return text.replace("<", "&lt;") if "`" not in text else text
