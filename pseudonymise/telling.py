"""What a run says of itself: its counts, the manifest's facts, a line in the log, the truth map of invented children.

Names of columns, counts and digests only; the truth map alone holds local numbers, and is made of synthetic returns only.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pseudonymise import profiles, standardise
from pseudonymise.keys import Key
from pseudonymise.people import People
from pseudonymise.planning import Plan, parts_of
from tre_toolkit import audit
from tre_toolkit.files import digest, new_file
from tre_toolkit.parcel.manifest import Facts, Manifest, TokenColumn

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from tre_toolkit.returns import Return


def counts_of(return_: Return, who: People, more: dict[str, int], apart: int) -> dict[str, int]:
    """What the report counts of one return; how many children have no usable value of what linkage needs most."""
    told = ("local_id", "upn", "birth_date", "sex", "given", "surname", "postcode", "uprn", "nhs", "uln")
    return {
        "rows read": return_.rows_read,
        "rows refused": return_.rows_refused,
        "children": who.count,
        **who.counts,
        **more,
        "adopted children kept apart": apart,
        **{f"children without {part}": who.parts[part].null_count for part in told if part in who.parts},
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


def truth_of(return_: Return, who: People, record_ids: np.ndarray, authority: str) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "record_id": record_ids,
            "authority": pa.array([authority] * who.count, pa.string()),
            "dataset": pa.array([return_.dataset] * who.count, pa.string()),
            "period": pa.array([return_.period] * who.count, pa.string()),
            "local_id": who.local_ids,
        }
    )


def write_truth(truth: Sequence[pa.Table], path: Path) -> None:
    import pyarrow as pa
    from pyarrow import csv

    with new_file(path, mode=0o600) as part:
        csv.write_csv(pa.concat_tables(truth), part)
