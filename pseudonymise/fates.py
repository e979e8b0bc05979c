"""Which fate a column may have: what the catalogue proposes, and what no declaration can ask for.

The catalogue's proposal is the least that is safe by itself; a declaration may go either way from it,
but not past what gives a child away. Each refusal is a row of `REFUSED`: which fates, of which columns, why
not, and what to declare in place of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tre_toolkit.errors import Problem, Where
from tre_toolkit.project import Project
from tre_toolkit.schema import Field, Table

if TYPE_CHECKING:
    from pseudonymise.planning import ColumnPlan

BIRTH = "birth_date"  # the token domain whose whole dates never stay
HOME = "postcode"  # the token domain of addresses
NEVER_STAYS = {"direct_id", "linkage_id"}
DATES = {"date", "datetime"}
WHOLE = {"keep", "shifted", "days"}  # fates that keep a date's day, moved or not


def proposed(table: Table, field: Field, events: str | None = None) -> tuple[str, str]:
    """What stays of a column when its own fate isn't declared, and why. `events` is declared for all event dates."""
    if field.coarsen:
        return field.coarsen, "the catalogue's coarsening"
    if field.name == table.person:
        return "drop", "record_id stands for it"
    if NEVER_STAYS & set(field.role):
        return "drop", "it says who a person is"
    if field.type == "string" and not field.format:
        return "drop", "free text"
    if field.type == "string" and HOME in (field.format or "").lower():
        return "district", "a full postcode never stays"
    if events and table.person and field.type in DATES:
        return events, "the project's declaration (dates)"
    return "keep", "the catalogue"


def _is_identifier(one: ColumnPlan) -> bool:
    return bool(NEVER_STAYS & set(one.role.split(", ")))


def _is_birth(one: ColumnPlan) -> bool:
    return one.domain == BIRTH


def _is_coarse_date(one: ColumnPlan) -> bool:
    """A date the catalogue never keeps whole: born, expected, died, came of age."""
    return one.type in DATES and one.coarsest is not None


def _is_free_text(one: ColumnPlan) -> bool:
    return one.type == "string" and not one.format


def _is_date_in_text(one: ColumnPlan) -> bool:
    return one.type == "string" and "yyyy" in (one.format or "").lower() and one.coarsest is not None


def _is_no_date(one: ColumnPlan) -> bool:
    return one.type not in DATES


def _is_no_postcode(one: ColumnPlan) -> bool:
    said = one.domain == HOME or one.coarsest == "district" or HOME in (one.format or "").lower()
    return one.type != "string" or not said


def _gives_no_token(one: ColumnPlan) -> bool:
    return not one.token


Test = Callable[["ColumnPlan"], bool]
COARSER = "declare month, year or drop"
REFUSED: tuple[tuple[set[str], Test, str, str], ...] = (
    ({"keep"}, _is_identifier, "an identifier can't be kept", "declare token or drop"),
    (WHOLE, _is_birth, "a whole birth date can't stay", COARSER),
    (WHOLE, _is_coarse_date, "a date that tells the day of birth or death can't stay whole", COARSER),
    ({"keep"}, _is_free_text, "free text can't be kept", "declare drop; a code list or a format in the catalogue makes it more than text"),
    ({"keep"}, _is_date_in_text, "a whole date written as text can't stay", "declare drop"),
    ({"month", "year", "shifted", "days"}, _is_no_date, "{fate} of a column that is no date", "declare keep or drop"),
    ({"district", "area"}, _is_no_postcode, "{fate} of a column that is no postcode", "declare keep or drop"),
    ({"token"}, _gives_no_token, "the catalogue names no token domain for this column", "declare drop"),
)  # fmt: skip


def refusals(one: ColumnPlan, fate: str) -> Iterator[Problem]:
    """Why this column can't have the declared fate: the first reason, if there is one."""
    for fates, applies, what, fix in REFUSED:
        if fate in fates and applies(one):
            yield Problem(what.format(fate=fate), Where(column=one.name), fix)
            return


def bad_anchors(columns: dict[str, ColumnPlan], project: Project) -> Iterator[Problem]:
    """What stands against counting days from the declared anchors: none named, no date, or whole dates beside it."""
    counted = [one for one in columns.values() if one.stays == "days" and not any(refusals(one, "days"))]
    for dataset in sorted({one.dataset for one in counted}):
        anchor = project.anchors.get(dataset)
        found = columns.get(f"{dataset}.{anchor}")
        where = Where(dataset, column=anchor)
        if found is None or found.type not in DATES or _is_birth(found) or _is_coarse_date(found):
            yield Problem(
                "days are counted from a date of the child's, and the declaration names none",
                where,
                f'say which under [anchors]: {dataset} = "table.column", an event date of a table about children',
            )
        for one in columns.values():
            whole = one.stays in ("keep", "shifted") and one.type in DATES and one.of_children
            if one.dataset == dataset and whole:
                yield Problem(
                    "a whole date beside days counted from an anchor would give the dates back",
                    Where(column=one.name),
                    f'declare it days, month, year or drop, or all at once: [dates] {dataset} = "days"',
                )
