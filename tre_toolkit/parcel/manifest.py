"""What a parcel says about itself in clear: counts, names of columns and digests, never a value.

The `Facts` are what the sender states; `Manifest` adds what sealing found out (parts, digests, keys).
A manifest has one spelling (canonical JSON), and that spelling is what is signed.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tre_toolkit.audit import canonical
from tre_toolkit.errors import TreError

FORMAT = "tre-parcel-v1"
PURPOSE = "parcel"  # what the signature is for
LARGEST = 16 << 20  # bytes of a manifest; a larger one was not written by us


class Said(BaseModel):
    """Strict and frozen: an unknown word in a manifest is refused, not passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class TokenColumn(Said):
    """One token column: which columns it can be compared with, and what it was made of."""

    domain: str
    parts: list[str]
    is_list: bool = Field(default=False, alias="list")
    """A deletion list: each cell is a list of tokens."""


class Facts(Said):
    """What the sender states about a parcel before it is sealed."""

    project: str
    project_digest: str
    authority: str
    profile: str
    standardiser: str
    """Version and vector digest of the cleaning rules: other rules, other tokens."""
    key_commitment: str
    """Equal for parcels made under the same key of the same project; tells nothing about the key."""
    catalogue_digest: str
    synthetic: bool
    counter: int
    """Rises by one with each parcel of a sender; the receiver refuses one that doesn't rise."""
    content: str = "all"
    """`all`, or which half of a split file this is: `linkage` or `attributes`."""
    tokens: dict[str, TokenColumn] = {}
    fates: dict[str, str] = {}
    """The fate of every column, "dataset.table.column" to token, keep, month, year, district or drop."""
    counts: dict[str, int] = {}
    """What was counted on the way: rows refused, identifiers that gave no token, children left out."""


class Part(Said):
    """One part: a Parquet file under seal."""

    name: str
    rows: int
    columns: list[str]
    bytes: int
    sha256: str
    """Of the sealed bytes."""


class Manifest(Facts):
    """All that `manifest.json` says."""

    format: str
    parcel: str
    """32 hex digits, random: the parcel's own number."""
    moment: str
    recipient: str
    """Fingerprint of the key it is sealed for."""
    signer: str
    """The signer's public line."""
    parts: list[Part]

    def spelling(self) -> bytes:
        """The one way to write this manifest; it is what is signed."""
        return canonical(self.model_dump(mode="json", by_alias=True))

    def part(self, name: str) -> Part:
        """The part called `name`. Raises TreError when there is none."""
        for part in self.parts:
            if part.name == name:
                return part
        raise TreError("the parcel has no such part", where=name, hint=f"it has {len(self.parts)} others")

    @property
    def names(self) -> list[str]:
        """Names of the parts, in order."""
        return [part.name for part in self.parts]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every part is bound to; known before its first byte is sealed."""

    parcel: str
    project: str
    project_digest: str
    recipient: str
    format: str = field(default=FORMAT)

    def context(self, part: str) -> bytes:
        return canonical(
            {
                "format": self.format,
                "parcel": self.parcel,
                "part": part,
                "project": self.project,
                "project_digest": self.project_digest,
                "recipient": self.recipient,
            }
        )


def new_number() -> str:
    """A parcel's own number, 32 random hex digits; both halves of a split file bear the same one."""
    return secrets.token_hex(16)


def envelope(manifest: Manifest) -> Envelope:
    """What the parts of a parcel with this manifest must be bound to."""
    return Envelope(manifest.parcel, manifest.project, manifest.project_digest, manifest.recipient)


def parse(raw: bytes, *, where: str) -> Manifest:
    """A manifest from its bytes. Raises TreError unless they are its one spelling."""
    try:
        said: Any = json.loads(raw)
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            raise TreError(
                "this is not a parcel of a form this toolkit reads",
                where=where,
                hint=f"it reads {FORMAT}; a newer toolkit may read this one",
            )
        manifest = Manifest.model_validate(said)
    except (ValueError, ValidationError, RecursionError):
        raise TreError("the manifest is not right", where=where, hint="ask for a fresh copy") from None
    if manifest.spelling() != raw:
        raise TreError("the manifest is not spelt as it must be", where=where, hint="ask for a fresh copy")
    return manifest
