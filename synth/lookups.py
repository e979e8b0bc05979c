"""The invented register of providers, postcode directory and authority codes, for the rules that ask them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth import columns as col
from synth.ids import POSTCODES, postcodes
from synth.looked_after import urns
from synth.plan import Plan
from synth.providers import REGISTER

SEA_EAST, SEA_NORTH, APART = 900_000, 200_000, 150  # metres: grid references at sea, east of Britain
REGISTER_COLUMNS = ("URN", "PLACE_CODES", "PROVIDER_CODES", "REG_END", "POSTCODE", "LA_CODE")


def write_lookups(folder: Path, plan: Plan) -> None:
    """Write `ofsted_provider.csv`, `postcode_directory.csv` and `la_code.csv` into the new `folder`."""
    import pyarrow as pa
    from pyarrow import csv

    folder.mkdir()
    rows: list[tuple[str, ...]] = []
    room = POSTCODES // len(plan.authorities)
    for at, code in enumerate(plan.authorities):
        homes = postcodes((np.arange(len(REGISTER)) + room * at).astype(np.uint64))
        for urn, kind, home in zip(urns(code), REGISTER, homes, strict=True):
            post = home.decode().replace(" ", "")
            rows.append((urn, ",".join(kind.places), kind.provider, "", post, code))
    register = pa.table({name: [row[at] for row in rows] for at, name in enumerate(REGISTER_COLUMNS)})
    every = np.arange(room * len(plan.authorities))
    directory = pa.table(
        {
            "pcd": col.text(np.char.replace(postcodes(every.astype(np.uint64)), b" ", b"")),
            "la": col.coded(plan.authorities, every // room),
            "east": col.counts(SEA_EAST + every % 60 * APART),
            "north": col.counts(SEA_NORTH + every // 60 * APART),
        }
    )
    how = csv.WriteOptions(quoting_style="needed", quoting_header="needed")
    csv.write_csv(register, folder / "ofsted_provider.csv", how)
    csv.write_csv(directory, folder / "postcode_directory.csv", how)
    csv.write_csv(pa.table({"code": [*plan.authorities, "999"]}), folder / "la_code.csv", how)
