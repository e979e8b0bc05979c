"""Which reader opens which file: the bytes decide, and a name that says otherwise is itself a finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from disclosure.files.delimited import Grid
from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE
from tre_toolkit.errors import TreError

LARGEST = 100_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file holds: tables, and findings about the rest."""

    grids: tuple[Grid, ...] = ()
    findings: tuple[Finding, ...] = ()


Reader = Callable[[bytes, str], Opened]

# kind -> (suffixes it may carry, module and function that read it)
KINDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "delimited text": ((".csv", ".tsv", ".txt", ".log"), "delimited:open_delimited"),
    "workbook": ((".xlsx",), "workbook:open_workbook"),
    "web page": ((".html", ".htm"), "markup:open_html"),
    "drawing": ((".svg",), "drawing:open_svg"),
    "LaTeX": ((".tex",), "prose:open_latex"),
    "Markdown": ((".md",), "prose:open_markdown"),
    "JSON": ((".json",), "records:open_json"),
    "notebook": ((".ipynb",), "notebook:open_notebook"),
    "image": ((".png", ".jpg", ".jpeg"), "images:open_image"),
    "PDF": ((".pdf",), "pdf:open_pdf"),
}
# data files of statistical programs: whole data, never an output
REFUSED = (".pkl", ".pickle", ".parquet", ".feather", ".dta", ".sav", ".rds", ".rdata", ".sas7bdat", ".db",
           ".sqlite", ".gph", ".npz", ".npy", ".joblib", ".h5", ".zip", ".gz", ".xls", ".docx", ".pptx")  # fmt: skip
_MAGIC = (
    (b"PK\x03\x04", "workbook"), (b"\x89PNG\r\n\x1a\n", "image"), (b"\xff\xd8\xff", "image"), (b"%PDF-", "PDF"),
    (b"PAR1", "data"), (b"\x80\x04\x95", "data"), (b"\x80\x05\x95", "data"), (b"SQLite format 3", "data"),
    (b"\x1f\x8b", "data"), (b"\xd0\xcf\x11\xe0", "data"), (b"<stata_dta>", "data"), (b"GIF8", "data"),
)  # fmt: skip


def open_file(path: Path, content: bytes) -> Opened:
    """The tables in a file and what else there is to say. Raises TreError when it can't be read as what it is."""
    name = str(path)
    if len(content) > LARGEST:
        raise TreError("the file is too large to be an output", where=name, hint="release a summary")
    suffix = path.suffix.lower()
    found = kind_of(content)
    named = next((kind for kind, (suffixes, _) in KINDS.items() if suffix in suffixes), None)
    if suffix in REFUSED or found == "data":
        return Opened(findings=(_refused(name, "a file of data, not an output"),))
    if named is None:
        return Opened(findings=(_refused(name, "no reader for this kind of file, so nobody can check it"),))
    binary = ("workbook", "image", "PDF")
    if found != named and (found in binary or named in binary):
        return Opened(findings=(_refused(name, f"named as {named}, but its bytes are something else"),))
    return _reader(KINDS[named][1])(content, name)


def kind_of(content: bytes) -> str | None:
    """What the first bytes say a file is; None for text."""
    return next((kind for start, kind in _MAGIC if content.startswith(start)), None)


def _reader(place: str) -> Reader:
    module, _, function = place.partition(":")
    reader: Reader = getattr(import_module(f"disclosure.files.{module}"), function)
    return reader


def _refused(name: str, message: str) -> Finding:
    fix = "give the table itself as CSV, or the figure as SVG or PNG with its table"
    return Finding(Level.FAIL, f"{HOUSE}/file-type", name, "whole file", message, fix)


def look(name: str, message: str, *, where: str = "whole file", fix: str = "") -> Finding:
    """A finding that asks a person to look."""
    return Finding(
        Level.REVIEW, f"{HOUSE}/file", name, where, message, fix or "give the table behind it as CSV with it"
    )


def hidden(name: str, message: str, *, where: str = "whole file", fix: str = "") -> Finding:
    """A finding about something a reader doesn't see but gets."""
    return Finding(
        Level.FAIL,
        f"{HOUSE}/hidden-content",
        name,
        where,
        message,
        fix or "take it out, or save the output anew",
    )
