"""The confined reader of a PDF: bytes on standard input, what stands and hides in it as JSON on standard output.

A PDF engine is a large program fed by strangers, so it runs in a process of its own that takes its limits before it
reads a byte. Lines are put together from where each letter stands; cells of a line are parted by tabs.
"""

from __future__ import annotations

import ctypes
import json
import resource
import sys
from typing import Any

PAGES = 300
LETTERS = 400_000
CELL = 0.8  # of a letter's height: a wider gap begins a new cell
WORD = 0.15
LIMITS = {
    resource.RLIMIT_CPU: 30,  # seconds
    resource.RLIMIT_AS: 2_000_000_000,  # bytes
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_CORE: 0,
}


def main() -> None:
    """Read, say, and end."""
    for what, most in LIMITS.items():
        resource.setrlimit(what, (most, most))
    sys.stdout.write(json.dumps(told_of(sys.stdin.buffer.read())))


def told_of(content: bytes) -> dict[str, Any]:
    """The lines of each page, and what else is in the document."""
    import pypdfium2
    from pypdfium2 import raw

    document = pypdfium2.PdfDocument(content)
    told: dict[str, Any] = {
        "lines": [],
        "pages": len(document),
        "attachments": document.count_attachments(),
        "scripts": raw.FPDFDoc_GetJavaScriptActionCount(document.raw),
        "metadata": sorted(key for key, value in document.get_metadata_dict().items() if value),
        "invisible": 0,
        "outside": 0,
        "annotations": 0,
        "pictures": 0,
        "whole": len(document) <= PAGES,
    }
    letters = 0
    for number in range(min(len(document), PAGES)):
        page = document[number]
        text = page.get_textpage()
        letters += text.count_chars()
        if letters > LETTERS:
            told["whole"] = False
            break
        told["lines"].append(_lines(_letters(raw, text.raw, text.count_chars(), page.get_bbox(), told)))
        told["annotations"] += raw.FPDFPage_GetAnnotCount(page.raw)
        for thing in page.get_objects(max_depth=5):
            told["pictures"] += thing.type == raw.FPDF_PAGEOBJ_IMAGE
            told["invisible"] += (
                thing.type == raw.FPDF_PAGEOBJ_TEXT and raw.FPDFTextObj_GetTextRenderMode(thing.raw) == 3
            )
    return told


def _letters(
    raw: Any, text: Any, count: int, page: tuple[float, float, float, float], told: dict[str, Any]
) -> list[tuple[str, float, float, float, float]]:
    """Each letter with its left, right, middle and height; those outside the page are counted too."""
    found = []
    box, loose = [ctypes.c_double() for _ in range(4)], raw.FS_RECTF()
    for at in range(count):
        letter = chr(raw.FPDFText_GetUnicode(text, at))
        if letter.isspace() or not letter.isprintable():
            continue
        raw.FPDFText_GetCharBox(text, at, *map(ctypes.byref, box))
        raw.FPDFText_GetLooseCharBox(text, at, loose)
        left, right, bottom, top = (end.value for end in box)
        if right < page[0] or left > page[2] or top < page[1] or bottom > page[3]:
            told["outside"] += 1
        height = abs(loose.top - loose.bottom) or 1.0
        found.append((letter, left, right, (loose.top + loose.bottom) / 2, height))
    return found


def _lines(letters: list[tuple[str, float, float, float, float]]) -> list[str]:
    """The lines of a page from above, their cells parted by tabs."""
    lines: list[list[tuple[str, float, float, float, float]]] = []
    for letter in sorted(letters, key=lambda letter: (-letter[3], letter[1])):
        if lines and abs(lines[-1][0][3] - letter[3]) < letter[4] / 2:
            lines[-1].append(letter)
        else:
            lines.append([letter])
    return [_line(sorted(line, key=lambda letter: letter[1])) for line in lines]


def _line(line: list[tuple[str, float, float, float, float]]) -> str:
    text, end = "", line[0][1]
    for letter, left, right, _, height in line:
        gap = left - end
        text += ("\t" if gap > CELL * height else " " if gap > WORD * height else "") + letter
        end = right
    return text


if __name__ == "__main__":
    main()
