"""One run in the authority: returns in, one sealed parcel out (or two), and a line in the log.

Everything is checked before anything is written: that all returns are of one authority and all
synthetic or all real, that the plan stands, that no identifier is in what stays, that what would
leave exposes no more than the project allows. What is made meanwhile is kept outside memory (see `spill`)
and sealed a stretch of rows at a time, so that memory holds neither the returns nor what comes of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pseudonymise import attack, birthdays, checks, exposure, profiles, telling
from pseudonymise.coarsen import anchors, shifts
from pseudonymise.keys import Key
from pseudonymise.making import Recipe, Tokens, keyed, make
from pseudonymise.making import cells as stretches
from pseudonymise.measuring import measured
from pseudonymise.options import Options
from pseudonymise.payload import Children, about, fresh_ids, payload
from pseudonymise.people import People, cells_of, clean_ids, numberings, people
from pseudonymise.planning import Plan, beside_tokens, parts_of, plan
from pseudonymise.recipients import To
from pseudonymise.scan import dictionary
from pseudonymise.spill import Shuffled, Spill
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

OWN_NUMBERS = frozenset(
    {"local_id", "number"}
)  # what an adopted child keeps: the number its own rows meet by
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
    if options.own_map:
        checks.apart_from_parcels(options.own_map, [path for _, path, _ in halves])
    agreed = plan(returns, project)
    agreed.check()
    counter = checks.series(log, project, key, new=options.new_series)
    counted = {one.dataset for one in agreed.columns if one.stays == "days"}
    since = anchors(returns, {name: column for name, column in project.anchors.items() if name in counted})
    with Spill(options.spill, held=options.held) as spill:
        run = _Run(agreed, key, whose, options, _apart(returns, project), since, spill)
        pieces = [run.one(return_, done) for return_ in returns]
        _check(pieces, project)
        counts = telling.summed(piece.counts for piece in pieces)
        facts = telling.facts_of(
            agreed, key, whose, returns, synthetic=synthetic, counts=counts, counter=counter
        )
        audit.append(log, checks.BEGUN, project=project.id, counter=counter, plan=agreed.digest)
        manifests = _write(halves, pieces, facts, signer, options, log)
    return Made(
        manifests,
        [path for _, path, _ in halves],
        counts,
        [one for piece in pieces for one in piece.exposed],
        [piece.groups for piece in pieces if piece.groups],
        [one for piece in pieces for one in piece.dates],
        [one for piece in pieces for one in piece.named],
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one return gives."""

    place: str
    tokens: Tokens | None
    tables: dict[str, Shuffled]
    about: Shuffled | None
    counts: dict[str, int]
    problems: list[Problem]
    truth: telling.Truth | None
    exposed: list[exposure.TokenExposure] = field(default_factory=list)
    named: list[attack.NameExposure] = field(default_factory=list)
    dates: list[birthdays.DateExposure] = field(default_factory=list)
    groups: exposure.GroupExposure | None = None

    def part(self, content: str) -> dict[str, pa.RecordBatchReader]:
        """The parts that belong into a file of this content."""
        made: dict[str, pa.RecordBatchReader] = {}
        if content in ("all", "attributes"):
            made |= {f"payload/{self.place}/{name}": rows.batches() for name, rows in self.tables.items()}
        if content == "all" and self.about:
            made[f"about/{self.place}"] = self.about.batches()
        if content in ("all", "linkage") and self.tokens:
            made[f"tokens/{self.place}"] = self.tokens.batches()
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
    spill: Spill

    def one(self, return_: Return, done: Callable[[int], None]) -> _Piece:
        """All that one return gives, kept until it is sealed."""
        import pyarrow as pa

        project, place = self.agreed.project, f"{return_.dataset}/{return_.period}"
        who = people(return_, without=self.options.without)
        record_ids = fresh_ids(who.count)
        cut = self._apart(who)
        columns = profiles.columns(project.profile, parts_of(return_.schema, project)) if who.count else ()
        recipe = self._recipe(return_, columns)
        cells = cells_of(return_, who, self.spill, project)
        tokens = make(
            recipe,
            stretches(cells, self.spill),
            who.order,
            record_ids,
            self.spill,
            cut=cut,
            kept=OWN_NUMBERS,
            jobs=self.options.jobs,
            elsewhere=self.options.elsewhere,
        )
        exposed, named = measured(place, recipe, tokens, self.options.names, jobs=self.options.jobs)
        staying = payload(
            return_,
            self.agreed,
            who,
            record_ids,
            self.spill,
            children=self._children(return_, who, tokens.born),
            words=dictionary(tokens.words),
            areas=self.options.areas,
        )
        coarse = beside_tokens(return_.schema, project)
        beside = who.count and coarse and project.profile == "strict"
        singles = [table.name for table in return_.schema.tables if table.key == (table.person,)]
        mapped = self.options.truth_map or self.options.own_map
        done(1)
        pa.default_memory_pool().release_unused()
        return _Piece(
            place,
            tokens if columns else None,
            staying.tables,
            about(return_, who, record_ids, tokens, coarse) if beside else None,
            telling.counts_of(return_, who, tokens, staying.counts, int(cut.sum())),
            staying.problems,
            telling.truth_of(return_, who, record_ids, self.authority, self.spill) if mapped else None,
            exposed,
            named,
            staying.dates,
            self._groups(return_, place, staying.tables, singles),
        )

    def _recipe(self, return_: Return, columns: tuple[profiles.Column, ...]) -> Recipe:
        """What is made of each stretch of the return's records."""
        text_stays = any(
            one.dataset == return_.dataset and one.type == "string" and one.stays == "keep"
            for one in self.agreed.columns
        )
        recipe = Recipe(
            columns,
            return_.year,
            numberings=numberings(return_, self.authority, self.agreed.project),
            words=text_stays,
            about=bool(self.agreed.project.about),
        )
        return keyed(recipe, self.key)

    def _groups(
        self, return_: Return, place: str, tables: Mapping[str, Shuffled], singles: Sequence[str]
    ) -> exposure.GroupExposure | None:
        """k-anonymity and l-diversity of what would stay, from the columns they are measured by alone."""
        import pyarrow as pa

        plans = [one for one in self.agreed.columns if one.dataset == return_.dataset]
        names = {name: rows.names for name, rows in tables.items()}
        held = {}
        for name, wanted in exposure.person_columns(names, plans, singles).items():
            columns = [one.column for one in wanted]
            pieces = tables[name].pieces(["record_id", *columns])
            coded = [
                [batch["record_id"], *(batch[one].dictionary_encode() for one in columns)] for batch in pieces
            ]
            held[name] = pa.table(
                [pa.chunked_array(list(chunks)) for chunks in zip(*coded, strict=True)],
                names=["record_id", *columns],
            )
        return exposure.of_groups(place, held, plans, singles, self.agreed.project.limits)

    def _children(self, return_: Return, who: People, born: np.ndarray) -> Children:
        """How far each child's dates move, when it was born, and from when its days are counted."""
        import numpy as np

        first = self.since.get(return_.dataset)
        if first is None:
            since = np.full(who.count, np.datetime64("NaT", "D"))
        else:
            ids = clean_ids(who.local_ids).to_pandas()
            since = first.reindex(ids.to_numpy()).to_numpy("datetime64[D]")
        moved = any(one.dataset == return_.dataset and one.stays == "shifted" for one in self.agreed.columns)
        weeks = self.agreed.project.shift_weeks
        return Children(
            shifts(who.local_ids, self.key, self.authority, weeks)
            if moved
            else np.zeros(who.count, np.int64),
            born,
            since,
        )

    def _apart(self, who: People) -> np.ndarray:
        """Which records are of adopted children, whose tokens are left out."""
        import pyarrow as pa
        import pyarrow.compute as pc

        listed = pa.array(sorted(self.apart), pa.string())
        found: np.ndarray = pc.is_in(clean_ids(who.local_ids), listed).to_numpy(zero_copy_only=False)
        return found


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
            parts: dict[str, pa.RecordBatchReader] = {}
            for piece in pieces:
                parts |= piece.part(content)
            said = facts.model_copy(
                update={"content": content, "tokens": {} if content == "attributes" else facts.tokens}
            )
            manifests.append(seal(path, parts, said, recipient=recipient, signer=signer, number=number))
        for kept in filter(None, (options.truth_map, options.own_map)):
            telling.write_truth([piece.truth for piece in pieces if piece.truth], kept)
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
    tokens = [one for piece in pieces for one in piece.exposed]
    exposed = list(birthdays.problems((one for piece in pieces for one in piece.dates), project.limits))
    exposed += attack.problems([one for piece in pieces for one in piece.named], project.limits)
    exposed += exposure.problems(tokens, [piece.groups for piece in pieces if piece.groups], project.limits)
    if exposed:
        raise Problems("more would be exposed than the project allows", exposed)
