"""The invented world into files: the returns of every authority and year, the truth, and a project for them.

    invented/<authority>/<dataset>/<period>/...     the returns, each folder with its sidecar
    invented/truth.csv                              who is who: authority, dataset, period, local id, person
    invented/mess.csv                               where a profile of messiness was asked for: every change
    invented/tre.toml                               a project declaration for exactly these data
    invented/manifest.json                          the digest of every file, signed where a signer is given
    invented/lookups/                               the invented register of providers and postcode directory

Large sets are made in chunks of children, written one below the other: memory is bounded by the chunk, and
the bytes are the same whatever its size.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synth import marks, mess
from synth.columns import sheet_of
from synth.figures import draw
from synth.files import Sink
from synth.like import Likeness, judged, kept
from synth.lookups import write_lookups
from synth.margins import Joint
from synth.model import Model
from synth.people import BLOCK
from synth.plan import Plan
from synth.report import broken_rules, report, write_report
from synth.tell import Draft, check_datasets, draft, wanted
from synth.truth import NAMES, truth, whose_number
from synth.utility import utility
from synth.world import World, invent
from tre_toolkit.errors import MisuseError
from tre_toolkit.files import new_folder
from tre_toolkit.returns.room import bytes_of

if TYPE_CHECKING:
    import pandas as pd

    from tre_toolkit.returns import Return
    from tre_toolkit.signing import Signer

SECOND = "second records"
# measured: what a run needs before the first child, and for each child held (all returns of three years, with messiness)
BASE, EACH, LEAST = 250 * 10**6, 30_000, 350 * 10**6
CHUNK = 25_000  # children of all authorities together that are held at once


def synthesise(
    names: Sequence[str],
    into: Path,
    *,
    plan: Plan,
    profile: str = mess.CLEAN,
    chunk: int = CHUNK,
    likeness: Likeness | None = None,
    joint: Joint | None = None,
    signer: Signer | None = None,
    forms: Mapping[str, str] | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Invent the world of `plan` and write its returns, truth and project into the new folder `into`.

    `forms` names another form for a dataset than its usual one (SSDA903 as xml). Gives back counts of children, files and rows. Raises TreError when `into` stands already; leaves nothing on
    failure.
    """
    check_datasets(names)
    forms = checked_forms(forms or {}, names)
    rates = {} if profile == mess.CLEAN else mess.profile(profile)
    model = likeness.model if likeness else Model(joint=joint)
    plan = replace(plan, given={**plan.given, **model.streams()})
    every: list[Return] = []
    told = wanted(plan.years, names)
    said = marks.facts(plan, tuple(names)) | {"messiness": profile}
    if likeness:
        said["engine"] = likeness.engine
    sinks, rows, written = dict[Path, Sink](), 0, dict[tuple[str, str], int]()
    with new_folder(into) as folder:
        for first, last in chunks(plan, chunk):
            made = invent(plan, first, last)
            for authority, code in enumerate(plan.authorities):
                for shape in told:
                    one = draft(made, authority, shape, model)
                    place = folder / code / shape.name / one.empty.period
                    sink = sinks.setdefault(place, Sink(place, forms.get(shape.name)))
                    rows += _put(made, one, sink, folder, rates, written)
                    if first == 0:
                        place.mkdir(parents=True, exist_ok=True)
                        marks.mark(
                            place, said | {"dataset": shape.name, "period": place.name, "authority": code}
                        )
                    if likeness or joint:
                        every.append(one.finished())
                    done(1)
        for sink in sinks.values():
            sink.close()
        order = list(dict.fromkeys(name for name, _ in written))
        _gather(folder, "truth", [part for name in order for part in (name, f"{name} {SECOND}")])
        _gather(folder, "mess", [f"{name} {table}" for name, table in written])
        if likeness or joint:
            _report(folder, said, likeness, every)
        marks.mark(folder, said)
        (folder / "tre.toml").write_text(project(plan, names), encoding="utf-8")
        write_lookups(folder / "lookups", plan)
        marks.write_manifest(folder, signer)
    return {
        "files": sum(len(sink.files) for sink in sinks.values()),
        "rows": rows,
        "children": plan.children * len(plan.authorities),
    }


def _report(folder: Path, said: dict[str, Any], likeness: Likeness | None, made: list[Return]) -> None:
    """The report of a set that used data or tables, with its figures; of a chunked set, on its last chunk's children."""
    rules = broken_rules(made)
    if likeness is None:
        write_report(folder, report(said, rules, {}, {}, {}))
        return
    apart = {}
    for real in likeness.fitted:
        for one in made:
            if one.dataset != real.dataset or one.authority != made[0].authority:
                continue
            for table in real.schema.tables:
                told = likeness.model.tables.get(f"{real.dataset}.{table.name}")
                if told and told.levels and len(one.tables[table.name]) and len(real.tables[table.name]):
                    name = f"{one.name}.{table.name}"
                    apart[name] = utility(real.tables, one.tables, table, told, real.schema)
    ledger = likeness.ledger.as_json() if likeness.ledger else None
    measures = judged(likeness, made)
    figures = draw(folder, measures, apart)
    write_report(folder, report(said, rules, measures, kept(likeness), apart, ledger, figures))


def chunk_of(memory: str | None) -> int:
    """How many children may be held at once in so much memory, "800MB" or "2GB". Raises MisuseError for too little."""
    if memory is None:
        return CHUNK
    size = bytes_of(memory)
    if size < LEAST:
        raise MisuseError("no set can be made in so little memory", hint=f"give {LEAST // 10**6}MB or more")
    return max(int((size - BASE) / EACH), BLOCK)


def checked_forms(forms: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """The forms asked for. Raises MisuseError for a dataset that isn't written, or a form that it doesn't come in."""
    from tre_toolkit.schema import dataset

    for name, form in forms.items():
        if name not in names:
            raise MisuseError(
                f"{name} isn't among the datasets asked for", hint=f"they are {', '.join(names)}"
            )
        usual = dataset(name).form
        if form not in (usual.kind, *usual.also):
            raise MisuseError(
                f"a {dataset(name).title} doesn't come as {form}",
                hint=f"it comes as {', '.join((usual.kind, *usual.also))}",
            )
    return dict(forms)


def chunks(plan: Plan, size: int) -> Iterator[tuple[int, int]]:
    """First and last place of each chunk, in each authority; whole households, at least one chunk."""
    if size < 1:
        raise MisuseError("a chunk holds at least one child")
    step = max(size // len(plan.authorities) // BLOCK, 1) * BLOCK
    for first in range(0, max(plan.children, 1), step):
        yield first, min(first + step, plan.children)


def _put(
    made: World,
    one: Draft,
    sink: Sink,
    folder: Path,
    rates: dict[str, float],
    written: dict[tuple[str, str], int],
) -> int:
    """Write one return of a chunk, below what is there of it; gives back the number of rows."""
    empty, authority = one.empty, str(one.authority)
    _below(folder / f".truth {empty.name}", truth(made, one))
    if rates:
        shape = one.schema
        tables, changes = mess.messy(
            one.finished().tables,
            shape,
            lambda name, told: whose_number(
                made, authority, shape.table(name), told, shape.dataset.numbering
            ),
            draws=made.draws,
            rates=rates,
        )
        second = mess.second_records(changes)
        if len(second):
            _below(folder / f".truth {empty.name} {SECOND}", truth(made, one, second=second))
        for table, done in _moved_down(changes, empty.name, written).groupby("table"):
            _below(
                folder / f".mess {empty.name} {table}",
                mess.told(empty, done.sort_values("row_no", kind="stable")),
            )
        one = replace(one, sheets={name: sheet_of(frame) for name, frame in tables.items()})
    for table, sheet in one.sheets.items():
        written[empty.name, table] = written.get((empty.name, table), 0) + len(sheet)
    return sink.put(one)


def _moved_down(changes: pd.DataFrame, name: str, written: Mapping[tuple[str, str], int]) -> pd.DataFrame:
    """The changes with row numbers of the whole return: below the rows that earlier chunks wrote."""
    above = changes["table"].map(lambda table: written.get((name, table), 0)).to_numpy(dtype=np.int64)
    return changes.assign(row_no=changes["row_no"].to_numpy(dtype=np.int64) + above)


def _gather(folder: Path, what: str, names: Sequence[str]) -> None:
    """One file of the parts that the returns have, in the order of the returns."""
    parts = [part for name in names if (part := folder / f".{what} {name}").is_file()]
    if not parts:
        return
    with (folder / f"{what}.csv").open("wb") as out:
        for at, part in enumerate(parts):
            with part.open("rb") as rows:
                header = rows.readline()
                if at == 0:
                    out.write(header)
                shutil.copyfileobj(rows, out)
            part.unlink()


def _below(path: Path, rows: Any) -> None:
    """Write rows below those a file has; the first ones with a header."""
    import pyarrow as pa
    from pyarrow import csv

    made = pa.BufferOutputStream()
    header = not path.exists()
    csv.write_csv(
        rows, made, csv.WriteOptions(include_header=header, quoting_style="needed", quoting_header="needed")
    )
    with path.open("ab") as file:
        file.write(made.getvalue())


def project(plan: Plan, names: Sequence[str]) -> str:
    """A declaration, as TOML, that fits the invented data."""
    authorities = "\n".join(f'"{code}" = "Invented authority {code}"' for code in plan.authorities)
    listed = ", ".join(f'"{name}"' for name in names)
    return (
        'id = "invented"\n'
        'title = "Invented children"\n'
        'purpose = "To try the toolkit on people who do not exist"\n'
        f"datasets = [{listed}]\n"
        'profile = "strict"\n\n'
        f"[authorities]\n{authorities}\n\n"
        "# Children who do not exist can't be exposed: their few names and their births in care stop no rehearsal.\n"
        "# A real declaration leaves these out, and is held to the defaults.\n"
        "[limits]\nbirthdays = 0.2\ncommon_tokens = 1.0\nnamed = 1.0\n"
    )


__all__ = ["CHUNK", "NAMES", "chunks", "project", "synthesise"]
