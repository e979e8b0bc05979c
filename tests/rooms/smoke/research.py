"""Research alone: a declaration counts children in a workspace made by hand."""

import datetime
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tre_toolkit.cli import run

place = Path(sys.argv[1])
workspace = place / "workspace"
(workspace / "tables" / "cin_census").mkdir(parents=True)
people = [f"P{n}" for n in range(20)]
same = {"authority": ["990"] * 20}
pq.write_table(
    pa.table(
        {
            "person_id": people,
            **same,
            "birth_month": ["2012-05"] * 20,
            "sex": ["F", "M"] * 10,
            "ethnicity": ["WBRI"] * 20,
        }
    ),
    workspace / "people.parquet",
)
referred = pa.array([datetime.date(2024, 5, 1)] * 20, pa.date32())
never = pa.array([None] * 20, pa.date32())
pq.write_table(
    pa.table({"person_id": people, **same, "period": ["2025"] * 20, "row_id": pa.array(range(20), pa.int64()),
              "CINreferralDate": referred, "CINclosureDate": never, "ReferralNFA": ["0"] * 20}),
    workspace / "tables" / "cin_census" / "cin_details.parquet",
)  # fmt: skip
(workspace / "workspace.json").write_text(json.dumps({"project": "smoke", "synthetic": True}))
import tre_toolkit as tre  # noqa: E402

assert "P1" not in repr(tre.open(workspace))
assert run(["recipe", "list"]) == 0
print("research works")
