"""Which names a file may have at the gate: what a person reads is what a machine opens.

Relative, in Unicode's composed form, of Latin letters, digits and a little punctuation. Everything that
could mean another place (`..`, a drive, an escape), look like another name (a Cyrillic letter, a
right-to-left override, nothing at all) or be another file on another system (case twins, a trailing
dot, `NUL`) is refused.
"""

from __future__ import annotations

import unicodedata

from tre_toolkit.gate.refusals import Unsafe

LONGEST_PART = 120  # bytes; leaves room for the bag's and a system's own additions within 255
DEEPEST = 8
MARKS = set(" ._-+,=()@&'")
RESERVED = {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))}
OURS = {"ro-crate-metadata.json"}  # the release puts its own beside the files


def check_name(name: str) -> str:
    """The name, when it may stand in a request. Raises Unsafe, without repeating it."""
    for wrong, reason in _reasons(name):
        if wrong:
            raise Unsafe(
                f"a file's name {reason}",
                hint="rename it: letters, digits, spaces and . _ - in folders below the one you are in",
            )
    return name


def folded(name: str) -> str:
    """What twins have in common."""
    return unicodedata.normalize("NFKC", name).casefold()


def shown(name: str) -> str:
    """A name made harmless for a screen: everything unusual as its code point."""
    return "".join(c if _is_plain(c) or c == "/" else f"<U+{ord(c):04X}>" for c in name)


def _reasons(name: str) -> list[tuple[bool, str]]:
    parts = name.split("/")
    return [
        (not name, "is empty"),
        (name.startswith("/") or ".." in parts or "." in parts or "" in parts, "leads out of its folder"),
        ("%" in name or "~" in name or "\\" in name or ":" in name, "holds an escape, a drive or a home"),
        (not all(_is_plain(c) for c in name.replace("/", "")), "holds a character that can deceive a reader"),
        (unicodedata.normalize("NFC", name) != name, "is not in composed form"),
        (
            any(part != part.strip(" ") or part.endswith(".") for part in parts),
            "has a blank or dot at an end",
        ),
        (any(part.split(".")[0].lower() in RESERVED for part in parts), "is a device's name on some systems"),
        (any(len(part.encode()) > LONGEST_PART for part in parts) or len(parts) > DEEPEST, "is too long"),
        (any(part.startswith(".") for part in parts), "is hidden"),
        (folded(name) in OURS, "is one the release keeps for itself"),
    ]


def _is_plain(c: str) -> bool:
    if c in MARKS or (c.isascii() and c.isalnum()):
        return True
    return unicodedata.category(c) in {"Lu", "Ll"} and unicodedata.name(c, "").startswith("LATIN ")
