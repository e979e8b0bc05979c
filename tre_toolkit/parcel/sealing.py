"""Write a parcel: parts sealed one after the other, then the manifest and its signature.

Each part is read once, a batch at a time, so memory doesn't grow with the number of children. The
file appears under its name only when it is whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import TreError
from tre_toolkit.files import new_file
from tre_toolkit.parcel.archive import Archive
from tre_toolkit.parcel.keys import Recipient
from tre_toolkit.parcel.manifest import FORMAT, PURPOSE, Envelope, Facts, Manifest, Part, new_number
from tre_toolkit.parcel.stream import SealedWriter
from tre_toolkit.signing import Signer

if TYPE_CHECKING:
    import pyarrow as pa

RANDOM = ("t_", "n_")  # columns of tokens
MANIFEST, SIGNATURE, PARTS = "manifest.json", "manifest.sig", "parts/"


def seal(
    path: Path,
    parts: Mapping[str, pa.Table | pa.RecordBatchReader],
    facts: Facts,
    *,
    recipient: Recipient,
    signer: Signer,
    number: str | None = None,
) -> Manifest:
    """Write `parts` (name to table, or to a reader of batches) as a new parcel at `path`.

    `number` is given when another half of the same file has it already. Raises TreError when the place is taken or a part's name is not one.
    """
    number = number or new_number()
    bound = Envelope(number, facts.project, facts.project_digest, recipient.fingerprint)
    with new_file(path) as unfinished, unfinished.open("wb") as file:
        archive = Archive(file)
        sealed = [
            _write_part(archive, name, parts[name], bound, recipient) for name in sorted(map(_name, parts))
        ]
        manifest = Manifest(
            **{name: getattr(facts, name) for name in Facts.model_fields},
            format=FORMAT,
            parcel=number,
            moment=datetime.now(UTC).isoformat(timespec="seconds"),
            recipient=recipient.fingerprint,
            signer=str(signer.verifier),
            parts=sealed,
        )
        spelling = manifest.spelling()
        for name, content in (
            (MANIFEST, spelling),
            (SIGNATURE, signer.sign(spelling, purpose=PURPOSE)),
        ):
            with archive.entry(name) as entry:
                entry.write(content)
        archive.finish()
    return manifest


def _write_part(
    archive: Archive,
    name: str,
    content: pa.Table | pa.RecordBatchReader,
    bound: Envelope,
    recipient: Recipient,
) -> Part:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = content.schema.remove_metadata()  # pandas' notes hold what an index looked like
    # tokens are random: neither a dictionary nor compression shortens them
    plain = [field.name for field in schema if not field.name.startswith(RANDOM)]
    batches = content.to_batches(max_chunksize=1 << 16) if isinstance(content, pa.Table) else content
    rows = 0
    with archive.entry(f"{PARTS}{name}") as entry:
        sink = SealedWriter(entry, recipient, bound.context(name))
        with pq.ParquetWriter(
            pa.PythonFile(sink, mode="w"),
            schema,
            compression=dict.fromkeys(plain, "zstd") or "none",
            use_dictionary=plain,
            store_schema=False,
            write_statistics=False,  # least and greatest values help no one who reads whole parts
        ) as writer:
            for batch in batches:
                writer.write_batch(batch.cast(schema) if batch.schema.metadata else batch)
                rows += batch.num_rows
        sink.close()
    return Part(
        name=name,
        rows=rows,
        columns=schema.names,
        bytes=entry.size,
        sha256=entry.sha256,
    )


def _name(name: str) -> str:
    if not name or name.startswith("/") or ".." in name.split("/") or "\\" in name or "\0" in name:
        raise TreError("a part needs a plain name with slashes between its words")
    return name
