"""From spine to workspace: the payload of all parcels under the project's own person ids.

A workspace holds no token and no row id of a parcel that leads back to one: `people.parquet` (a row
for each person, with the most frequent of what the returns say), `tables/<dataset>/<table>.parquet`
(all authorities and periods, one under the other) and `workspace.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tre_toolkit.engine import Engine, quote
from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.files import digest, new_folder
from tre_toolkit.linkage.engines import ALONE, BANDS
from tre_toolkit.linkage.intake import by_file, check_together
from tre_toolkit.linkage.room import Room
from tre_toolkit.linkage.room import room as room_for
from tre_toolkit.linkage.spine import MOTHER, Spine
from tre_toolkit.parcel import Parcel, RecipientKey, open_parcel
from tre_toolkit.schema.load import dataset as dataset_of
from tre_toolkit.schema.model import Field
from tre_toolkit.signing import Verifier

FORMAT = "tre-workspace-v1"
PAYLOAD = "payload/"


PLACE = ["authority", "dataset", "period", "record_id"]
SAYS = {"birth_date": "birth_month", "sex": "sex"}  # what a field's token says of a person
SEXES = {"1": "M", "2": "F", "M": "M", "F": "F"}
"""What the returns of all years write for male and female; anything else says nothing."""

WEAKEST_FIRST = (*(band for _, band in reversed(BANDS)), ALONE)
"""A person is as sure as the weakest of its records; one record by itself is no link at all."""


def make_workspace(
    spine: Spine,
    parcels: Sequence[Path],
    *,
    key: RecipientKey,
    trusted: Sequence[Verifier],
    into: Path,
    memory: str | None = None,
) -> dict[str, Any]:
    """Write a workspace folder at `into` and give back what its `workspace.json` says. `memory` ("1GB") limits what it
    takes: the rest goes to a private folder beside `into`, and what is written is the same.

    Raises TreError when a parcel doesn't verify, or holds records that the spine doesn't know.
    """
    opened = [open_parcel(Path(path), key=key, trusted=trusted) for path in parcels]
    check_together(by_file(opened))
    _check_of_spine(spine, opened)
    with (
        room_for(memory, beside=into.absolute().parent) as room,
        Engine(memory=room.memory, spill=room.folder) as engine,
        new_folder(into, mode=0o700) as folder,
    ):
        engine.table("spine", pa.Table.from_pandas(spine.frame, preserve_index=False))
        says: list[str] = []
        for dataset, table in _names(opened):
            target = folder / "tables" / dataset / f"{table}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            says += _write_table(engine, opened, dataset, table, target, room)
        _write_people(engine, says, folder / "people.parquet", mothers=MOTHER in spine.frame.columns)
        facts = _facts(spine, opened, folder)
        (folder / "workspace.json").write_text(
            json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    return facts


def _names(parcels: Sequence[Parcel]) -> list[tuple[str, str]]:
    """(dataset, table) of every payload part, each once."""
    parts = [
        name.split("/") for parcel in parcels for name in parcel.manifest.names if name.startswith(PAYLOAD)
    ]
    return sorted({(part[1], part[3]) for part in parts})


def _write_table(
    engine: Engine, parcels: Sequence[Parcel], dataset: str, table: str, target: Path, room: Room
) -> list[str]:
    """One table of the workspace. Gives back the queries by which it says something of a person."""
    parts = [
        (parcel, name)
        for parcel in parcels
        for name in parcel.manifest.names
        if name.startswith(f"{PAYLOAD}{dataset}/") and name.endswith(f"/{table}")
    ]
    held = _bring_in(engine, parts, room)
    _check_known(engine, dataset, table)
    kept = [name for name in held.names if name not in (*PLACE, "row_id")]
    engine.write(
        f"""SELECT spine.person_id, incoming.authority, incoming.period, incoming.row_id
                   {"".join(f", incoming.{quote(name)}" for name in kept)}
            FROM incoming LEFT JOIN spine USING (authority, dataset, period, record_id)
            ORDER BY incoming.authority, incoming.period, incoming.row_id""",
        target,
    )
    return _said_by(engine, dataset, table, held, target)


def _bring_in(engine: Engine, parts: Sequence[tuple[Parcel, str]], room: Room) -> pa.Schema:
    """All parts of a table as "incoming"; under a limit one part after another, each no larger in memory than itself."""
    if room.folder is None:
        whole = one_under_other([_placed(parcel, name, parcel.part(name)) for parcel, name in parts])
        engine.table("incoming", whole)
        return whole.schema
    form = one_under_other([_placed(parcel, name, _empty(parcel, name)) for parcel, name in parts])
    text = pa.string()
    with room.place() as place:
        for at, (parcel, name) in enumerate(parts):
            part = _placed(parcel, name, parcel.part(name))
            for field in form.schema:
                if field.type == text and field.name in part.column_names:
                    column = part.column(field.name).cast(text)
                    part = part.set_column(part.column_names.index(field.name), field.name, column)
            pq.write_table(
                pa.concat_tables([form, part], promote_options="permissive"), place / f"{at:06}.parquet"
            )
        engine.table("incoming", place)
    return form.schema


def _empty(parcel: Parcel, name: str) -> pa.Table:
    """A part without its rows."""
    first = next(parcel.batches(name), None)
    return parcel.part(name) if first is None else pa.Table.from_batches([first.slice(0, 0)])


def _said_by(engine: Engine, dataset: str, table: str, held: pa.Schema, target: Path) -> list[str]:
    """Keep what this table says of birth month, sex and ethnicity, as the catalogue marks those columns."""
    found = dataset_of(dataset)
    if table != found.person_table and all(one.name != table or one.person is None for one in found.tables):
        return []
    said = []
    fields = next(one for one in found.tables if one.name == table).fields
    for field in {
        field.name: field for field in fields
    }.values():  # one that changed over the years stands twice
        what = _meaning(field)
        if what and field.name in held.names:
            name = quote(f"said {dataset} {table} {field.name}")
            source = str(target).replace("'", "''")
            engine.run(
                f"""CREATE TABLE {name} AS SELECT person_id, '{what}' AS what, CAST({quote(field.name)} AS VARCHAR) AS value
                    FROM read_parquet('{source}') WHERE person_id IS NOT NULL AND {quote(field.name)} IS NOT NULL"""
            )
            said.append(f"SELECT * FROM {name}")
    return said


def _meaning(field: Field) -> str | None:
    """Which column of people.parquet a field of a return speaks to."""
    if said := SAYS.get(field.token or ""):
        return said
    return "ethnicity" if field.codes == "common:ethnicity" else None


def _write_people(engine: Engine, says: Sequence[str], target: Path, *, mothers: bool) -> None:
    """A row for each person of the spine: the first authority, the value said most often (ties: the first in order), the
    household of the newest record that has one, how surely the person's records belong together (the weakest of them), and
    the mother, where any record names one."""
    engine.run("CREATE TABLE said (person_id VARCHAR, what VARCHAR, value VARCHAR)")
    for query in says:
        engine.run(f"INSERT INTO said {query}")
    if mothers:
        engine.run(
            f"INSERT INTO said SELECT person_id, 'mother', {MOTHER} FROM spine WHERE {MOTHER} IS NOT NULL"
        )
    sexes = " ".join(f"WHEN '{code}' THEN '{sex}'" for code, sex in SEXES.items())
    place = " ".join(f"WHEN '{band}' THEN {at}" for at, band in enumerate(WEAKEST_FIRST))
    name = " ".join(f"WHEN {at} THEN '{band}'" for at, band in enumerate(WEAKEST_FIRST))
    engine.view(
        "meant",
        f"""SELECT person_id, what, CASE what WHEN 'birth_month' THEN substr(value, 1, 7) || '-01'
                   WHEN 'sex' THEN CASE value {sexes} END ELSE value END AS value FROM said""",
    )
    engine.view(
        "most",
        """SELECT person_id, what, value FROM (
             SELECT person_id, what, value,
                    row_number() OVER (PARTITION BY person_id, what ORDER BY count(*) DESC, value) AS place
             FROM meant WHERE value IS NOT NULL GROUP BY person_id, what, value) WHERE place = 1""",
    )
    engine.write(
        f"""SELECT first.person_id, first.authority, CAST(b.value AS DATE) AS birth_month, s.value AS sex, e.value AS ethnicity,
                  home.household_id, sure.match_weight, sure.band{f", m.value AS {MOTHER}" if mothers else ""}
           FROM (SELECT person_id, authority FROM (
                   SELECT person_id, authority,
                          row_number() OVER (PARTITION BY person_id ORDER BY period, authority) AS place FROM spine)
                 WHERE place = 1) first
           LEFT JOIN most b ON b.person_id = first.person_id AND b.what = 'birth_month'
           LEFT JOIN most s ON s.person_id = first.person_id AND s.what = 'sex'
           LEFT JOIN most e ON e.person_id = first.person_id AND e.what = 'ethnicity'
           LEFT JOIN most m ON m.person_id = first.person_id AND m.what = 'mother'
           LEFT JOIN (SELECT person_id, household_id FROM (
                        SELECT person_id, household_id,
                               row_number() OVER (PARTITION BY person_id ORDER BY period DESC, household_id) AS place
                        FROM spine WHERE household_id IS NOT NULL)
                      WHERE place = 1) home ON home.person_id = first.person_id
           LEFT JOIN (SELECT person_id, min(weight) AS match_weight, CASE min(CASE band {place} END) {name} END AS band
                      FROM spine GROUP BY person_id) sure ON sure.person_id = first.person_id
           ORDER BY first.person_id""",
        target,
    )


def _placed(parcel: Parcel, name: str, part: pa.Table) -> pa.Table:
    """A payload part with the place it comes from, as the spine names places."""
    _, dataset, period, _ = name.split("/")
    for at, (column, value) in enumerate(
        (("authority", parcel.manifest.authority), ("dataset", dataset), ("period", period))
    ):
        if column in part.column_names:  # a column of the return by that very name keeps its own
            part = part.rename_columns(
                [f"{one}_in_return" if one == column else one for one in part.column_names]
            )
        part = part.add_column(at, column, pa.array([value] * len(part), pa.string()))
    return part


def one_under_other(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables of different years as one: a column that a year doesn't have is missing there; types that differ become text."""
    types: dict[str, set[pa.DataType]] = {}
    for table in tables:
        for field in table.schema:
            types.setdefault(field.name, set()).add(field.type)
    text = {name for name, found in types.items() if len(found - {pa.null()}) > 1}
    alike = []
    for table in tables:
        for name in text & set(table.column_names):
            at = table.column_names.index(name)
            table = table.set_column(at, name, table.column(name).cast(pa.string()))
        alike.append(table)
    return pa.concat_tables(alike, promote_options="permissive")


def _check_of_spine(spine: Spine, parcels: Sequence[Parcel]) -> None:
    known = {one["parcel"] for one in spine.facts["parcels"]}
    authorities = {one["authority"] for one in spine.facts["parcels"]}
    problems = [
        Problem("the spine was not made of this parcel", Where(str(parcel.path)), "run `tre link` with it")
        for parcel in parcels
        if parcel.manifest.parcel not in known
        and (parcel.manifest.content != "attributes" or parcel.manifest.authority not in authorities)
    ]
    if any(parcel.manifest.project_digest != spine.facts["project_digest"] for parcel in parcels):
        problems.append(Problem("the spine is of another project or declaration"))
    if problems:
        raise Problems("these parcels don't belong to this spine", problems)


def _check_known(engine: Engine, dataset: str, table: str) -> None:
    unknown = engine.rows(
        """SELECT count(*) AS n FROM incoming LEFT JOIN spine USING (authority, dataset, period, record_id)
           WHERE incoming.record_id IS NOT NULL AND spine.person_id IS NULL"""
    )["n"].iloc[0]
    if unknown:
        raise TreError(
            f"{int(unknown):,} rows are of records that the spine doesn't know",
            where=Where(table=f"{dataset}/{table}"),
            hint="link the very parcels whose payload this is",
        )


def _facts(spine: Spine, parcels: Sequence[Parcel], folder: Path) -> dict[str, Any]:
    files = sorted(path for path in folder.rglob("*.parquet"))
    frame = spine.frame
    return {
        "format": FORMAT,
        "project": spine.facts["project"],
        "project_digest": spine.facts["project_digest"],
        "synthetic": spine.synthetic,
        "datasets": {
            str(name): sorted(group["period"].unique().tolist()) for name, group in frame.groupby("dataset")
        },
        "authorities": sorted(frame["authority"].unique().tolist()),
        "people": spine.persons,
        "parcels": sorted(parcel.manifest.parcel for parcel in parcels),
        "spine_sha256": spine.facts["sha256"],
        "files": {
            str(path.relative_to(folder)): {"rows": pq.read_metadata(path).num_rows, "sha256": digest(path)}
            for path in files
        },
    }
