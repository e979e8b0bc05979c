"""Small workspaces by hand: frames drawn in a test are written in the layout `tre workspace` writes."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

TYPES = {"person_id": pa.string(), "authority": pa.string(), "period": pa.string(), "row_id": pa.int64()}
DATES = {
    "CINreferralDate", "CINclosureDate", "CPPstartDate", "CPPendDate", "CINPlanStartDate", "CINPlanEndDate",
    "AssessmentActualStartDate", "AssessmentAuthorisationDate", "DECOM", "DEC", "started", "ended",
    "MIS_START", "MIS_END", "startdate", "StartDate", "start_date", "end_date", "referral_date", "discharge_date",
    "arrivaldate", "offencestartdate", "custody_start", "custody_end", "leavingdate", "fsmstartdate",
}  # fmt: skip
COLUMNS = {
    "cin_census.cin_details": ("CINreferralDate", "CINclosureDate", "ReferralNFA"),
    "cin_census.assessments": ("AssessmentActualStartDate", "AssessmentAuthorisationDate"),
    "cin_census.cin_plans": ("CINPlanStartDate", "CINPlanEndDate"),
    "cin_census.child_protection_plans": ("CPPstartDate", "CPPendDate"),
    "ssda903.episodes": ("DECOM", "DEC", "RNE", "LS", "PLACE", "REC"),
}


def table(drawn: str) -> pd.DataFrame:
    """A frame drawn with bars; blanks are missing."""
    lines = [[cell.strip() for cell in line.split("|")] for line in drawn.strip().splitlines()]
    return pd.DataFrame([[cell or None for cell in line] for line in lines[1:]], columns=lines[0])


def make_workspace(folder: Path, people: str | pd.DataFrame, **tables: str | pd.DataFrame) -> Path:
    """Write a workspace; a table is named dataset__table. Known tables that aren't named are written empty."""
    (folder / "tables").mkdir(parents=True)
    drawn = {name.replace("__", "."): frame for name, frame in tables.items()}
    datasets = {name.partition(".")[0] for name in drawn}
    for name, columns in COLUMNS.items():
        if name.partition(".")[0] in datasets and name not in drawn:
            drawn[name] = pd.DataFrame(columns=["person_id", "authority", "period", *columns])
    for name, frame in drawn.items():
        _write(folder, name, table(frame) if isinstance(frame, str) else frame)
    who = table(people) if isinstance(people, str) else people
    for column in ("authority", "birth_month", "sex", "ethnicity"):
        if column not in who:
            who[column] = None
    columns = [
        pa.array([None if pd.isna(one) else _cast(column, one) for one in who[column]], type=_type(column))
        for column in who.columns
    ]
    pq.write_table(pa.table(columns, names=list(who.columns)), folder / "people.parquet")
    (folder / "workspace.json").write_text(json.dumps({"project": "test", "synthetic": True}))
    return folder


def _type(column: str) -> pa.DataType:
    return {"birth_month": pa.date32(), "match_weight": pa.float64()}.get(column, pa.string())


def _cast(column: str, value: object) -> object:
    return pd.Timestamp(value).date() if column == "birth_month" else value


def _write(folder: Path, name: str, frame: pd.DataFrame) -> None:
    dataset, _, stem = name.partition(".")
    frame = frame.copy()
    for column in COLUMNS.get(name, ()):
        if column not in frame:
            frame[column] = None
    frame["row_id"] = range(len(frame))
    for column in TYPES:
        if column not in frame:
            frame[column] = None
    order = [*TYPES, *(column for column in frame.columns if column not in TYPES)]
    schema = pa.schema(
        [(column, TYPES.get(column) or (pa.date32() if column in DATES else pa.string())) for column in order]
    )
    columns = []
    for field in schema:
        values = [None if pd.isna(value) else value for value in frame[field.name]]
        if field.type == pa.date32():
            values = [None if value is None else pd.Timestamp(value).date() for value in values]
        columns.append(pa.array(values, type=field.type))
    place = folder / "tables" / dataset
    place.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), place / f"{stem}.parquet")
