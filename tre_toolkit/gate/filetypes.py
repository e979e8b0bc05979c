"""What a file is: by its name and by its bytes, and both must say the same. What is not known stays out."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from tre_toolkit.gate.refusals import Unsafe

MB = 1_000_000
UNPACKED = 50 * MB  # most bytes an archive may unpack to
RATIO = 20  # and most times its own size
ENTRIES = 1_000
DEPTH = 100  # of nested JSON


@dataclass(frozen=True, slots=True)
class FileType:
    """A kind of file the gate holds; `table` ones go through the disclosure checker."""

    name: str
    media: str
    largest: int
    table: bool = False


CSV = FileType("csv", "text/csv", 5 * MB, table=True)
TSV = FileType("tsv", "text/tab-separated-values", 5 * MB, table=True)
XLSX = FileType(
    "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 5 * MB, table=True
)
JSON = FileType("json", "application/json", 5 * MB)
TXT = FileType("txt", "text/plain", 5 * MB)
LOG = FileType("log", "text/plain", 5 * MB)
MD = FileType("md", "text/markdown", 5 * MB)
HTML = FileType("html", "text/html", 10 * MB)
PNG = FileType("png", "image/png", 20 * MB)
JPG = FileType("jpg", "image/jpeg", 20 * MB)
SVG = FileType("svg", "image/svg+xml", 10 * MB)
PDF = FileType("pdf", "application/pdf", 20 * MB)
IPYNB = FileType("ipynb", "application/x-ipynb+json", 10 * MB)
TYPES = {t.name: t for t in (CSV, TSV, XLSX, JSON, TXT, LOG, MD, HTML, PNG, JPG, SVG, PDF, IPYNB)}
SUFFIXES = {**TYPES, "jpeg": JPG, "htm": HTML}


def identify(name: str, file: IO[bytes]) -> FileType:
    """The type that name and bytes agree on. Raises Unsafe."""
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    type_ = SUFFIXES.get(suffix)
    if type_ is None:
        raise Unsafe(
            "the gate does not hold files of this type",
            where=name,
            hint="allowed are " + ", ".join(sorted(TYPES)) + "; models and data files do not leave this way",
        )
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        raise Unsafe("the file is empty", where=name)
    if size > type_.largest:
        raise Unsafe(
            f"the file is larger than {type_.largest // MB} MB", where=name, hint="make a smaller table"
        )
    file.seek(0)
    raw = file.read()
    reason = LOOKS[type_.name](raw)
    if reason:
        raise Unsafe(f"the file is not the {type_.name} its name says: {reason}", where=name)
    return type_


def _text(raw: bytes) -> str | None:
    for mark in (
        b"\xff\xfe",
        b"\xfe\xff",
        b"%PDF-",
        b"PK\x03\x04",
        b"\x89PNG",
        b"GIF8",
        b"\x1f\x8b",
        b"PAR1",
        b"\x80\x04",
    ):
        if raw.startswith(mark):
            return "it begins like another kind of file"
    if b"\0" in raw:
        return "it holds bytes that are no text"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "it is not UTF-8"
    if b"+ADw-" in raw:
        return "it may be UTF-7"
    return None


def _json(raw: bytes) -> str | None:
    if reason := _text(raw):
        return reason
    deep = most = 0
    quoted = escaped = False
    for byte in raw:
        if quoted:
            quoted, escaped = escaped or byte != 0x22, byte == 0x5C and not escaped
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            deep += 1
            most = max(most, deep)
        elif byte in b"]}":
            deep -= 1
    if most > DEPTH:
        return "it is nested too deep"
    try:
        json.loads(raw, object_pairs_hook=_no_twins)
    except ValueError:
        return "it can't be read as JSON, or a key stands in it twice"
    return None


def _no_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)


def _ipynb(raw: bytes) -> str | None:
    return _json(raw) or (None if b'"cells"' in raw else "it has no cells")


def _xlsx(raw: bytes) -> str | None:
    if not raw.startswith(b"PK\x03\x04"):
        return "it is no workbook"
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return "it is no whole workbook"
    names = [entry.filename for entry in entries]
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > ENTRIES or len(set(names)) != len(names):
        return "it has too many parts"
    if unpacked > UNPACKED or unpacked > RATIO * len(raw) + MB:
        return "it unpacks to too much"
    if any(
        name.lower().endswith((".zip", ".bin", ".xlsx", ".exe")) or "vba" in name.lower() for name in names
    ):
        return "it holds other files or macros"
    if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
        return "it is no workbook"
    end = raw.rfind(b"PK\x05\x06")
    if len(raw) - end - 22 != int.from_bytes(raw[end + 20 : end + 22], "little"):
        return "something stands after its end"
    return None


def _xml_like(raw: bytes) -> str | None:
    if reason := _text(raw):
        return reason
    if b"<!entity" in raw.lower():
        return "it declares entities"
    return None


def _svg(raw: bytes) -> str | None:
    return _xml_like(raw) or (None if b"<svg" in raw[:4096] else "it is no drawing")


def _html(raw: bytes) -> str | None:
    return _xml_like(raw) or (None if b"<" in raw[:4096] else "it is no page")


def _png(raw: bytes) -> str | None:
    if not raw.startswith(b"\x89PNG\r\n\x1a\n") or raw[12:16] != b"IHDR":
        return "it is no PNG"
    end = raw.rfind(b"IEND")
    if end < 0 or len(raw) != end + 8:
        return "something stands after the picture's end"
    return _pixels(int.from_bytes(raw[16:20]), int.from_bytes(raw[20:24]))


def _jpg(raw: bytes) -> str | None:
    if not raw.startswith(b"\xff\xd8\xff"):
        return "it is no JPEG"
    return None if raw.endswith(b"\xff\xd9") else "something stands after the picture's end"


def _pixels(width: int, height: int) -> str | None:
    return "it has too many pixels" if width * height > 40_000_000 or not width * height else None


def _pdf(raw: bytes) -> str | None:
    if not raw.startswith(b"%PDF-"):
        return "it is no PDF"
    tail = raw[raw.rfind(b"%%EOF") :] if b"%%EOF" in raw else b""
    return None if tail.strip() == b"%%EOF" else "something stands after its end"


LOOKS: dict[str, Callable[[bytes], str | None]] = {
    **dict.fromkeys(("csv", "tsv", "txt", "log", "md"), _text),
    "json": _json,
    "ipynb": _ipynb,
    "xlsx": _xlsx,
    "html": _html,
    "svg": _svg,
    "png": _png,
    "jpg": _jpg,
    "pdf": _pdf,
}
