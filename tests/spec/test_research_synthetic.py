"""The recipe over invented returns against a plain reading of the same returns, child by child and day by day."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tre_toolkit as tre
from tre_toolkit import returns, schema
from tre_toolkit.cli import run
from tre_toolkit.research.measures import tabulate
from tre_toolkit.research.recipes import recipe
from tre_toolkit.research.workspace import Workspace

Rows = dict[tuple[str, str], pd.DataFrame]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Rows]:
    """Returns of two invented authorities, with the true person beside each row: as a workspace, and as frames."""
    folder = tmp_path_factory.mktemp("twin")
    words = [
        "synth",
        "cin_census",
        "ssda903",
        "--authority",
        "990",
        "--authority",
        "991",
        "--years",
        "2024-2025",
    ]
    assert (
        run(
            [*words, "--children", "250", "--known", "0.8", "--seed", "4", "--into", str(folder / "invented")]
        )
        == 0
    )
    truth = pd.read_csv(folder / "invented/truth.csv", dtype=str)
    person = truth.set_index(["authority", "dataset", "period", "local_id"])["person"].to_dict()
    frames: dict[tuple[str, str], list[pd.DataFrame]] = defaultdict(list)
    for found in returns.find([folder / "invented"]):
        one = returns.read(found)
        of_year = schema.schema(one.dataset, one.year)
        for name, frame in returns.typed(one).items():
            own = of_year.table(name).person
            if own and own in frame and len(frame):
                who = [person.get((one.authority, one.dataset, str(one.year), local)) for local in frame[own]]
                place = {"person_id": who, "authority": one.authority, "period": str(one.year)}
                frames[one.dataset, name].append(frame.rename(columns={"row_no": "row_id"}).assign(**place))
    rows = {key: pd.concat(parts, ignore_index=True) for key, parts in frames.items()}
    return tre.open(_written(folder / "workspace", rows)), rows


def _written(folder: Path, rows: Rows) -> Path:
    """The frames in the layout of a workspace."""
    own = ["person_id", "authority", "period", "row_id"]
    for (dataset, name), frame in rows.items():
        place = folder / "tables" / dataset
        place.mkdir(parents=True, exist_ok=True)
        held = frame[[*own, *(column for column in frame if column not in own)]].copy()
        for column in held.select_dtypes("datetime"):
            held[column] = held[column].dt.date
        pq.write_table(pa.Table.from_pandas(held, preserve_index=False), place / f"{name}.parquet")
    who = rows["cin_census", "child_characteristics"][["person_id", "Ethnicity"]].dropna()
    most = who.groupby("person_id")["Ethnicity"].agg(lambda values: sorted(values.mode())[0])
    every = sorted({person for frame in rows.values() for person in frame["person_id"].dropna()})
    people = pa.table(
        {
            "person_id": every,
            "authority": ["990"] * len(every),
            "birth_month": pa.nulls(len(every), pa.date32()),
            "sex": pa.nulls(len(every), pa.string()),
            "ethnicity": [most.get(person) for person in every],
        }
    )
    pq.write_table(people, folder / "people.parquet")
    (folder / "workspace.json").write_text(json.dumps({"synthetic": True}))
    return folder


SOURCES = [
    ("Looked after", "ssda903", "episodes", "DECOM", "DEC"),
    ("Child protection plan", "cin_census", "child_protection_plans", "CPPstartDate", "CPPendDate"),
    ("Child in need plan", "cin_census", "cin_plans", "CINPlanStartDate", "CINPlanEndDate"),
    ("Assessment", "cin_census", "assessments", "AssessmentActualStartDate", "AssessmentAuthorisationDate"),
    ("Referral", "cin_census", "cin_details", "CINreferralDate", "CINclosureDate"),
]
FIRST, LAST = pd.Timestamp("2023-04-01"), pd.Timestamp("2025-03-31")


def plain_reading(rows: Rows) -> dict[str, str]:
    """Person to the furthest state of the two years, row by row, with no engine and no sweep."""
    furthest: dict[str, str] = {}
    for label, dataset, table, start, end in SOURCES:
        last: dict[tuple[object, ...], dict[str, object]] = {}
        for row in rows[dataset, table].sort_values("period").to_dict("records"):
            last[row["authority"], row["person_id"], row[start]] = row  # the later return wins
        for row in last.values():
            if label == "Looked after" and row["LS"] in ("V3", "V4"):
                continue
            first, out = row[start], row[end]
            if pd.isna(out):
                open_still = label != "Referral" or str(row["ReferralNFA"]).lower() not in ("1", "true")
                out = (
                    (LAST if row["period"] == "2025" else pd.Timestamp("2024-03-31")) if open_still else first
                )
                out += pd.Timedelta(days=1)
            elif out == first:
                out += pd.Timedelta(days=1)
            if first <= LAST and out > FIRST and out > first:
                furthest.setdefault(str(row["person_id"]), label)
    return furthest


def test_the_recipe_counts_what_a_plain_reading_of_the_returns_counts(told: tuple[Workspace, Rows]) -> None:
    workspace, rows = told
    table = tabulate(workspace, recipe("pathways").tables()["furthest_by_ethnicity.csv"])
    expected = pd.Series(plain_reading(rows)).value_counts()
    found = dict(zip(table.columns, table.units[-1].tolist(), strict=True))
    assert found.pop("Total") == expected.sum() > 200
    assert found == {name: int(expected.get(name, 0)) for name in found}


def test_what_is_wrong_with_invented_returns_is_nothing_but_what_open_cases_are(
    told: tuple[Workspace, Rows],
) -> None:
    workspace, _ = told
    defects = workspace.cohort().pathways().defects()
    for kind in ("not linked to a person", "no first day", "ends before it starts", "the same row twice"):
        assert defects[kind] == 0
    assert defects["repeated in a later return"] > 0
    assert defects["open, still in the last return"] > 0
