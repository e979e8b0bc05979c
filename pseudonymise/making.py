"""Tokens made a stretch of records at a time: cleaned, hashed and kept, in one process or several.

What a stretch needs on the way is as large as a stretch, not as a return, and with several processes all of it is
done in them. Beside the tokens each stretch leaves their *heads*, the first eight bytes, a column at a time: what
would be exposed is measured from these alone (see `exposure` and `attack`), before anything is sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from pseudonymise import standardise
from pseudonymise.attack import name_parts
from pseudonymise.keys import Key
from pseudonymise.parts import clean
from pseudonymise.profiles import Column
from pseudonymise.spill import Place, Spill, packed, unpacked
from pseudonymise.tokens import LISTED, SIZE, heads, schema_of, token_batch, tokenise
from pseudonymise.workers import side_by_side

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

STRETCH = 1 << 14  # records made at a time: 33 MB of tokens at strict's widest
TIDY = 4  # stretches after which memory nobody uses goes back to the system
HEAD = 8  # bytes
PIECES = 4  # in which the heads of a long return are looked at: a power of two
ABOUT = ("birth_year", "sex")  # parts that may stand beside tokens, where a project says so
WORDS = ("given", "surname")  # parts whose values are looked for where no name may stand


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is made of every stretch of a return's records."""

    columns: tuple[Column, ...]
    year: int
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Name of a token column to the key of its domain."""
    naming: bytes = field(default=b"", repr=False)
    """The key under which names are told apart when the attack with lists of them is measured."""
    numberings: Mapping[str, str] = field(default_factory=dict)
    words: bool = False
    """Whether the return's own names are wanted, to look for them where none may stand."""
    about: bool = False
    """Whether birth year and sex are wanted beside the tokens."""


def keyed(recipe: Recipe, key: Key | None) -> Recipe:
    """The recipe with the keys of its columns; with none, as it may be sent to another machine."""
    if key is None:
        return replace(recipe, secrets={}, naming=b"")
    secrets = {column.name: key.domain_key(column.domain, standardise.VERSION) for column in recipe.columns}
    return replace(recipe, secrets=secrets, naming=key.derive("names told apart"))


class Cells(NamedTuple):
    """What one stretch is made of: cells by domain, the records' ids, and which of them get no tokens."""

    raw: dict[str, pa.Array]
    record_ids: np.ndarray
    cut: np.ndarray | None = None


class Stretch(NamedTuple):
    """What comes of one stretch. Blocks stand in memory, or already in their place in the file."""

    tokens: pa.Buffer | Place
    heads: dict[str, pa.Buffer | Place]
    names: dict[str, pa.Buffer | Place]
    born: np.ndarray | None
    missing: dict[str, int]
    about: dict[str, pa.Array]
    words: list[pa.Array]


Elsewhere = Callable[[Recipe, frozenset[str], Iterator[Cells]], Iterator[Stretch]]


@dataclass(slots=True)
class Tokens:
    """All stretches of a return: the tokens, their heads, and what was learnt on the way, by record from 0."""

    schema: pa.Schema
    records: int
    spill: Spill = field(repr=False)
    born: np.ndarray = field(repr=False)
    """Cleaned birth dates (datetime64[D]), missing where there is none."""
    stretches: list[pa.Buffer | Place] = field(default_factory=list, repr=False)
    heads: dict[str, list[pa.Buffer | Place]] = field(default_factory=dict, repr=False)
    names: dict[str, list[pa.Buffer | Place]] = field(default_factory=dict, repr=False)
    missing: dict[str, int] = field(default_factory=dict)
    about: list[dict[str, pa.Array]] = field(default_factory=list, repr=False)
    words: set[str] = field(default_factory=set, repr=False)

    def batches(self) -> pa.RecordBatchReader:
        """The tokens part of a parcel, `record_id` first, read from where it is kept."""
        import pyarrow as pa

        read = (unpacked(self.spill.get(kept)) for kept in self.stretches)
        return pa.RecordBatchReader.from_batches(self.schema, read)

    def heads_of(self, column: str, part: str | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The heads of a token column (uint64), and beside each the record's `part` as a number, 0 where there is none.

        In some pieces, so that no array is as long as a return; equal heads stand in one piece, and records without a
        token in none. Without a `part` the second array is empty.
        """
        pieces = PIECES if self.records > STRETCH * PIECES else 1
        for number in range(pieces):
            yield self._piece(column, part, number, pieces)

    def _piece(
        self, column: str, part: str | None, number: int, pieces: int
    ) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        heads, names = [], [np.empty(0, np.uint64)]
        for at, kept in enumerate(self.heads[column]):
            head = np.frombuffer(self.spill.get(kept), np.uint64)
            here = (head != 0) & (head & np.uint64(pieces - 1) == number)
            heads.append(head[here])
            if part is not None:
                names.append(np.frombuffer(self.spill.get(self.names[part][at]), np.uint64)[here])
        return np.concatenate(heads), np.concatenate(names)


def make(
    recipe: Recipe,
    raw: Callable[[int], dict[str, pa.Array]],
    order: np.ndarray,
    record_ids: np.ndarray,
    spill: Spill,
    *,
    cut: np.ndarray | None = None,
    kept: frozenset[str] = frozenset(),
    jobs: int = 1,
    elsewhere: Elsewhere | None = None,
) -> Tokens:
    """Clean and tokenise the records in the order `order`; `raw(n)` gives the cells of its n-th stretch by domain.

    Records that `cut` marks get no tokens but those of the parts `kept`. With several `jobs` stretches are made side by
    side in forked processes: keys are inherited, never sent. `elsewhere` makes them on other machines instead.
    """
    import numpy as np
    import pyarrow as pa

    stretches = max(1, -(-len(order) // STRETCH))
    size = _most(recipe, min(STRETCH, len(order)))
    start = None if spill.fits(stretches * size) else spill.reserve(stretches * size)

    def cells(number: int) -> Cells:
        rows = order[number * STRETCH : (number + 1) * STRETCH]
        return Cells(raw(number), record_ids[rows], None if cut is None else cut[rows])

    def one(number: int) -> Stretch:
        keep = _Keeper(spill, None if start is None else start + number * size)
        made = make_stretch(recipe, cells(number), kept, keep)
        if number % TIDY == TIDY - 1:
            pa.default_memory_pool().release_unused()
        return made

    nothing = np.datetime64("NaT", "D")
    made = Tokens(schema_of(recipe.columns), len(order), spill, np.full(len(order), nothing))
    pieces = (
        elsewhere(recipe, kept, map(cells, range(stretches)))
        if elsewhere
        else side_by_side(one, stretches, jobs)
    )
    for number, piece in enumerate(pieces):
        _take(made, piece, order[number * STRETCH : (number + 1) * STRETCH])
    return made


class _Keeper:
    """Where a stretch's blocks go: into the file from a place on, or back to the parent when there is none."""

    def __init__(self, spill: Spill, at: int | None) -> None:
        self._spill, self._at = spill, at

    def __call__(self, block: pa.Buffer) -> pa.Buffer | Place:
        if self._at is None:
            return block
        place = self._spill.write(self._at, block)
        self._at += block.size
        return place


def make_stretch(
    recipe: Recipe, cells: Cells, kept: frozenset[str], keep: Callable[[pa.Buffer], pa.Buffer | Place]
) -> Stretch:
    """The tokens of one stretch and what is learnt on the way; `keep` says where each block of bytes goes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    raw, record_ids, cut = cells
    parts = clean(raw, year=recipe.year, numberings=recipe.numberings)
    missing = {name: values.null_count for name, values in parts.items()}
    born = (
        parts["birth_date"].cast(pa.date32()).to_numpy(zero_copy_only=False)
        if "birth_date" in parts
        else None
    )
    about = {name: parts[name] for name in ABOUT if recipe.about and name in parts}
    words = [pc.unique(pc.drop_null(parts[name])) for name in WORDS if recipe.words and name in parts]
    wanted = {part for column in recipe.columns for part in column.parts}
    # a part of the contract that no column of the return gives is missing throughout
    here = {name: parts.get(name, pa.nulls(len(record_ids), pa.string())) for name in wanted}
    del parts
    if cut is not None and cut.any():
        nobody, gone = pa.array(cut), pa.scalar(None, pa.string())
        here = {
            name: values if name in kept else pc.if_else(nobody, gone, values)
            for name, values in here.items()
        }
    tokens = token_batch(recipe.columns, here, recipe.secrets, record_ids)
    single = [column for column in recipe.columns if not column.deletions]
    return Stretch(
        keep(packed(tokens, tight=False)),
        {column.name: keep(pa.py_buffer(heads(tokens[column.name]))) for column in single},
        {
            part: keep(pa.py_buffer(heads(tokenise(here[part], recipe.naming))))
            for part in name_parts(recipe.columns)
        },
        born,
        missing,
        about,
        words,
    )


def _take(made: Tokens, piece: Stretch, rows: np.ndarray) -> None:
    def put(block: pa.Buffer | Place) -> pa.Buffer | Place:
        return block if isinstance(block, Place) else made.spill.put(block)

    made.stretches.append(put(piece.tokens))
    for name, block in piece.heads.items():
        made.heads.setdefault(name, []).append(put(block))
    for name, block in piece.names.items():
        made.names.setdefault(name, []).append(put(block))
    if piece.born is not None:
        made.born[rows] = piece.born
    for name, count in piece.missing.items():
        made.missing[name] = made.missing.get(name, 0) + count
    if piece.about:
        made.about.append(piece.about)
    for values in piece.words:
        made.words.update(values.to_pylist())


def _most(recipe: Recipe, rows: int) -> int:
    """Bytes that the blocks of a stretch take at most."""
    columns = recipe.columns
    width = HEAD + sum(
        SIZE * LISTED[column.parts[0]] + 5 if column.deletions else SIZE + 1 + HEAD for column in columns
    )
    return rows * (width + HEAD * len(name_parts(columns))) + 4096 * (1 + len(columns))


def cells(
    stretches: Mapping[str, list[pa.Buffer | Place]], spill: Spill
) -> Callable[[int], dict[str, pa.Array]]:
    """Cells that were kept a stretch at a time, by domain."""

    def raw(number: int) -> dict[str, pa.Array]:
        return {domain: unpacked(spill.get(kept[number])).column(0) for domain, kept in stretches.items()}

    return raw


def stretches_of(cells_: pa.Array) -> Iterator[pa.Array]:
    """An array in stretches; one at least."""
    for at in range(0, max(1, len(cells_)), STRETCH):
        yield cells_.slice(at, STRETCH)
