"""One run in the authority: returns in, one sealed parcel out, and a line in the log.

Everything is checked before anything is written: that all returns are of one authority and all
synthetic or all real, that the plan stands, that no identifier is in what stays. Then tokens and
payload are made, rows shuffled under fresh numbers, and sealed for the linkage zone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pseudonymise import profiles, standardise
from pseudonymise.keys import Key
from pseudonymise.payload import about, fresh_ids, payload, shuffled
from pseudonymise.people import People, people
from pseudonymise.planning import Plan, parts_of, plan
from pseudonymise.tokens import token_columns
from tre_toolkit import audit
from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.files import new_file
from tre_toolkit.parcel.keys import Recipient
from tre_toolkit.parcel.manifest import Facts, Manifest, TokenColumn
from tre_toolkit.parcel.sealing import seal
from tre_toolkit.project import Project
from tre_toolkit.signing import Signer

if TYPE_CHECKING:
    import pyarrow as pa

    from tre_toolkit.returns import Return

SEALED = "parcel sealed"  # the log's name for a parcel that left; counting them gives the next counter
INVENTED = "999"  # the authority in the UPN of every synthetic child; never issued


@dataclass(frozen=True, slots=True)
class Made:
    """What a run gives back: the manifest, and what was counted on the way."""

    manifest: Manifest
    counts: dict[str, int]


def pseudonymise(
    returns: Sequence[Return],
    project: Project,
    key: Key,
    *,
    to: Recipient,
    signer: Signer,
    into: Path,
    log: Path,
    authority: str | None = None,
    truth_map: Path | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> Made:
    """Write the parcel of `returns` (all of one authority) at `into`.

    `truth_map` gets record_id with dataset, period and local id, for synthetic returns only; `done`
    is called with 1 after each return. Raises TreError or Problems, and then writes nothing.
    """
    key.check_project(project.id)
    whose = _authority(returns, authority, project)
    synthetic = _synthetic(returns)
    if truth_map and not synthetic:
        raise TreError("a truth map is made of synthetic returns only", hint="leave --truth-map out")
    agreed = plan(returns, project)
    agreed.check()
    parts: dict[str, pa.Table] = {}
    counts: dict[str, int] = {}
    truth: list[pa.Table] = []
    problems: list[Problem] = []
    for return_ in returns:
        made = _one(return_, agreed, key, whose)
        if duplicate := parts.keys() & made.parts.keys():
            raise TreError(
                "two returns of the same dataset and period",
                where=min(duplicate),
                hint="leave one of them out",
            )
        parts |= made.parts
        problems += made.problems
        truth.append(made.truth)
        for name, count in made.counts.items():
            counts[name] = counts.get(name, 0) + count
        done(1)
    if problems:
        raise Problems("identifiers stand in columns that would stay", problems)
    facts = _facts(
        agreed, key, whose, returns, synthetic=synthetic, counts=counts, counter=_next(log, project)
    )
    manifest = seal(into, parts, facts, recipient=to, signer=signer)
    try:
        if truth_map:
            _write_truth(truth, truth_map)
        audit.append(log, SEALED, **_event(manifest, into))
    except BaseException:
        into.unlink(missing_ok=True)
        raise
    return Made(manifest, counts)


@dataclass(frozen=True, slots=True)
class _Pieces:
    parts: dict[str, pa.Table]
    counts: dict[str, int]
    problems: list[Problem]
    truth: pa.Table


def _one(return_: Return, agreed: Plan, key: Key, authority: str) -> _Pieces:
    """The parts of one return."""
    import pyarrow as pa

    from tre_toolkit.returns import typed as types_of

    typed = types_of(return_)
    who = people(return_, typed, authority)
    record_ids = fresh_ids(who.count)
    place = f"{return_.dataset}/{return_.period}"
    kept, counted, problems = payload(return_, typed, agreed, who, record_ids)
    parts = {f"payload/{place}/{name}": table for name, table in kept.items()}
    if who.count and agreed.project.profile != "research":
        parts[f"tokens/{place}"] = _tokens(return_, who, record_ids, agreed, key)
    if who.count and agreed.project.about and agreed.project.profile == "strict":
        parts[f"about/{place}"] = about(return_, who, record_ids, agreed.project.about)
    counts = {
        "rows read": return_.rows_read,
        "rows refused": return_.rows_refused,
        "children": who.count,
        **who.counts,
        **counted,
        **_without(who),
    }
    truth = pa.table(
        {
            "record_id": record_ids,
            "authority": [authority] * who.count,
            "dataset": [return_.dataset] * who.count,
            "period": [return_.period] * who.count,
            "local_id": who.local_ids,
        }
    )
    return _Pieces(parts, counts, problems, truth)


def _tokens(return_: Return, who: People, record_ids: object, agreed: Plan, key: Key) -> pa.Table:
    import pyarrow as pa

    columns = profiles.columns(agreed.project.profile, parts_of(return_.schema))
    parts = {name: who.parts.get(name, pa.nulls(who.count, pa.string())) for name in _words(columns)}
    made = token_columns(columns, parts, key, standardise.VERSION)
    return pa.table({"record_id": record_ids, **made}).take(pa.array(shuffled(who.count)))


def _words(columns: Iterable[profiles.Column]) -> set[str]:
    return {part for column in columns for part in column.parts}


def _without(who: People) -> dict[str, int]:
    """How many children have no usable value of each part that matters to linkage."""
    told = ("local_id", "upn", "birth_date", "sex", "given", "surname", "postcode", "uprn", "nhs", "uln")
    return {f"children without {part}": who.parts[part].null_count for part in told if part in who.parts}


def _authority(returns: Sequence[Return], named: str | None, project: Project) -> str:
    found = {return_.authority for return_ in returns if return_.authority} | ({named} if named else set())
    if not returns:
        raise TreError("there is no return here", hint="name the files or folders that hold them")
    if len(found) > 1:
        raise TreError(
            f"returns of several authorities in one parcel: {', '.join(sorted(found))}",
            hint="make a parcel for each authority",
        )
    if not found:
        raise TreError(
            "the returns don't say whose they are", hint="name the authority's three digits with --authority"
        )
    whose = found.pop()
    if whose not in project.authorities:
        raise TreError(
            f"the project's declaration doesn't name authority {whose}",
            hint=f"it names {', '.join(sorted(project.authorities))}",
        )
    return whose


def _synthetic(returns: Sequence[Return]) -> bool:
    """Whether the batch is of invented children. Raises TreError when some are and some aren't."""
    marks = {return_.synthetic for return_ in returns}
    if len(marks) > 1:
        raise TreError(
            "synthetic and real returns in one batch", hint="never mix them: make two parcels of two projects"
        )
    for return_ in returns:
        invented, issued = _upns(return_)
        if return_.synthetic and issued:
            raise TreError(
                "a return marked synthetic holds UPNs that were issued to real children",
                where=Where(return_.dataset),
                hint="take the mark SYNTHETIC.json away if the return is real",
            )
        if not return_.synthetic and invented:
            raise TreError(
                "a real return holds UPNs of authority 999, which mark invented children",
                where=Where(return_.dataset),
                hint="find out where these rows come from before anything leaves",
            )
    return marks == {True}


def _upns(return_: Return) -> tuple[int, int]:
    """How many valid UPNs of the return are of authority 999, and how many of any other."""
    import pyarrow.compute as pc

    from pseudonymise.people import text
    from pseudonymise.planning import token_fields

    invented = issued = 0
    for table, field in token_fields(return_.schema).get("upn", []):
        frame = return_.tables.get(table.name)
        if frame is None or field.name not in frame:
            continue
        found = standardise.upn_parts(text(frame[field.name]))
        valid = pc.drop_null(pc.coalesce(found["upn"], found["upn_temp"]))
        marked = pc.sum(pc.equal(pc.utf8_slice_codeunits(valid, 1, 4), INVENTED)).as_py() or 0
        invented, issued = invented + marked, issued + len(valid) - marked
    return invented, issued


def _facts(
    agreed: Plan,
    key: Key,
    authority: str,
    returns: Sequence[Return],
    *,
    synthetic: bool,
    counts: dict[str, int],
    counter: int,
) -> Facts:
    project = agreed.project
    columns = {
        column.name: TokenColumn(domain=column.domain, parts=list(column.parts), list=column.deletions)
        for return_ in returns
        for column in profiles.columns(project.profile, parts_of(return_.schema))
    }
    return Facts(
        project=project.id,
        project_digest=project.digest,
        authority=authority,
        profile=project.profile,
        standardiser=standardise.VERSION,
        key_commitment=key.commitment,
        catalogue_digest=_catalogue_digest(returns),
        synthetic=synthetic,
        counter=counter,
        tokens=columns,
        fates={one.name: one.fate for one in agreed.columns},
        counts={name: count for name, count in counts.items() if count},
    )


def _catalogue_digest(returns: Sequence[Return]) -> str:
    """SHA-256 over the schemas the returns were read by."""
    spelt = sorted(
        {return_.schema.model_dump_json(include={"year", "term", "tables"}) for return_ in returns}
    )
    return hashlib.sha256("\n".join(spelt).encode()).hexdigest()


def _next(log: Path, project: Project) -> int:
    """One more than the parcels this project's log has seen leave."""
    if not log.exists():
        return 1
    left = [event for event in audit.events(log) if event.name == SEALED]
    return 1 + len([event for event in left if event.facts.get("project") == project.id])


def _event(manifest: Manifest, into: Path) -> dict[str, audit.Fact]:
    from tre_toolkit.files import digest

    return {
        "project": manifest.project,
        "parcel": manifest.parcel,
        "counter": manifest.counter,
        "authority": manifest.authority,
        "profile": manifest.profile,
        "synthetic": manifest.synthetic,
        "sealed_for": manifest.recipient,
        "sha256": digest(into),
        "rows": {part.name: part.rows for part in manifest.parts},
        "counts": dict(manifest.counts),
    }


def _write_truth(truth: Sequence[pa.Table], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.csv as csv

    with new_file(path, mode=0o600) as part:
        csv.write_csv(pa.concat_tables(truth), part)
