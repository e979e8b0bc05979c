"""Words that must stand nowhere in what a run leaves: long, so that no random byte spells one by chance."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SHORTEST = 7  # characters; some spellings of a postcode have no more


def spellings(words: Iterable[str]) -> set[bytes]:
    """Each word in small letters, with and without its blanks, as bytes."""
    plain = {word.lower() for word in words}
    found = {form.encode() for form in plain | {word.replace(" ", "") for word in plain}}
    if any(len(one) < SHORTEST for one in found):
        raise ValueError("a canary this short could stand somewhere by chance")
    return found


def found_in(folder: Path, words: Iterable[str], *, but: Iterable[Path] = ()) -> dict[str, list[bytes]]:
    """File to the words found in its bytes, in any letters' case and in UTF-16, for all files below `folder` not below `but`."""
    sought, left_out = spellings(words), set(but)
    found = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or left_out & set(path.parents):
            continue
        lowered = path.read_bytes().lower()
        wide = lowered.replace(b"\0", b"")
        if given := [word for word in sought if word in lowered or word in wide]:
            found[str(path.relative_to(folder))] = given
    return found
