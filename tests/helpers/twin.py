"""A synthetic twin as a workspace by the shortest way: invented returns under the true persons, with nothing linked.

    workspace = twin(folder, Plan(("990", "991"), children=300, years=(2024, 2025), seed=1), DATASETS)

Linkage is tried elsewhere; here every record has its true person, so that what a study finds can be held against
what was invented. Mothers are persons too, and people.parquet names each child's.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from synth import Plan, World, invent, returns_of
from synth.mothers import mother_persons, mothers
from synth.people import ETHNIC_CODES
from synth.tell import draft_of
from synth.truth import persons, truth
from tre_toolkit import returns

EPOCH = pd.Timestamp("1970-01-01")
DATASETS = (
    "census2021_household", "cin_census", "cns_register", "early_help", "echild", "echild_mb", "leo", "moj_dfe",
    "npd_absence_exclusions", "npd_attainment", "npd_census", "npd_cla", "residence", "s251_placement_costs",
    "school_census", "social_work_workforce", "ssda903",
)  # fmt: skip
OWN = ("person_id", "authority", "period", "row_id")


def twin(folder: Path, plan: Plan, datasets: tuple[str, ...] = DATASETS) -> tuple[Path, World]:
    """Write a workspace at `folder` and give it back with the world it tells of."""
    world = invent(plan)
    parts: dict[tuple[str, str], list[pd.DataFrame]] = defaultdict(list)
    for one in returns_of(world, datasets):
        told = truth(world, draft_of(one)).to_pandas()
        who = dict(zip(told["local_id"], told["person"], strict=True))
        for name, frame in returns.typed(one).items():
            own = one.schema.table(name).person
            place: dict[str, Any] = {"authority": str(one.authority), "period": str(one.period)}
            place["person_id"] = frame[own].astype(object).map(who) if own in frame else None
            held = frame.rename(
                columns={"row_no": "row_id", **{at: f"{at}_in_return" for at in place if at in frame}}
            )
            if len(held):
                parts[one.dataset, name].append(held.assign(**place))
    for (dataset, name), frames in parts.items():
        _write(folder / "tables" / dataset / f"{name}.parquet", pd.concat(frames, ignore_index=True))
    if "programme" not in datasets:
        codes = plan.authorities
        started = [f"{plan.years[-1] - 1}-10-01"] * (len(codes) // 2) + [None] * (
            len(codes) - len(codes) // 2
        )
        _write(
            folder / "tables/programme/roll_out.parquet",
            pd.DataFrame({"authority": codes, "period": str(plan.years[-1]), "person_id": None, "row_id": range(len(codes)), "started": started}),
        )  # fmt: skip
    _people(folder, world)
    (folder / "workspace.json").write_text(json.dumps({"project": "twin", "synthetic": True}))
    return folder, world


def _write(path: Path, frame: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    held = frame[[*OWN, *(column for column in frame if column not in OWN)]].copy()
    columns = {}
    for name in held:
        values = held[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            days = (values - EPOCH).dt.days
            columns[name] = (
                pa.array(days.astype("Int32"), from_pandas=True).cast(pa.int32()).cast(pa.date32())
            )
        elif name == "person_id":
            columns[name] = pa.array(values.astype(object).where(values.notna(), None).tolist(), pa.string())
        else:
            columns[name] = pa.array(values, from_pandas=True)
    pq.write_table(pa.table(columns), path)


def _people(folder: Path, world: World) -> None:
    """A row for each child and each mother."""
    them, people = mothers(world), world.people
    every = np.arange(len(people))
    of_mother = np.array([*mother_persons(world, np.arange(len(them)), them), None], dtype=object)
    born = (EPOCH + pd.to_timedelta(people.born, unit="D")).to_period("M").to_timestamp()
    frame = pd.DataFrame(
        {
            "person_id": list(persons(world, every)),
            "authority": [world.plan.authorities[at] for at in people.home],
            "birth_month": born.date,
            "sex": np.where(people.female, "F", "M"),
            "ethnicity": np.array(ETHNIC_CODES, dtype=object)[people.ethnic],
            "household_id": [f"H{one}" for one in people.household],
            "band": "certain",
            "mother_id": of_mother[them.of],
        }
    )
    adults = pd.DataFrame(
        {"person_id": of_mother[:-1], "sex": "F", "band": "alone", "authority": world.plan.authorities[0]}
    )
    whole = pd.concat([frame, adults], ignore_index=True)
    table = {
        name: pa.array(
            [None if pd.isna(one) else one for one in whole[name]],
            pa.date32() if name == "birth_month" else pa.string(),
        )
        for name in whole
    }
    table["match_weight"] = pa.nulls(len(whole), pa.float64())
    pq.write_table(pa.table(table), folder / "people.parquet")
