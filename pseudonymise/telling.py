"""What a run says of itself: its counts, the manifest's facts, a line in the log, the truth map of invented children.

Names of columns, counts and digests only; the truth map alone holds local numbers, and is made of synthetic returns only.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pseudonymise import profiles, standardise
from pseudonymise.keys import Key
from pseudonymise.making import Tokens
from pseudonymise.people import People
from pseudonymise.planning import Plan, parts_of
from pseudonymise.spill import SLICE, Place, Spill, packed, unpacked
from tre_toolkit import audit
from tre_toolkit.files import digest, new_file
from tre_toolkit.parcel.manifest import Facts, Manifest, TokenColumn

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from tre_toolkit.returns import Return


def counts_of(
    return_: Return, who: People, tokens: Tokens, more: dict[str, int], apart: int
) -> dict[str, int]:
    """What the report counts of one return; how many children have no usable value of what linkage needs most."""
    told = ("local_id", "upn", "birth_date", "sex", "given", "surname", "postcode", "uprn", "nhs", "uln")
    return {
        "rows read": return_.rows_read,
        "rows refused": return_.rows_refused,
        "children": who.count,
        **who.counts,
        **more,
        "adopted children kept apart": apart,
        **{f"children without {part}": tokens.missing[part] for part in told if part in tokens.missing},
    }


def summed(counted: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for counts in counted:
        total.update(counts)
    return dict(total)


def facts_of(
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
        for column in profiles.columns(project.profile, parts_of(return_.schema, project))
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


def event_of(manifest: Manifest, path: Path) -> dict[str, audit.Fact]:
    return {
        "project": manifest.project,
        "parcel": manifest.parcel,
        "content": manifest.content,
        "counter": manifest.counter,
        "authority": manifest.authority,
        "profile": manifest.profile,
        "standardiser": manifest.standardiser,
        "key_commitment": manifest.key_commitment,
        "synthetic": manifest.synthetic,
        "sealed_for": manifest.recipient,
        "sha256": digest(path),
        "rows": {part.name: part.rows for part in manifest.parts},
        "counts": dict(manifest.counts),
    }


@dataclass(frozen=True, slots=True)
class Truth:
    """Which record of a return is which child, kept outside memory."""

    kept: list[pa.Buffer | Place]
    spill: Spill

    def tables(self) -> Iterator[pa.Table]:
        """record_id, authority, dataset, period and local_id, a slice of records at a time."""
        import pyarrow as pa

        for one in self.kept:
            yield pa.Table.from_batches([unpacked(self.spill.get(one))])


def truth_of(return_: Return, who: People, record_ids: np.ndarray, authority: str, spill: Spill) -> Truth:
    import pyarrow as pa

    def say(word: str, rows: int) -> pa.Array:
        return pa.array([word] * rows, pa.string())

    kept: list[pa.Buffer | Place] = []
    for at in range(0, max(1, who.count), SLICE):
        ids = record_ids[at : at + SLICE]
        columns = {
            "record_id": pa.array(ids, pa.int64()),
            "authority": say(authority, len(ids)),
            "dataset": say(return_.dataset, len(ids)),
            "period": say(return_.period, len(ids)),
            "local_id": who.local_ids.slice(at, SLICE),
        }
        kept.append(spill.put(packed(pa.record_batch(columns))))
    return Truth(kept, spill)


def write_truth(truth: Sequence[Truth], path: Path) -> None:
    from pyarrow import csv

    tables = (table for one in truth for table in one.tables())
    with new_file(path, mode=0o600) as part:
        first = next(tables)
        with csv.CSVWriter(part, first.schema) as writer:
            writer.write_table(first)
            for table in tables:
                writer.write_table(table)
