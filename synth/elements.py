"""The text of XML elements from columns: what has few values is put between its tags once for each value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from synth.columns import Column, plain

Words = Any  # a pyarrow large_string array
FEW = 200
SIGNS = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


@dataclass(frozen=True, slots=True)
class Tags:
    """Values between their tags, kept from chunk to chunk where they are few."""

    kept: dict[tuple[str, int, int, int], tuple[Column, Words]] = field(default_factory=dict)

    def around(self, name: str, cells: Column, *, always: bool = False) -> list[str | Words]:
        """What to put together for `<name>cell</name>`; nothing where there is no cell, unless it is `always` there."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if always:
            return [f"<{name}>", or_nothing(escaped(large(plain(cells)))), f"</{name}>"]
        if not pa.types.is_dictionary(cells.type):
            text = joined([f"<{name}>", escaped(large(cells)), f"</{name}>"])
            return [or_nothing(text)]
        words = self._between(name, cells.dictionary)
        return [words.take(pc.fill_null(cells.indices, len(words) - 1))]

    def _between(self, name: str, values: Column) -> Words:
        """The values between the tags, and nothing as the last of them."""
        import pyarrow as pa

        text = values.buffers()[2]
        place = (name, text.address if text else 0, values.offset, len(values))
        if place in self.kept:
            return self.kept[place][1]
        words = or_nothing(joined([f"<{name}>", escaped(large(values)), f"</{name}>"]))
        words = pa.concat_arrays([words, pa.array([""], pa.large_string())])
        if len(values) < FEW:
            # the values are kept, too: while they are there, nothing else has their address
            self.kept[place] = (values, words)
        return words


def large(cells: Column) -> Words:
    """The cells as large_string."""
    import pyarrow as pa

    return cells.cast(pa.large_string())


def escaped(cells: Words) -> Words:
    """The cells with XML's own signs written out."""
    import pyarrow.compute as pc

    text = np.frombuffer(cells.buffers()[2] or b"", dtype=np.uint8)
    for sign, told in SIGNS:
        if (text == ord(sign)).any():
            cells = pc.replace_substring(cells, sign, told)
    return cells


def or_nothing(cells: Words) -> Words:
    """The cells, of no words where they are missing."""
    import pyarrow.compute as pc

    return pc.fill_null(cells, "") if cells.null_count else cells


def joined(parts: list[str | Words], *, by: str = "", rows: int | None = None) -> Words:
    """The parts of each row behind one another; missing where a part is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    merged: list[str | Words] = []
    for part in parts:  # neighbouring words are one
        if isinstance(part, str) and merged and isinstance(merged[-1], str) and not by:
            merged[-1] += part
        elif not isinstance(part, str) or part:
            merged.append(part)
    if rows is not None and all(isinstance(part, str) for part in merged):
        return pa.array(["".join(merged)] * rows, pa.large_string())
    if len(merged) == 1:
        return merged[0]
    kind = pa.large_string()
    return pc.binary_join_element_wise(
        *(pa.scalar(part, kind) if isinstance(part, str) else part for part in merged), pa.scalar(by, kind)
    )
