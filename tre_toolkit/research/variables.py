"""Variables: one value a child, in SQL, with every value it can take in the code book's order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from tre_toolkit import schema
from tre_toolkit.engine import quote
from tre_toolkit.errors import MisuseError, TreError, Where
from tre_toolkit.research.cohorts import YEAR
from tre_toolkit.research.declared import MISSING, UNKNOWN, Variable
from tre_toolkit.research.episodes import day_of, text
from tre_toolkit.research.pathways import Pathways

# where the code books of people.parquet stand in the catalogue
PEOPLE_CODES = {"ethnicity": ("cin_census", "common:ethnicity"), "sex": ("cin_census", "common:sex_mfu")}


def value_sql(paths: Pathways, variable: Variable) -> str:
    """A query (child, value) with at most one row a child of the cohort; whoever has none has no value."""
    if variable.furthest is not None:
        return _furthest(paths, variable.furthest, variable.told_as)
    if variable.age:
        years = f"((w.since - b.birth_day) / {YEAR})"
        source = f"{quote(paths.windows)} AS w INNER JOIN births AS b ON w.child = b.child"
        return f"SELECT w.child, {_banded(years, variable)} AS value FROM {source}"
    if variable.has is not None:
        return _has(paths, variable)
    column = variable.column or ""
    if "." not in column:
        check_people(paths, column)
        return (
            f"SELECT c.child, {_value(f'p.{quote(column)}', variable)} AS value FROM people AS p "
            f"INNER JOIN children AS c ON p.person_id = c.person_id WHERE p.{quote(column)} IS NOT NULL"
        )
    if variable.via:
        return _through(paths, variable)
    dataset, table, name = split(column, 3)
    order = "ASC" if variable.pick == "first" else "DESC"
    return (
        f"SELECT child, value FROM (SELECT c.child, {_value(f't.{quote(name)}', variable)} AS value, "
        f"ROW_NUMBER() OVER (PARTITION BY c.child ORDER BY t.period {order}, t.row_id {order}) AS place "
        f"FROM {_rows(paths, dataset, table, variable, name)} AND t.{quote(name)} IS NOT NULL) AS picked WHERE place = 1"
    )


def each_child_sql(paths: Pathways, variables: tuple[Variable, ...], *, more: str = "") -> str:
    """A query with a row for each child of the cohort: child, v0, v1, ... (missing: the empty text).

    `more` adds expressions over the child's window `w` and, as `p`, its row of people.parquet.
    """
    joins = " ".join(
        f"LEFT JOIN ({value_sql(paths, variable)}) AS j{at} ON w.child = j{at}.child"
        for at, variable in enumerate(variables)
    )
    values = "".join(f", COALESCE(j{at}.value, '') AS v{at}" for at in range(len(variables)))
    people = (
        "INNER JOIN children AS c ON w.child = c.child INNER JOIN people AS p ON c.person_id = p.person_id "
        if more
        else ""
    )
    told = f", {more}" if more else ""
    return f"SELECT w.child{values}{told} FROM {quote(paths.windows)} AS w {people}{joins}"


def levels(paths: Pathways, variable: Variable) -> dict[str, str]:
    """Every value a variable can take, in order, with its label; the empty text is missing or none."""
    if variable.furthest is not None:
        known = {state.name: state.label for state in paths.states}
        unknown = [name for name in variable.furthest if name not in known]
        if unknown:
            raise TreError(
                f"not among the pathways' states: {', '.join(unknown)}", hint=f"they are {', '.join(known)}"
            )
        certain = set(variable.furthest) == set(known) and paths.definition.start == "contact"
        nobody = {} if certain else {"": variable.none}  # whoever is counted is in one of them
        return nobody | {
            name: known[name] for name in reversed(variable.furthest) if name not in variable.told_as
        }
    if variable.has is not None:
        return {"": variable.none, "1": variable.yes}
    if variable.bands:
        return {str(at): name for at, name in enumerate(_band_names(variable))} | {"": MISSING}
    return {**_code_book(paths, variable), "": MISSING}


def places(values: Any, known: dict[str, str]) -> np.ndarray:
    """Where each value stands among the known ones; len(known) for a value the code book doesn't have."""
    at = {value: place for place, value in enumerate(known)}
    return np.asarray(values.map(at).fillna(len(known)), dtype=np.int64)


def labels(known: dict[str, str], found: np.ndarray) -> list[str]:
    """The labels, with one more for values the code book doesn't have, if there are any."""
    return [*known.values(), *([UNKNOWN] if (found == len(known)).any() else [])]


def check_people(paths: Pathways, column: str) -> None:
    """Raise TreError when people.parquet has no such column that may split a table."""
    known = paths.workspace.engine.columns("people")
    if column not in known or column == "person_id":
        hint = f"they have {', '.join(sorted(set(known) - {'person_id'}))}"
        raise TreError("people have no such column", where=Where(table="people", column=column), hint=hint)


def split(name: str, parts: int) -> list[str]:
    """ "dataset.table.column" into its parts. Raises MisuseError when it hasn't so many."""
    found = name.split(".")
    if len(found) != parts:
        raise MisuseError('name it as "dataset.table.column"', where=name)
    return found


def _furthest(paths: Pathways, names: tuple[str, ...], told_as: dict[str, str]) -> str:
    own = [name for name in names if name in paths.rules.order]
    rank = " ".join(f"WHEN {paths.number(name)} THEN {at}" for at, name in enumerate(own))
    back = " ".join(f"WHEN {at} THEN {text(told_as.get(name, name))}" for at, name in enumerate(own))
    numbers = ", ".join(str(paths.number(name)) for name in own)
    return (
        f"SELECT child, CASE MIN(CASE state {rank} END) {back} END AS value "
        f"FROM {quote(paths.reached)} WHERE state IN ({numbers}) GROUP BY child"
    )


def _through(paths: Pathways, variable: Variable) -> str:
    """A column of a table about something else (a household), through the key a person's table shares with it."""
    dataset, table, name = split(variable.column or "", 3)
    key_dataset, key_table, key = split(variable.via or "", 3)
    other = paths.workspace.need(dataset, table, name, key)
    order = "ASC" if variable.pick == "first" else "DESC"
    rows = _rows(paths, key_dataset, key_table, variable, key)
    return (
        f"SELECT k.child, MIN({_value(f'o.{quote(name)}', variable)}) AS value FROM (SELECT child, key FROM ("
        f"SELECT c.child, t.{quote(key)} AS key, ROW_NUMBER() OVER (PARTITION BY c.child ORDER BY t.period {order}, "
        f"t.row_id {order}) AS place FROM {rows} AND t.{quote(key)} IS NOT NULL) AS picked WHERE place = 1) AS k "
        f"INNER JOIN {other} AS o ON CAST(k.key AS VARCHAR) = CAST(o.{quote(key)} AS VARCHAR) WHERE o.{quote(name)} IS NOT NULL GROUP BY k.child"
    )


def _has(paths: Pathways, variable: Variable) -> str:
    dataset, table, *column = (variable.has or "").split(".")
    if not table or len(column) > 1:
        raise MisuseError('name it as "dataset.table" or "dataset.table.column"', where=variable.has)
    wanted = ""
    if column:
        place = f"t.{quote(column[0])}"
        among = (
            f"LOWER(CAST({place} AS VARCHAR)) IN ({', '.join(text(code.lower()) for code in variable.codes)})"
        )
        wanted = f" AND {among if variable.codes else f'{place} IS NOT NULL'}"
    return f"SELECT DISTINCT c.child, '1' AS value FROM {_rows(paths, dataset, table, variable, *column)}{wanted}"


def _rows(paths: Pathways, dataset: str, table: str, variable: Variable, *columns: str) -> str:
    """Rows `t` of children `c` of the cohort, in the child's window where the variable says on which date."""
    wanted = [*columns, *([variable.on] if variable.on else [])]
    source = paths.workspace.need(dataset, table, *wanted)
    within = ""
    if variable.on:
        when = day_of(variable.on, of="t")
        within = f" AND {when} >= w.since AND {when} < w.until"
    joined = f"{source} AS t INNER JOIN children AS c ON t.person_id = c.person_id"
    if variable.of == "mother":
        check_people(paths, "mother_id")
        joined = (
            f"{source} AS t INNER JOIN people AS m ON t.person_id = m.mother_id "
            "INNER JOIN children AS c ON m.person_id = c.person_id"
        )
    return f"{joined} INNER JOIN {quote(paths.windows)} AS w ON c.child = w.child WHERE TRUE{within}"


def _value(column: str, variable: Variable) -> str:
    return (
        _banded(f"TRY_CAST({column} AS DOUBLE)", variable) if variable.bands else f"CAST({column} AS VARCHAR)"
    )


def _banded(number: str, variable: Variable) -> str:
    cases = " ".join(f"WHEN {number} < {edge} THEN '{at}'" for at, edge in enumerate(variable.bands))
    return f"CASE WHEN {number} IS NULL THEN '' {cases} ELSE '{len(variable.bands)}' END"


def _band_names(variable: Variable) -> list[str]:
    edges = [f"{edge:g}" for edge in variable.bands]
    whole = variable.age or all(float(edge).is_integer() for edge in variable.bands)
    between = [
        (low if int(low) == int(high) - 1 else f"{low} to {int(high) - 1}")
        if whole
        else f"{low} to under {high}"
        for low, high in pairwise(edges)
    ]
    return [f"Under {edges[0]}", *between, f"{edges[-1]} or more"]


def _code_book(paths: Pathways, variable: Variable) -> dict[str, str]:
    column = variable.column or ""
    if column in PEOPLE_CODES:
        dataset, name = PEOPLE_CODES[column]
        book = schema.dataset(dataset).code_lists[name].codes
        return {code.value: code.label for code in book}
    if "." in column:
        dataset, table, name = split(column, 3)
        if found := valid_codes(paths, dataset, table, name):
            return found
        source = paths.workspace.need(dataset, table, name)
        sql = f"SELECT DISTINCT CAST({quote(name)} AS VARCHAR) AS value FROM {source} WHERE {quote(name)} IS NOT NULL"
    else:
        check_people(paths, column)
        sql = f"SELECT DISTINCT CAST({quote(column)} AS VARCHAR) AS value FROM people WHERE {quote(column)} IS NOT NULL"
    return {value: value for value in paths.workspace.engine.rows(f"{sql} ORDER BY value").value}


def valid_codes(paths: Pathways, dataset: str, table: str, column: str) -> dict[str, str]:
    """The code book of a return's column over the years the workspace holds: the latest year's label of each code."""
    if dataset not in schema.datasets():
        return {}
    source = paths.workspace.need(dataset, table, column)
    years = paths.workspace.engine.rows(
        f"SELECT DISTINCT CAST(substr(period, 1, 4) AS INTEGER) AS y FROM {source} ORDER BY y"
    )
    book: dict[str, str] = {}
    for year in years.y:
        if not schema.dataset(dataset).exists_in(int(year)):
            continue
        of_year = schema.schema(dataset, int(year))
        for one in of_year.tables:
            for found in one.fields if one.name == table else ():
                if found.name == column:
                    book |= of_year.codes(found)
    return book
