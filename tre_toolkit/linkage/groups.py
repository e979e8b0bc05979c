"""The groups the linkage report tells its results by, beyond what stands beside the tokens: read from the payload.

Who is missed is the question a linkage must answer, and it is asked by ethnic group (18), SEN, UASC, care and
deprivation. An unsplit parcel holds those columns in its payload anyway, so nothing more has to leave the
authority for it; of a split file the linkage zone sees none, and the report keeps to what stands beside the tokens.
Which column speaks of which group the catalogue says: by its code list, or by the name returns give it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from tre_toolkit.errors import TreError
from tre_toolkit.parcel import Parcel
from tre_toolkit.schema.load import dataset as dataset_of
from tre_toolkit.schema.model import Code, Field

PAYLOAD = "payload/"
YES = "yes"


@dataclass(frozen=True, slots=True)
class Group:
    """A column of the report: fields coded by one of these lists or of one of these names; `presence` asks only
    whether the child has a row there at all."""

    name: str
    codes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    presence: bool = False

    def has(self, field: Field) -> bool:
        own = (field.codes or "").rpartition(":")[2]
        return own in self.codes or field.name in self.columns


GROUPS = (
    Group("ethnic group of 18", codes=("ethnicity", "ethnicity_extended")),
    Group("SEN", codes=("sen_provision",)),
    Group("UASC", columns=("UASC", "uasc_status")),
    Group("looked after", codes=("legal_status",), presence=True),
    Group("deprivation decile", columns=("imd04_decile",)),
)
FLAGS = {"1": YES, "true": YES, "True": YES, "0": "no", "false": "no", "False": "no"}


def groups_of(parcels: Sequence[Parcel]) -> pd.DataFrame:
    """Columns parcel, record_id and, of the groups, those that some payload speaks of; a row for each child it names."""
    found: dict[str, list[pd.DataFrame]] = {}
    for parcel in parcels:
        for name in parcel.manifest.names:
            if name.startswith(PAYLOAD):
                for spoken, frame in _said(parcel, name).items():
                    found.setdefault(spoken, []).append(frame)
    whole = pd.DataFrame({"parcel": pd.Series(dtype="str"), "record_id": pd.Series(dtype="int64")})
    for group in GROUPS:
        if group.name in found:
            rows = pd.concat(found[group.name], ignore_index=True)
            one = rows.groupby(["parcel", "record_id"])["value"].min().reset_index(name=group.name)
            whole = whole.merge(one, how="outer", on=["parcel", "record_id"])
    return whole


def _said(parcel: Parcel, name: str) -> Mapping[str, pd.DataFrame]:
    """What one table of a payload says of the groups: columns parcel, record_id, value."""
    _, dataset, _, table = name.split("/")
    try:
        known = dataset_of(dataset)
    except TreError:
        return {}
    fields = {field.name: field for one in known.tables if one.name == table for field in one.fields}
    wanted = [(group, field) for group in GROUPS for field in fields.values() if group.has(field)]
    if not wanted:
        return {}
    held = set(parcel.part(name).column_names)
    told: dict[str, pd.DataFrame] = {}
    for group, field in wanted:
        if field.name not in held or group.name in told:
            continue
        frame = parcel.part(name, columns=["record_id", field.name]).to_pandas().dropna()
        values = frame[field.name].astype(str).str.removesuffix(".0")
        labels = {} if field.codes is None else _labels(known.code_lists[field.codes].codes)
        values = values.map(lambda one, labels=labels: labels.get(one, FLAGS.get(one, one)))
        told[group.name] = pd.DataFrame(
            {
                "parcel": parcel.manifest.parcel,
                "record_id": frame["record_id"].astype("int64"),
                "value": YES if group.presence else values,
            }
        )
    return told


def _labels(codes: Sequence[Code]) -> dict[str, str]:
    """Code to what the report calls it: its label, or for a longer list's code that of the code it belongs to."""
    listed = {code.value: code for code in codes}
    return {value: listed.get(code.group or "", code).label for value, code in listed.items()}
