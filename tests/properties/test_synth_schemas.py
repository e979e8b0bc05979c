"""Whatever the schema, the walk keeps it: columns, codes, parents, keys, order of dates, chunks."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth.columns import frames
from synth.plan import Plan
from synth.structural import structural
from synth.world import invent
from tre_toolkit.schema.model import Code, CodeList, Dataset, Field, FileForm, Schema, Table

TOKENS = ("upn", "local_id", "given", "surname", "birth_date", "sex", "postcode", "nhs", None, None, None)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def fields(draw: st.DrawFn, number: int) -> Field:
    token = draw(st.sampled_from(TOKENS))
    kind = {"birth_date": "date", "sex": "code"}.get(token or "") or (
        "string" if token else draw(st.sampled_from(["string", "date", "integer", "decimal", "bool", "code"]))
    )
    low = draw(st.integers(0, 5))
    return Field.model_validate(
        {
            "name": f"c{number}",
            "type": kind,
            "role": ["none"],
            "token": token,
            "required": draw(st.booleans()),
            "codes": "sexes" if token == "sex" else "list" if kind == "code" else None,
            "minimum": low if kind == "integer" else None,
            "maximum": low + draw(st.integers(0, 9)) if kind == "integer" else None,
        }
    )


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    person = Field.model_validate(
        {"name": "child", "type": "string", "role": ["linkage_id"], "token": "local_id", "required": True}
    )
    tables = [
        Table(
            name="t0", grain="one per child", key=("child",), person="child", fields=(person, draw(fields(0)))
        )
    ]
    for number in range(1, draw(st.integers(1, 4))):
        above = draw(st.sampled_from(tables))
        down = (
            (*above.inherits, *([above.counter] if above.counter else []))
            if above.name != "t0"
            else ("child",)
        )
        if above.name != "t0" and not above.counter:
            above, down = tables[0], ("child",)
        counter = f"n{number}" if draw(st.booleans()) else None
        tables.append(
            Table(
                name=f"t{number}",
                grain="row",
                parent=above.name,
                inherits=down,
                counter=counter,
                key=(*down, counter) if counter else (),
                person="child",
                fields=tuple(draw(fields(at)) for at in range(1, draw(st.integers(2, 5)))),
            )
        )
    codes = draw(st.lists(st.text("abcXYZ019", min_size=1, max_size=4), min_size=1, max_size=8, unique=True))
    lists = {"list": codes, "sexes": ["m", "f"]}
    labels = {"m": "Male", "f": "Female"}
    made = Dataset(
        name="any",
        title="Any",
        publisher="nobody",
        confidence="believed",
        form=FileForm(kind="csv", date_formats=("%Y-%m-%d",)),
        person_table="t0",
        tables=tuple(tables),
        code_lists={
            name: CodeList(
                name=name, codes=tuple(Code(value=value, label=labels.get(value, value)) for value in values)
            )
            for name, values in lists.items()
        },
    )
    return made.at(2025)


def keeps_its_schema(shape: Schema, made: dict[str, pd.DataFrame]) -> None:
    for table in shape.tables:
        frame = made[table.name]
        assert list(frame.columns) == [*table.columns, "row_no"]
        if table.parent:
            above = made[table.parent].set_index(list(table.inherits)).index
            assert frame.set_index(list(table.inherits)).index.isin(above).all()
        if table.key:
            assert not frame.duplicated(list(table.key)).any()
        for field in table.fields:
            cells = frame[field.name].dropna()
            if field.codes:
                assert set(cells) <= set(shape.codes(field))
            if field.type == "integer":
                assert pd.to_numeric(cells).between(field.minimum or 0, field.maximum or 20).all()
            if field.required and field.token != "upn":
                assert len(cells) == len(frame), (table.name, field.name)


@QUICK
@given(schemas(), st.integers(0, 40), st.integers(0, 2**63))
def test_every_table_has_its_columns_codes_parents_and_keys(shape: Schema, children: int, seed: int) -> None:
    made = frames(structural(invent(Plan(("990",), children, (2025,), seed=seed)), 0, shape))
    keeps_its_schema(shape, made)


@QUICK
@given(schemas(), st.integers(1, 40))
def test_dates_of_a_row_follow_their_columns_and_the_birth(shape: Schema, children: int) -> None:
    made = frames(structural(invent(Plan(("990",), children, (2025,), seed=3)), 0, shape))
    for table in shape.tables:
        dated = [one.name for one in table.fields if one.type == "date" and one.token is None]
        days = made[table.name][dated].apply(pd.to_datetime)
        for first, second in itertools.pairwise(dated):
            both = days[[first, second]].dropna()
            assert (both[first] <= both[second]).all()
        for one in dated:
            assert days[one].dropna().between("2024-04-01", "2025-03-31").all()


@QUICK
@given(schemas(), st.integers(1, 60), st.integers(1, 7))
def test_chunks_leave_no_trace(shape: Schema, children: int, blocks: int) -> None:
    plan = Plan(("990",), children, (2025,), seed=5)
    whole = frames(structural(invent(plan), 0, shape))
    parts = [
        frames(structural(invent(plan, first, first + 8 * blocks), 0, shape))
        for first in range(0, children, 8 * blocks)
    ]
    for name, frame in whole.items():
        together = pd.concat([part[name] for part in parts], ignore_index=True)
        pd.testing.assert_frame_equal(together.drop(columns="row_no"), frame.drop(columns="row_no"))


DECOY = """
import sys
from pathlib import Path
opened = []
def watch(event, args):
    if event == "open" and args[0] and not isinstance(args[0], int):
        opened.append(str(args[0]))
from synth.structural import structural
from synth.cin_census import cin_census
from synth.ssda903 import ssda903
from synth.world import invent
from synth.plan import Plan
import pandas, pyarrow, pyarrow.compute, tre_toolkit.schema as schema
from tre_toolkit.schema import dataset
sys.addaudithook(watch)
made = invent(Plan(("990",), 50, (2025,), tier=0))
for teller, name in ((cin_census, "cin_census"), (ssda903, "ssda903")):
    teller(made, 0, dataset(name).at(2025))
structural(made, 0, dataset("s251_placement_costs").at(2025))
print("\\n".join(opened))
"""


def test_the_tier_that_reads_the_schema_alone_opens_no_other_file(tmp_path: Path) -> None:
    for name in ("header.csv", "real.csv", "CIN_census.xml"):  # decoys where it runs
        (tmp_path / name).write_text("child,secret\n1,2\n")
    told = subprocess.run(
        [sys.executable, "-c", DECOY], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    root = Path(__file__).parents[2]
    for name in told.stdout.splitlines():
        inside = Path(name).is_relative_to(root / "synth") or Path(name).is_relative_to(root / "tre_toolkit")
        library = "site-packages" in name or "/lib/python" in name
        assert inside or library, name
        assert not Path(name).is_relative_to(tmp_path)
