"""What one joint attack leaves for the next: witnesses kept, so that a new table needs no proof from the beginning.

Kept are the feasible worlds, and which released cells are independent of each other. Nothing kept is believed: a world
is fitted to everything released and counts only when it meets every figure, so that a spoilt or forged file can cost
time and never a verdict. It tells as much about the children as the ledger it lies beside, and is as closed.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disclosure.atomic import write_bytes
from disclosure.joint.classes import Classes, Released
from disclosure.shown import Bools, Floats, Ints

FORMAT = "tre-witnesses-v1"
SUFFIX = ".witnesses"
LARGEST = 4_000_000_000  # bytes
MOST = 120  # worlds that are kept


@dataclass(frozen=True, slots=True)
class Kept:
    """Tables that were attacked (by their marks), their independent cells, and worlds over their classes."""

    marks: tuple[str, ...]
    table: Ints  # of each independent cell: which table it is in, and which cell there
    cell: Ints
    shared: Floats  # how many children each two of the independent cells share
    of: Ints  # class of each child
    size: Ints
    worlds: Floats  # classes x worlds


def mark(released: Released) -> str:
    """A name for exactly these children in exactly these cells."""
    inside = np.trim_zeros(
        np.ascontiguousarray(released.member, "<i4"), "b"
    )  # children who came later are outside
    return hashlib.blake2b(inside.tobytes(), digest_size=16, salt=b"witness").hexdigest()


def keep(releases: Sequence[Released], classes: Classes, worlds: Sequence[Floats]) -> Kept:
    """What is worth keeping of an attack on these tables."""
    cells, shared = classes.basis
    table = classes.table[cells]
    most = list(worlds)[:MOST]
    return Kept(
        tuple(map(mark, releases)),
        table,
        cells - classes.offset[table],
        shared,
        classes.of,
        classes.size,
        np.stack(most, axis=1).astype(np.float32) if most else np.zeros((len(classes.size), 0), np.float32),
    )


def known(kept: Kept, releases: Sequence[Released], classes: Classes) -> tuple[Bools, Ints, Floats] | None:
    """The tables attacked before, as `Classes` wants them: which, their independent cells, what these share."""
    place = {name: at for at, name in enumerate(map(mark, releases))}
    if not set(kept.marks) <= set(place):
        return None  # a table is gone: what repeated its cells may be independent now
    now = np.array([place[name] for name in kept.marks], np.int64)
    done = np.zeros(len(releases), bool)
    done[now] = True
    cells = classes.offset[now[kept.table]] + kept.cell
    if len(cells) and (kept.cell >= np.diff(classes.offset)[now[kept.table]]).any():
        return None
    return done, cells, np.asarray(kept.shared, float)


def starts(kept: Kept, classes: Classes) -> Floats:
    """The kept worlds over today's classes: a class that was split shares its children out as the truth does."""
    first = np.unique(classes.of, return_index=True)[1]
    there = first < len(kept.of)
    old = kept.of[np.where(there, first, 0)]
    worlds = (
        kept.worlds[old]
        * (classes.size / np.bincount(old, classes.size * there, len(kept.size))[old])[:, None]
    )
    worlds[~there] = classes.size[~there, None]  # children who came later were in no released cell
    return np.asarray(np.nan_to_num(worlds, posinf=0.0), float)


def write_kept(path: Path, kept: Kept) -> None:
    """Write what is kept beside a ledger, closed as the ledger is."""
    text = io.BytesIO()
    np.savez(
        text, format=np.array(FORMAT), marks=np.array(kept.marks), table=kept.table.astype("<i4"),
        cell=kept.cell.astype("<i4"), shared=kept.shared.astype("<f4"), of=kept.of.astype("<i4"),
        size=kept.size.astype("<i4"), worlds=kept.worlds.astype("<f4"),
    )  # fmt: skip
    write_bytes(path, text.getvalue(), replace=True, mode=0o600)


def read_kept(path: Path) -> Kept | None:
    """What an earlier attack kept, or None when there is nothing there that can be used."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as told:
            if str(told["format"]) != FORMAT:
                return None
            marks = tuple(map(str, told["marks"]))
            table, cell, of, size = (told[name].astype(np.int64) for name in ("table", "cell", "of", "size"))
            shared, worlds = told["shared"].astype(float), told["worlds"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    fits = (
        shared.shape == (len(table), len(table))
        and len(cell) == len(table)
        and worlds.ndim == 2
        and len(worlds) == len(size)
        and bool(len(of) and (of >= 0).all() and (of < len(size)).all())
        and bool((table >= 0).all() and (table < len(marks)).all() and (cell >= 0).all())
        and bool(np.isfinite(worlds).all() and (worlds >= 0).all() and np.isfinite(shared).all())
    )
    return Kept(marks, table, cell, shared, of, size, worlds) if fits else None
