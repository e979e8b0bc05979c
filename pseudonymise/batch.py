"""One run in the authority: returns in, one sealed parcel out (or two), and a line in the log.

Everything is checked before anything is written: that all returns are of one authority and all
synthetic or all real, that the plan stands, that no identifier is in what stays, that what would
leave exposes no more than the project allows. Then payload and tokens are sealed, tokens a stretch
of records at a time, so that memory holds the returns and not the tokens of all children at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pseudonymise import attack, birthdays, checks, exposure, profiles, standardise, telling
from pseudonymise.coarsen import anchors, shifts
from pseudonymise.keys import Key
from pseudonymise.options import Options
from pseudonymise.payload import Children, about, fresh_ids, payload, shuffled
from pseudonymise.people import People, clean_ids, people
from pseudonymise.planning import Plan, parts_of, plan
from pseudonymise.recipients import To
from pseudonymise.tokens import packed, token_batches
from tre_toolkit import audit
from tre_toolkit.errors import Problem, Problems, TreError
from tre_toolkit.parcel.keys import Recipient
from tre_toolkit.parcel.manifest import Facts, Manifest, new_number
from tre_toolkit.parcel.sealing import seal
from tre_toolkit.project import Project
from tre_toolkit.signing import Signer

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from tre_toolkit.returns import Return

BARE = "standard"  # the profile whose tokens may never stand beside payload


@dataclass(frozen=True, slots=True)
class Made:
    """What a run gives back: the manifest of each file, what was counted, and what was measured."""

    manifests: list[Manifest]
    paths: list[Path]
    counts: dict[str, int]
    tokens: list[exposure.TokenExposure]
    groups: list[exposure.GroupExposure]
    dates: list[birthdays.DateExposure]
    named: list[attack.NameExposure]


def pseudonymise(
    returns: Sequence[Return],
    project: Project,
    key: Key,
    *,
    to: To | Recipient,
    signer: Signer,
    into: Path,
    log: Path,
    options: Options | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> Made:
    """Write the parcel of `returns` (all of one authority) at `into`, or its two halves beside it.

    `done` is called with 1 after each return. Raises TreError or Problems, and then leaves no parcel.
    """
    options = options or Options()
    halves = (To(to) if isinstance(to, Recipient) else to).halves(into)
    key.check_project(project.id)
    if project.profile == BARE and len(halves) == 1:
        raise TreError(
            "the standard profile's tokens may not stand beside payload",
            hint="split the file: --to-linker and --to-research; or use the strict profile",
        )
    whose = checks.authority_of(returns, options.authority, project)
    synthetic = checks.is_synthetic(returns)
    if options.truth_map and not synthetic:
        raise TreError("a truth map is made of synthetic returns only", hint="leave --truth-map out")
    agreed = plan(returns, project)
    agreed.check()
    counter = checks.series(log, project, key, new=options.new_series)
    counted = {one.dataset for one in agreed.columns if one.stays == "days"}
    since = anchors(returns, {name: column for name, column in project.anchors.items() if name in counted})
    run = _Run(agreed, key, whose, options, _apart(returns, project), since)
    pieces = [run.one(return_, done) for return_ in returns]
    _check(pieces, project)
    counts = telling.summed(piece.counts for piece in pieces)
    facts = telling.facts_of(agreed, key, whose, returns, synthetic=synthetic, counts=counts, counter=counter)
    audit.append(log, checks.BEGUN, project=project.id, counter=counter, plan=agreed.digest)
    manifests = _write(halves, pieces, facts, signer, options, log)
    return Made(
        manifests,
        [path for _, path, _ in halves],
        counts,
        [one for piece in pieces for one in piece.tokens],
        [piece.groups for piece in pieces if piece.groups],
        [one for piece in pieces for one in piece.dates],
        [one for piece in pieces for one in piece.named],
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one return gives."""

    place: str
    parts: dict[str, pa.Table]
    stream: Callable[[], pa.RecordBatchReader] | None
    counts: dict[str, int]
    problems: list[Problem]
    truth: pa.Table
    tokens: list[exposure.TokenExposure] = field(default_factory=list)
    named: list[attack.NameExposure] = field(default_factory=list)
    dates: list[birthdays.DateExposure] = field(default_factory=list)
    groups: exposure.GroupExposure | None = None

    def part(self, content: str) -> dict[str, pa.Table | pa.RecordBatchReader]:
        """The parts that belong into a file of this content."""
        made: dict[str, pa.Table | pa.RecordBatchReader] = {}
        if content in ("all", "attributes"):
            made |= {name: table for name, table in self.parts.items() if name.startswith("payload/")}
        if content == "all":
            made |= {name: table for name, table in self.parts.items() if name.startswith("about/")}
        if content in ("all", "linkage") and self.stream:
            made[f"tokens/{self.place}"] = self.stream()
        return made


@dataclass(frozen=True, slots=True)
class _Run:
    """What is the same for every return of a run."""

    agreed: Plan
    key: Key
    authority: str
    options: Options
    apart: frozenset[str]
    since: dict[str, pd.Series]
    """Dataset to each child's first date, from which its days are counted."""

    def one(self, return_: Return, done: Callable[[int], None]) -> _Piece:
        """All that one return gives, but for its tokens, which are made as they are sealed."""
        import pyarrow as pa

        from tre_toolkit.returns import typed as types_of

        project, place = self.agreed.project, f"{return_.dataset}/{return_.period}"
        typed = types_of(return_)
        who = people(return_, typed, self.authority, without=self.options.without)
        record_ids = fresh_ids(who.count)
        children = self._children(return_, who)
        staying = payload(
            return_, typed, self.agreed, who, record_ids, children=children, areas=self.options.areas
        )
        del typed  # as large as the return itself, and not needed any more
        parts = {f"payload/{place}/{name}": table for name, table in staying.tables.items()}
        if who.count and project.about and project.profile == "strict":
            parts[f"about/{place}"] = about(return_, who, record_ids, project.about)
        columns = profiles.columns(project.profile, parts_of(return_.schema)) if who.count else ()
        cut = self._apart(who)
        values = {
            name: _null(who.part(name), cut)
            if cut.any() and name != "local_id"
            else who.parts.get(name, who.part(name))
            for name in _words(columns)
        }
        singles = [table.name for table in return_.schema.tables if table.key == (table.person,)]
        done(1)
        pa.default_memory_pool().release_unused()
        return _Piece(
            place,
            parts,
            self._stream(columns, values, record_ids) if columns else None,
            telling.counts_of(return_, who, staying.counts, int(cut.sum())),
            staying.problems,
            telling.truth_of(return_, who, record_ids, self.authority),
            exposure.of_tokens(place, columns, values),
            attack.of_names(place, columns, values, self.options.names),
            staying.dates,
            exposure.of_groups(
                place,
                staying.tables,
                [one for one in self.agreed.columns if one.dataset == return_.dataset],
                singles,
                project.limits,
            ),
        )

    def _children(self, return_: Return, who: People) -> Children:
        """How far each child's dates move, when it was born, and from when its days are counted."""
        import numpy as np
        import pyarrow as pa

        nothing = np.full(who.count, np.datetime64("NaT", "D"))
        first = self.since.get(return_.dataset)
        if first is not None:
            ids = clean_ids(who.local_ids).to_pandas()
            since = first.reindex(ids.to_numpy()).to_numpy("datetime64[D]")
        return Children(
            shifts(who.local_ids, self.key, self.authority, self.agreed.project.shift_weeks),
            who.part("birth_date").cast(pa.date32()).to_numpy(zero_copy_only=False).astype("datetime64[D]"),
            nothing if first is None else since,
        )

    def _apart(self, who: People) -> np.ndarray:
        """Which records are of adopted children, whose tokens are left out."""
        import pyarrow as pa
        import pyarrow.compute as pc

        listed = pa.array(sorted(self.apart), pa.string())
        found: np.ndarray = pc.is_in(clean_ids(who.local_ids), listed).to_numpy(zero_copy_only=False)
        return found

    def _stream(
        self, columns: Sequence[profiles.Column], values: dict[str, pa.Array], record_ids: np.ndarray
    ) -> Callable[[], pa.RecordBatchReader]:
        order = shuffled(len(record_ids))
        return lambda: token_batches(
            columns, values, self.key, standardise.VERSION, record_ids, order, jobs=self.options.jobs
        )


def _write(
    halves: Sequence[tuple[str, Path, Recipient]],
    pieces: Sequence[_Piece],
    facts: Facts,
    signer: Signer,
    options: Options,
    log: Path,
) -> list[Manifest]:
    """Seal every half and log it; if anything fails none of them stays."""
    number, manifests = new_number(), []
    try:
        for content, path, recipient in halves:
            parts: dict[str, pa.Table | pa.RecordBatchReader] = {}
            for piece in pieces:
                parts |= piece.part(content)
            said = facts.model_copy(
                update={"content": content, "tokens": {} if content == "attributes" else facts.tokens}
            )
            manifests.append(seal(path, parts, said, recipient=recipient, signer=signer, number=number))
        for kept in filter(None, (options.truth_map, options.own_map)):
            telling.write_truth([piece.truth for piece in pieces], kept)
        for manifest, (_, path, _) in zip(manifests, halves, strict=True):
            audit.append(log, checks.SEALED, **telling.event_of(manifest, path))
    except BaseException:
        for _, path, _ in halves[: len(manifests)]:
            path.unlink(missing_ok=True)
        raise
    return manifests


def _apart(returns: Sequence[Return], project: Project) -> frozenset[str]:
    return checks.adopted(returns) if project.adoption == "apart" else frozenset()


def _check(pieces: Sequence[_Piece], project: Project) -> None:
    """Raise unless no identifier stands where none may, no place stands twice, and the limits are kept."""
    places = Counter(piece.place for piece in pieces)
    for place, times in places.items():
        if times > 1:
            raise TreError(
                "two returns of the same dataset and period", where=place, hint="leave one of them out"
            )
    found = [problem for piece in pieces for problem in piece.problems]
    if found:
        raise Problems("identifiers stand in columns that would stay", found)
    tokens = [one for piece in pieces for one in piece.tokens]
    exposed = list(birthdays.problems((one for piece in pieces for one in piece.dates), project.limits))
    exposed += attack.problems([one for piece in pieces for one in piece.named], project.limits)
    exposed += exposure.problems(tokens, [piece.groups for piece in pieces if piece.groups], project.limits)
    if exposed:
        raise Problems("more would be exposed than the project allows", exposed)


def _null(values: pa.Array, cut: np.ndarray) -> pa.Array:
    """The values, missing where `cut` is true."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return packed(pc.if_else(pa.array(cut), pa.scalar(None, values.type), values))


def _words(columns: Iterable[profiles.Column]) -> set[str]:
    return {part for column in columns for part in column.parts}
