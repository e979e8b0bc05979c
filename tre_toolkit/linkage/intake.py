"""The edge: parcels in, token tables out, and every reason not to link what they hold.

Parcels are linked only when they are of one project and declaration, cleaned by the same rules, made
under the same token key, all real or all synthetic, and none of them has been here before. What
is refused is refused before a token is looked at, all reasons together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.linkage.groups import groups_of
from tre_toolkit.linkage.records import Column, Columns, TokenTable
from tre_toolkit.parcel import Manifest, Parcel, RecipientKey, open_parcel
from tre_toolkit.parcel.receipts import check_fresh as check_series
from tre_toolkit.parcel.receipts import enter, is_entered
from tre_toolkit.signing import Verifier

TOKENS, ABOUT = "tokens/", "about/"
SAME = {
    "project": "of different projects",
    "project_digest": "of different declarations of the project",
    "profile": "of different token profiles",
    "standardiser": "cleaned by different rules (standardiser)",
    "key_commitment": "made under different token keys",
}
"""What all parcels of a run must share, and what it means when they don't."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What linkage takes from the parcels: token tables, what the report breaks down by, and the facts of the run.

    `about` has the columns parcel, record_id, and the coarse columns the project declares (birth_year, sex, ethnicity).
    `fresh` are the parcels that the book doesn't hold yet.
    """

    tables: tuple[TokenTable, ...]
    about: pd.DataFrame
    facts: Mapping[str, Any]
    fresh: tuple[Parcel, ...] = ()


def take_in(
    paths: Sequence[Path],
    *,
    key: RecipientKey,
    trusted: Sequence[Verifier],
    previous: Mapping[str, Any] | None = None,
    book: Path | None = None,
    sparing: bool = False,
) -> Intake:
    """Open, verify and check the parcels at `paths`. `sparing` leaves tokens sealed until their column is asked for.
    `previous` is the `spine.json` of the run before, if any; in
    `book` stands what was ever taken in, so that an older parcel that is sent again is known.

    Raises TreError for one that doesn't verify, and Problems for parcels that may not be linked together.
    """
    parcels = [open_parcel(path, key=key, trusted=trusted) for path in paths]
    manifests = by_file(parcels)
    check_together(manifests)
    check_fresh(manifests, previous)
    fresh = () if book is None else not_in_book(parcels, book)
    tables = tuple(table for parcel in parcels for table in token_tables(parcel, sparing=sparing))
    if not tables:
        raise TreError("no parcel here holds tokens", hint="name the linkage half of a split parcel")
    return Intake(tables, _about(parcels), facts_of(list(manifests.values())), fresh)


def by_file(parcels: Sequence[Parcel]) -> dict[str, Manifest]:
    """File name to manifest; a file that is named again is told by its place."""
    named: dict[str, Manifest] = {}
    for at, parcel in enumerate(parcels, start=1):
        name = str(parcel.path)
        named[f"{name} (parcel {at})" if name in named else name] = parcel.manifest
    return named


def check_together(manifests: Mapping[str, Manifest]) -> None:
    """Raise Problems unless these parcels may be linked with one another. Keys of `manifests` are file names."""
    if not manifests:
        raise TreError("no parcel was named", hint="tre link ONE.parcel OTHER.parcel --into spine")
    problems = [
        Problem(f"the parcels are {meaning}: {_fingerprints(manifests, name)}", hint=_HINTS.get(name))
        for name, meaning in SAME.items()
        if len({getattr(one, name) for one in manifests.values()}) > 1
    ]
    if len({one.synthetic for one in manifests.values()}) > 1:
        problems.append(Problem("real and synthetic children are mixed", hint="link them in separate runs"))
    problems += _repeated(manifests)
    if problems:
        raise Problems("these parcels can't be linked together", problems)


def check_fresh(manifests: Mapping[str, Manifest], previous: Mapping[str, Any] | None) -> None:
    """Raise Problems for a parcel that is new to the project and yet older than what the last run took in."""
    if previous is None:
        return
    known = {one["parcel"]: one for one in previous["parcels"]}
    newest: dict[str, int] = {}
    for one in known.values():
        newest[one["authority"]] = max(newest.get(one["authority"], -1), one["counter"])
    problems = [
        Problem(
            "this parcel is older than one already linked: it may be a replay",
            Where(file),
            "ask the authority to seal it again",
        )
        for file, one in manifests.items()
        if one.parcel not in known and one.counter <= newest.get(one.authority, -1)
    ]
    if any(previous.get(name) != getattr(one, name) for one in manifests.values() for name in SAME):
        problems.append(Problem("the earlier spine is of another project, declaration, standardiser or key"))
    if problems:
        raise Problems("these parcels don't follow the earlier spine", problems)


def not_in_book(parcels: Sequence[Parcel], book: Path) -> tuple[Parcel, ...]:
    """The parcels that are new to the book. One that was linked before may be linked again; raises Problems for one
    that is new and yet not newer than the last of its sender, and for a known number on another file."""
    fresh, problems = [], []
    for parcel in parcels:
        try:
            if is_entered(parcel.path, parcel.manifest, book):
                continue
            check_series(parcel.manifest, book, where=str(parcel.path))
            fresh.append(parcel)
        except TreError as refusal:
            problems.append(refusal.problem)
    if problems:
        raise Problems(f"the book of parcels ({book.name}) knows better", problems)
    return tuple(fresh)


def enter_all(parcels: Sequence[Parcel], book: Path) -> None:
    """Enter the parcels in the book, in the order of their counters."""
    for parcel in sorted(parcels, key=lambda one: one.manifest.counter):
        enter(parcel.path, parcel.manifest, book)


class Sealed:
    """A table of tokens that stays sealed in its parcel: a column is decrypted when it is asked for, and not kept."""

    def __init__(self, parcel: Parcel, name: str) -> None:
        self._parcel, self._name = parcel, name
        first = next(parcel.batches(name), None)
        self.column_names: list[str] = list((parcel.part(name) if first is None else first).schema.names)
        self._rows = 0 if first is None else len(parcel.part(name, columns=self.column_names[:1]))

    def column(self, name: str) -> pa.ChunkedArray:
        return self._parcel.part(self._name, columns=[name]).column(name)

    def __len__(self) -> int:
        return self._rows


def token_tables(parcel: Parcel, *, sparing: bool = False) -> list[TokenTable]:
    """The token tables of one parcel."""
    manifest, tables = parcel.manifest, []
    described = {name: Column(tuple(one.parts), one.is_list) for name, one in manifest.tokens.items()}
    for name in manifest.names:
        if name.startswith(TOKENS):
            dataset, period = name.removeprefix(TOKENS).split("/", 1)
            tokens: Columns = Sealed(parcel, name) if sparing else parcel.part(name)
            held = {column: one for column, one in described.items() if column in tokens.column_names}
            tables.append(TokenTable(manifest.parcel, manifest.authority, dataset, period, tokens, held))
    return tables


def facts_of(manifests: Sequence[Manifest]) -> dict[str, Any]:
    """What `spine.json` says of where its records came from."""
    first = manifests[0]
    return {
        **{name: getattr(first, name) for name in SAME},
        "synthetic": first.synthetic,
        "parcels": [
            {
                "parcel": one.parcel,
                "authority": one.authority,
                "counter": one.counter,
                "moment": one.moment,
                "catalogue_digest": one.catalogue_digest,
                "parts": {part.name: {"rows": part.rows, "sha256": part.sha256} for part in one.parts},
                "counts": one.counts,
            }
            for one in sorted(manifests, key=lambda one: (one.authority, one.counter))
        ],
    }


def _about(parcels: Sequence[Parcel]) -> pd.DataFrame:
    """The coarse columns of all parcels: parcel, record_id and whatever of birth year, sex, ethnicity there is."""
    found = []
    for parcel in parcels:
        for name in parcel.manifest.names:
            if name.startswith(ABOUT):
                frame = parcel.part(name).to_pandas()
                frame.insert(0, "parcel", parcel.manifest.parcel)
                found.append(frame)
    beside = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["parcel", "record_id"])
    spoken = groups_of(parcels)
    if beside.empty or spoken.empty:
        return spoken if beside.empty else beside
    return beside.merge(spoken, how="outer", on=["parcel", "record_id"])


_HINTS = {
    "project_digest": "all authorities must hold the same tre.toml, letter for letter in meaning",
    "standardiser": "both authorities must run the same version of the toolkit",
    "key_commitment": "`tre key compare` shows which authority holds another key",
}


def _fingerprints(manifests: Mapping[str, Manifest], name: str) -> str:
    """The differing facts, each with a file that states it: they are public, never a secret."""
    first_with: dict[str, str] = {}
    for file, manifest in manifests.items():
        first_with.setdefault(str(getattr(manifest, name)), Path(file).name)
    return "; ".join(f"{file} has {fact[:32]}" for fact, file in first_with.items())


def _repeated(manifests: Mapping[str, Manifest]) -> list[Problem]:
    every = {
        (one.parcel, one.content): one for one in manifests.values()
    }  # the halves of a split parcel share a number
    ids = Counter((one.parcel, one.content) for one in manifests.values())
    counters = Counter((one.authority, one.counter, one.content) for one in every.values())
    parts = Counter(
        (one.authority, part) for one in manifests.values() for part in one.names if part.startswith(TOKENS)
    )
    problems = []
    if any(count > 1 for count in ids.values()):
        problems.append(Problem("the same parcel is named twice", hint="name each parcel once"))
    if any(count > 1 for count in counters.values()):
        problems.append(Problem("two parcels of one authority carry the same counter: one may be a replay"))
    for (authority, part), count in parts.items():
        if count > 1 and max(ids.values()) == 1:
            problems.append(
                Problem(
                    f"authority {authority} sent {part.removeprefix(TOKENS)} twice",
                    hint="keep the newer parcel",
                )
            )
    return problems
