"""What the `standard` profile adds: single fields, which the linkage zone may put together as it likes.

A `strict` parcel holds composites only, and each of them stands or falls with the birth date, a number or the
full names. Where the zone holds single fields as well, it makes more composites of them here: names that
sound or begin alike, with part of the date or with the postcode, and a given name with the address. Each
is a candidate rule of its own, so that all pairs that agree on it are seen and counted.
"""

from __future__ import annotations

from tre_toolkit.linkage.records import NONE, Records, kind, mix

SOUNDS, BEGINNINGS = ("given_sound", "surname_sound"), ("given_first3", "surname_first3")
ALIKE_DATE = tuple((*SOUNDS, date) for date in ("birth_ym", "birth_md", "birth_yd", "birth_swap"))
ALIKE_PLACE = ((*SOUNDS, "postcode"), (*BEGINNINGS, "postcode"))
HOME = (("given_first3", "uprn"), ("given_first3", "house"))
MADE = (*ALIKE_DATE, *ALIKE_PLACE, *HOME)
"""Composites made of single fields, by their parts."""


def with_bare(records: Records) -> Records:
    """The records with the composites of `MADE` that their single fields allow; nothing is added under `strict`."""
    made = {
        kind(parts): mix(*(records.of(part) for part in parts))
        for parts in MADE
        if kind(parts) not in records.tokens and all((records.of(part) != NONE).any() for part in parts)
    }
    return Records(records.about, {**records.tokens, **made}, records.lists, records.sources)
