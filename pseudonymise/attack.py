"""What an attacker with lists of names could learn from tokens: the attack itself, carried out before anything leaves.

The attacker knows how common every given name and surname is and sees how often each token stands, not what it
stands for. He puts both in order and reads the names off: the commonest token is the commonest name. A token of a
name with a date or a number is one of many of that name, so a common name takes as many places in his order as
tokens are expected of it. What counts is how many records he names rightly beyond calling everybody by the
commonest name, for which he needs no tokens. Lists come from the controller (`--names`); without one the attacker is
taken to know the frequencies of this very return, which is more than anybody does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pseudonymise import standardise
from pseudonymise.profiles import SHARED, Column
from pseudonymise.tokens import heads, tokenise
from tre_toolkit.errors import Problem, TreError, Where
from tre_toolkit.project import Limits

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Piece: TypeAlias = "tuple[np.ndarray, np.ndarray]"
"""Tokens, and the name beside each."""
Listed: TypeAlias = "tuple[np.ndarray, np.ndarray]"
"""Names, and how many people bear each."""
GIVEN = ("given", "given_joined", "given_sound", "given_first3", "given_initial")
SURNAME = ("surname", "surname_part1", "surname_part2", "surname_sound", "surname_first3")


@dataclass(frozen=True, slots=True)
class Names:
    """Part of a name (as in `token.md`) to the names a list holds, cleaned, and how many people bear each."""

    known: Mapping[str, tuple[pa.Array, pa.Array]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Names:
        """A CSV file with the columns kind (given or surname), name and count. Raises TreError when it is none."""
        import pyarrow as pa
        import pyarrow.compute as pc
        from pyarrow import csv

        types = {"kind": pa.string(), "name": pa.string(), "count": pa.int64()}
        try:
            table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types))
            kinds = {
                "given": standardise.given_parts(table["name"].combine_chunks()),
                "surname": standardise.surname_parts(table["name"].combine_chunks()),
            }
            known = {}
            for kind, parts in kinds.items():
                here = pc.equal(table["kind"], kind).combine_chunks()
                for part in GIVEN if kind == "given" else SURNAME:
                    known[part] = _summed(
                        parts[part].filter(here), table["count"].combine_chunks().filter(here)
                    )
        except (FileNotFoundError, pa.ArrowInvalid, KeyError):
            raise TreError(
                "this is not a list of names",
                where=str(path),
                hint="a CSV file: kind,name,count; kind is given or surname",
            ) from None
        if not sum(len(names) for names, _ in known.values()):
            raise TreError("the list holds no name", where=str(path), hint="kind is given or surname")
        return cls(known)

    def told_apart(self, part: str, secret: bytes) -> Listed | None:
        """The names of a part as numbers under the key `secret`, and how many people bear each; None where no list has it."""
        if part not in self.known:
            return None
        names, people = self.known[part]
        return heads(tokenise(names, secret)), people.to_numpy()


@dataclass(frozen=True, slots=True)
class NameExposure:
    """One token column: of `records` with a token, `right` would be named by the attack, `blind` without any token."""

    place: str
    column: str
    part: str
    records: int
    right: float
    blind: float

    @property
    def learnt(self) -> float:
        """Share of records that the tokens themselves give away."""
        return max(0.0, self.right - self.blind) / self.records if self.records else 0.0


def name_part(column: Column) -> str | None:
    """The first part of a token column that is a name; None where none is."""
    return next((part for part in column.parts if SHARED.get(part, part) in GIVEN + SURNAME), None)


def name_parts(columns: Sequence[Column]) -> tuple[str, ...]:
    """The names that stand in token columns which are attacked, each once."""
    found = [name_part(column) for column in columns if not column.deletions]
    return tuple(dict.fromkeys(part for part in found if part))


def of_names(
    place: str, column: Column, pieces: Callable[[], Iterable[Piece]], known: Listed | None
) -> NameExposure:
    """The attack on a token column in which a name stands.

    `pieces` give the tokens and the name beside each, told apart as numbers (uint64) of which equal tokens stand in one
    piece; `known` is the attacker's list (this return's own names when None).
    """
    listed = known or _summed_up(truth for _, truth in pieces())
    return NameExposure(place, column.name, name_part(column) or "", *_attacked(pieces(), listed))


def problems(found: Sequence[NameExposure], limits: Limits) -> list[Problem]:
    """The columns above the project's limit, and what to do. Fewer records than a smallest group are chance."""
    return [
        Problem(
            f"an attacker with lists of names would name {one.learnt:.1%} of its records by it, the limit is {limits.named:.1%}",
            Where(one.place, column=one.column),
            f"drop the column that gives {one.part}, use the strict profile, or agree a higher limit",
        )
        for one in found
        if one.learnt > limits.named and one.right - one.blind >= limits.smallest_group
    ]


def _attacked(pieces: Iterable[Piece], known: Listed) -> tuple[int, float, float]:
    """Records with a token, the expected number named rightly by rank, and named rightly by the commonest name alone."""
    import numpy as np

    names, people = known
    order = np.lexsort((names, -people))  # the attacker's names, commonest first
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    # how many tokens stand so often and are of the name of that rank (-1 where the list hasn't it)
    tally: Counter[int] = Counter()
    width = len(names) + 1
    for tokens, truth in pieces:
        times, whose = _borne(tokens, truth)
        tally.update(_counted(times * width + _ranks(whose, names, rank) + 1))
    if not tally:
        return 0, 0.0, 0.0
    counts, ranks = np.divmod(np.array(list(tally)), width)
    ranks, many = ranks - 1, np.array(list(tally.values()))
    tokens_in_all = int(many.sum())
    share = people[order] / max(1, int(people.sum()))
    alone = tokens_in_all <= len(names)  # a token a name: the column is the name by itself, or nearly
    places = np.ones(len(names)) if alone else share * tokens_in_all
    right = _by_rank(counts, ranks, many, np.concatenate([[0.0], np.cumsum(places)]))
    return int((counts * many).sum()), right, float((counts * many)[ranks == 0].sum())


def _borne(tokens: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How often each token stands, and the name of its records."""
    import numpy as np

    place = tokens.argsort()
    tokens = tokens[place]
    new = np.ones(len(tokens), np.bool_)  # where a token's records begin
    np.not_equal(tokens[1:], tokens[:-1], out=new[1:])
    return np.diff(np.flatnonzero(new), append=len(tokens)), truth[place[new]]


def _ranks(names: np.ndarray, listed: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """The rank of each name; -1 of one the list hasn't."""
    import numpy as np

    if not len(listed):
        return np.full(len(names), -1)
    sorted_ = listed.argsort()
    at = np.minimum(np.searchsorted(listed, names, sorter=sorted_), len(listed) - 1)
    found = sorted_[at]
    return np.where(listed[found] == names, rank[found], -1)


def _by_rank(counts: np.ndarray, rank: np.ndarray, many: np.ndarray, ends: np.ndarray) -> float:
    """Records whose name stands where their token does, when equal counts stand in random order.

    `many` tokens stand `counts` times and are of the name of that `rank`: its place in the attacker's order, which
    fills the places from `ends[rank]` to the next.
    """
    import numpy as np

    levels, level = np.unique(-counts, return_inverse=True)
    sizes = np.bincount(level, weights=many, minlength=len(levels))
    last = np.cumsum(sizes)
    first = last - sizes
    low, high = np.maximum(ends[rank], first[level]), np.minimum(ends[rank + 1], last[level])
    chance = np.where(rank >= 0, np.maximum(0.0, high - low) / sizes[level], 0.0)
    return float((chance * counts * many).sum())


def _counted(values: np.ndarray) -> dict[int, int]:
    """How often each value stands."""
    import numpy as np

    found, times = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), times.tolist(), strict=True))


def _summed_up(pieces: Iterable[np.ndarray]) -> Listed:
    """How many records bear each name, of names that stand in several pieces."""
    import numpy as np

    tally: Counter[int] = Counter()
    for names in pieces:
        tally.update(_counted(names))
    return np.array(list(tally), np.uint64), np.array(list(tally.values()), np.int64)


def _summed(names: pa.Array, people: pa.Array) -> tuple[pa.Array, pa.Array]:
    import pyarrow as pa

    rows = pa.table({"name": names, "people": people}).filter(names.is_valid())
    table = rows.group_by("name", use_threads=False).aggregate([("people", "sum")]).combine_chunks()
    return table["name"].combine_chunks(), table["people_sum"].combine_chunks()
