"""The invented world into files: the returns of every authority and year, the truth, and a project for them.

invented/<authority>/<dataset>/<period>/...     the returns, each folder with its sidecar
invented/truth.csv                              who is who: authority, dataset, period, local id, person
invented/tre.toml                               a project declaration for exactly these data
invented/lookups/                               the invented register of providers and postcode directory
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synth import columns as col
from synth import marks
from synth.draw import Ints
from synth.ids import POSTCODES, Text, numbered, postcodes
from synth.looked_after import urns
from synth.plan import Plan
from synth.providers import REGISTER
from synth.world import World, world
from tre_toolkit.errors import MisuseError
from tre_toolkit.files import new_folder
from tre_toolkit.schema import dataset, datasets

if TYPE_CHECKING:
    import pandas as pd

    from tre_toolkit.returns import Return

Tables = dict[str, "pd.DataFrame"]
SEA_EAST, SEA_NORTH, APART = 900_000, 200_000, 150  # metres
TERM = "spring"  # the term that is written when a dataset has terms


@dataclass(frozen=True, slots=True)
class Told:
    """A dataset the careers can be told as."""

    tell: Callable[[World, int, int, str | None], Tables]


def _cin(world: World, authority: int, year: int, term: str | None) -> Tables:
    from synth.cin_census import cin_census

    return cin_census(world, authority, year)


def _care(world: World, authority: int, year: int, term: str | None) -> Tables:
    from synth.ssda903 import ssda903

    return ssda903(world, authority, year)


def _school(world: World, authority: int, year: int, term: str | None) -> Tables:
    from synth.school_census import school_census

    return school_census(world, authority, year, term or TERM)


TELLERS = {"cin_census": _cin, "ssda903": _care, "school_census": _school}


def returns_of(made: World, names: Sequence[str]) -> Iterator[Return]:
    """The returns of a world, one after the other: authority by authority, dataset by dataset, year by year."""
    from tre_toolkit.returns import Return

    for at, authority in enumerate(made.plan.authorities):
        for name in names:
            for year in made.plan.years:
                term = TERM if dataset(name).terms else None
                tables = TELLERS[name](made, at, year, term)
                yield Return(name, year, term, authority, tables, synthetic=True)


def synthesise(
    names: Sequence[str], into: Path, *, plan: Plan, done: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Invent the world of `plan` and write its returns, truth and project into the new folder `into`.

    Gives back counts of files and rows. Raises TreError when `into` stands already; leaves nothing on failure.
    """
    from tre_toolkit.returns import write

    check_datasets(names)
    made = world(plan)
    said = marks.facts(plan, tuple(names))
    files, rows, truths = 0, 0, []
    with new_folder(into) as folder:
        for one in returns_of(made, names):
            place = folder / str(one.authority) / one.dataset / one.period
            place.parent.mkdir(parents=True, exist_ok=True)
            files += len(write(one, place))
            marks.mark(
                place, said | {"dataset": one.dataset, "period": one.period, "authority": one.authority}
            )
            rows += sum(len(table) for table in one.tables.values())
            truths.append(_truth(made, one))
            done(1)
        marks.mark(folder, said)
        _write_truth(folder / "truth.csv", truths)
        (folder / "tre.toml").write_text(project(plan, names), encoding="utf-8")
        write_lookups(folder / "lookups", plan)
    return {"files": files, "rows": rows, "children": plan.children * len(plan.authorities)}


def check_datasets(names: Sequence[str]) -> None:
    """Raise MisuseError for a dataset the careers can't be told as."""
    for name in names:
        if name not in TELLERS:
            known = ", ".join(TELLERS)
            there = "is not in the catalogue" if name not in datasets() else "can't be told from careers yet"
            raise MisuseError(f"the dataset {name} {there}", hint=f"choose from {known}")
    if not names:
        raise MisuseError("no dataset was named", hint=f"choose from {', '.join(TELLERS)}")


def _truth(made: World, one: Return) -> Any:
    """Who is who in one return: the id its rows carry for a child, and the person."""
    import pyarrow as pa

    at = made.plan.authorities.index(str(one.authority))
    mine = np.flatnonzero((made.people.home == at) | made.people.mover)
    found = []
    for name in one.schema.dataset.person_tables:
        column = one.schema.table(name).person
        told = pa.array(one.tables[name][column]).cast(pa.string())
        children = _whose(told, mine, _ids_of(made, one, name)(made, at, mine))
        found.append(
            pa.table(
                {
                    "authority": col.constant(str(one.authority), len(told)),
                    "dataset": col.constant(one.dataset, len(told)),
                    "period": col.constant(one.period, len(told)),
                    "local_id": told,
                    "person": col.text(persons(made, children)),
                }
            )
        )
    return pa.concat_tables(found)


def _ids_of(made: World, one: Return, table: str) -> Callable[[World, int, Ints], Text]:
    """How a table about persons numbers them."""
    from synth.school_census import leaver_ids, pupil_ids

    numbering = {"pupilonroll": pupil_ids, "pupilnolongeronroll": leaver_ids}
    return numbering.get(table, lambda made, at, children: made.local_ids(children, at))


def _whose(told: Any, children: Ints, ids: Text) -> Ints:
    """The child behind each id."""
    wanted = np.asarray(told.to_numpy(zero_copy_only=False), dtype=ids.dtype)
    order = np.argsort(ids)
    found: Ints = children[order[np.searchsorted(ids[order], wanted)]] if len(wanted) else children[:0]
    return found


def persons(made: World, children: Any) -> Any:
    """A person's own number in the truth: the first authority and the place there."""
    people = made.people
    codes = np.array([int(code) for code in made.plan.authorities], dtype=np.uint64)
    return numbered("P", codes[people.home[children]] * np.uint64(10**8) + people.place[children], 11)


def _write_truth(path: Path, truths: Sequence[Any]) -> None:
    import pyarrow as pa
    from pyarrow import csv

    names = ("authority", "dataset", "period", "local_id", "person")
    whole = (
        pa.concat_tables(truths) if truths else pa.table({name: pa.array([], pa.string()) for name in names})
    )
    csv.write_csv(whole, path, csv.WriteOptions(quoting_style="needed", quoting_header="needed"))


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
        f"[authorities]\n{authorities}\n"
    )


def write_lookups(folder: Path, plan: Plan) -> None:
    """The invented register of providers and postcode directory, for the rules that ask them."""
    import pyarrow as pa
    from pyarrow import csv

    folder.mkdir()
    rows: list[tuple[str, str, str, str, str, str]] = []
    room = POSTCODES // len(plan.authorities)
    for at, code in enumerate(plan.authorities):
        homes = postcodes((np.arange(len(REGISTER)) + room * at).astype(np.uint64))
        for urn, kind, home in zip(urns(code), REGISTER, homes, strict=True):
            post = home.decode().replace(" ", "")
            rows.append((urn, ",".join(kind.places), kind.provider, "", post, code))
    header = ("URN", "PLACE_CODES", "PROVIDER_CODES", "REG_END", "POSTCODE", "LA_CODE")
    register = pa.table({name: [row[at] for row in rows] for at, name in enumerate(header)})
    every = np.arange(room * len(plan.authorities))
    directory = pa.table(
        {
            "pcd": col.text(np.char.replace(postcodes(every.astype(np.uint64)), b" ", b"")),
            "la": col.coded(plan.authorities, every // room),
            "east": col.counts(SEA_EAST + every % 60 * APART),  # grid references at sea, east of Britain
            "north": col.counts(SEA_NORTH + every // 60 * APART),
        }
    )
    how = csv.WriteOptions(quoting_style="needed", quoting_header="needed")
    csv.write_csv(register, folder / "ofsted_provider.csv", how)
    csv.write_csv(directory, folder / "postcode_directory.csv", how)
    codes = pa.table({"code": [*plan.authorities, "999"]})
    csv.write_csv(codes, folder / "la_code.csv", how)
