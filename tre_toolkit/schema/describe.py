"""The catalogue in a person's words: rows for `tre schema show` and for the reference pages.

Everything here is names, counts and meanings; nothing reads a return.
"""

from __future__ import annotations

from collections.abc import Iterable

from tre_toolkit.schema.model import Code, CodeList, Dataset, Field, Part, Rule, Schema, Table, Termly

ROLES = {
    "direct_id": "direct identifier",
    "linkage_id": "linkage identifier",
    "quasi_id": "quasi-identifier",
    "sensitive": "sensitive",
    "none": "nothing",
}
STAYS = {
    "month": "year and month",
    "year": "year",
    "district": "postcode district",
    "drop": "nothing",
    None: "as it is",
}
FORMS = {
    "xml": "one XML document",
    "csv": "a set of CSV files",
    "workbook": "a workbook",
    "flat": "CSV or Parquet files",
}


def years(part: Part, within: Part | None = None) -> str:
    """The collection years in which a part exists, in words; empty when they are those of what holds it."""
    since = part.since if within is None or part.since != within.since else None
    until = part.until if within is None or part.until != within.until else None
    if since and until:
        return str(since) if since == until else f"{since} to {until}"
    if since:
        return f"from {since}"
    return f"to {until}" if until else ""


def when(part: Termly, within: Part | None = None) -> str:
    """Years and terms in which a table or field is collected, in words."""
    return ", ".join(word for word in (years(part, within), " and ".join(part.terms)) if word)


def reveals(field: Field) -> str:
    """What a column reveals about a person, in words."""
    return ", ".join(ROLES[role] for role in field.role)


def stays(table: Table, field: Field) -> str:
    """What of a column stays in a research extract when the project declares nothing else."""
    kept = STAYS[_kept(table, field)]
    if not field.token:
        return kept
    return "a token" if kept == "nothing" else f"a token; {kept}"


def _kept(table: Table, field: Field) -> str | None:
    """The same as the plan of `tre plan` proposes; a test holds the two against each other."""
    if field.coarsen:
        return field.coarsen
    if field.name == table.person or {"direct_id", "linkage_id"} & set(field.role):
        return "drop"
    if field.type == "string" and not field.format:
        return "drop"  # free text
    if field.type == "string" and "postcode" in (field.format or "").lower():
        return "district"
    return None


def values(field: Field) -> str:
    """Which values a column takes, in words: type, code list, format and limits."""
    limits = f"{field.minimum}" if field.minimum is not None else ""
    if field.maximum is not None:
        limits = f"{limits} to {field.maximum}" if limits else f"up to {field.maximum}"
    elif limits:
        limits = f"{limits} or more"
    return ", ".join(word for word in (field.type, field.codes, field.format, limits) if word)


def fields(schema: Schema, table: Table) -> list[tuple[str, str, str, str, str]]:
    """A row for each column of a table: name, values, whether it must be filled, what it reveals, what stays."""
    told = [schema.column(table.name, name) for name in table.columns]
    return [
        (field.name, values(field), "yes" if field.required else "", reveals(field), stays(table, field))
        for field in told
    ]


def codes(listed: CodeList, year: int | None = None) -> list[tuple[str, str, str, str]]:
    """A row for each code of a list, of one year or of all: value, label, group, years."""
    kept: Iterable[Code] = (code for code in listed.codes if year is None or code.exists_in(year))
    return [(code.value, code.label, code.group or "", years(code)) for code in kept]


def facts(known: Dataset) -> dict[str, str]:
    """What is known of a dataset as a whole."""
    told = {
        "title": known.title,
        "publisher": known.publisher,
        "years": years(known) or "all",
        "terms": ", ".join(known.terms),
        "year ends": known.year_ends,
        "stands in": ", also ".join(
            FORMS[form] for form in dict.fromkeys((known.form.kind, *known.form.also))
        ),
        "dates": ", ".join(known.form.date_formats),
        "children": ", ".join(known.person_tables) or "no table of its own",
        "rules": f"{len({rule.id for rule in known.rules})} numbers" if known.rules else "",
        "confidence": known.confidence,
        "note": known.note or "",
    }
    return {name: value for name, value in told.items() if value}


def asked_of(known: Dataset, table: str) -> tuple[Rule, ...]:
    """The rules that read a table, in the catalogue's order."""
    return tuple(rule for rule in known.rules if table in rule.tables)
