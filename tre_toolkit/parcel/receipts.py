"""The receiver's book of parcels: each is taken in once, and no older one after a newer.

A parcel that was recorded on its way could be sent again later, to bring withdrawn records back. The
book is an audit log of its own (hash-chained, counts and digests only): a parcel whose number stands
there already, or whose counter isn't above the last of the same sender, project, authority and
content, is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tre_toolkit import audit
from tre_toolkit.errors import TreError
from tre_toolkit.files import digest
from tre_toolkit.parcel.manifest import Manifest
from tre_toolkit.parcel.opening import verify
from tre_toolkit.signing import Verifier

TAKEN = "parcel taken in"


def take_in(path: Path, book: Path, *, trusted: Sequence[Verifier]) -> Manifest:
    """Verify the parcel at `path` and enter it in the book.

    Raises TreError when it doesn't verify, was taken in before, or is older than one taken in.
    """
    manifest = verify(path, trusted=trusted)
    check_fresh(manifest, book, where=str(path))
    enter(path, manifest, book)
    return manifest


def enter(path: Path, manifest: Manifest, book: Path) -> None:
    """Enter a parcel that was verified and is fresh."""
    audit.append(
        book,
        TAKEN,
        **_series(manifest),
        parcel=manifest.parcel,
        counter=manifest.counter,
        sha256=digest(path),
        rows={part.name: part.rows for part in manifest.parts},
    )


def is_entered(path: Path, manifest: Manifest, book: Path) -> bool:
    """Whether the book holds this very file. Raises TreError when it holds another one under the parcel's number."""
    for event in audit.events(book) if book.exists() else ():
        if event.name == TAKEN and (event.facts["parcel"], event.facts["content"]) == (
            manifest.parcel,
            manifest.content,
        ):
            if event.facts["sha256"] != digest(path):
                raise TreError(
                    f"another file of this parcel's number was taken in on {event.moment[:10]}",
                    where=str(path),
                    hint="one of the two was sent again or altered: ask the sender",
                )
            return True
    return False


def check_fresh(manifest: Manifest, book: Path, *, where: str) -> None:
    """Raise TreError when the book holds this parcel, or a newer one of its series."""
    series, last = _series(manifest), 0
    for event in audit.events(book) if book.exists() else ():
        if event.name != TAKEN:
            continue
        if (event.facts["parcel"], event.facts["content"]) == (manifest.parcel, manifest.content):
            raise TreError(f"this parcel was taken in before, on {event.moment[:10]}", where=where)
        if all(event.facts[name] == value for name, value in series.items()):
            last = max(last, int(event.facts["counter"]))
    if manifest.counter <= last:
        raise TreError(
            f"the parcel is number {manifest.counter} of its sender, number {last} was taken in before it",
            where=where,
            hint="an old parcel may have been sent again: ask the sender which is the newest",
        )


def _series(manifest: Manifest) -> dict[str, str]:
    signer = Verifier.parse(manifest.signer).fingerprint
    return {
        "signer": signer,
        "project": manifest.project,
        "authority": manifest.authority,
        "content": manifest.content,
    }
