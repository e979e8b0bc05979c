"""Ready-made files: the same small count is found in whatever it is wrapped, and what hides in a file is told."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import disclosure
from disclosure.findings import Level

SAFE = pd.DataFrame(
    {"plan": [41, 50, 33, 124], "looked after": [23, 37, 29, 89], "Total": [64, 87, 62, 213]},
    index=pd.Index(["Norwich", "Ipswich", "Luton", "Total"], name="area"),
)
SMALL = SAFE.replace({23: 3, 64: 44, 89: 69, 213: 193})


def as_xlsx(frame: pd.DataFrame) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [
        ["area", *frame.columns],
        *[[label, *map(int, row)] for label, row in zip(frame.index, frame.to_numpy(), strict=True)],
    ]:
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def as_latex(frame: pd.DataFrame) -> bytes:
    lines = [" & ".join(["area", *frame.columns]) + r" \\ \hline"]
    lines += [
        " & ".join([str(label), *map(str, row)]) + r" \\"
        for label, row in zip(frame.index, frame.to_numpy(), strict=True)
    ]
    return ("\\begin{tabular}{lrrr}\n\\toprule\n" + "\n".join(lines) + "\n\\end{tabular}\n").encode()


def as_markdown(frame: pd.DataFrame) -> bytes:
    lines = ["| area | " + " | ".join(frame.columns) + " |", "|---" * 4 + "|"]
    lines += [
        f"| {label} | " + " | ".join(map(str, row)) + " |"
        for label, row in zip(frame.index, frame.to_numpy(), strict=True)
    ]
    return "\n".join(lines).encode()


def as_notebook(frame: pd.DataFrame) -> bytes:
    output = {
        "output_type": "execute_result",
        "data": {"text/html": [frame.reset_index().to_html(index=False)]},
    }
    return json.dumps(
        {"cells": [{"cell_type": "code", "source": [], "outputs": [output]}], "nbformat": 4}
    ).encode()


WRAPPED: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "t.csv": lambda frame: frame.to_csv().encode(),
    "t.tsv": lambda frame: frame.to_csv(sep="\t").encode(),
    "t.txt": lambda frame: frame.to_csv(sep=";").encode("utf-8-sig"),
    "t.xlsx": as_xlsx,
    "t.html": lambda frame: frame.to_html().encode(),
    "t.htm": lambda frame: frame.reset_index().to_html(index=False).encode(),
    "t.tex": as_latex,
    "t.md": as_markdown,
    "records.json": lambda frame: frame.reset_index().to_json(orient="records").encode(),
    "columns.json": lambda frame: frame.to_json().encode(),
    "split.json": lambda frame: frame.to_json(orient="split").encode(),
    "t.ipynb": as_notebook,
}


def checked(folder: Path, name: str, content: bytes) -> disclosure.Verdict:
    path = folder / name
    path.write_bytes(content)
    return disclosure.check_file(path, ["dfe-cin"])


def rules(verdict: disclosure.Verdict) -> set[str]:
    return {finding.rule for finding in verdict.findings}


@pytest.mark.parametrize("name", WRAPPED)
def test_the_same_small_count_is_found_in_whatever_it_is_wrapped(tmp_path: Path, name: str) -> None:
    verdict = checked(tmp_path, name, WRAPPED[name](SMALL))
    assert "dfe-cin/count" in rules(verdict), verdict.findings
    assert any("Norwich" in finding.where and "looked after" in finding.where for finding in verdict.findings)


@pytest.mark.parametrize("name", WRAPPED)
def test_and_the_same_table_without_it_has_nothing_that_fails(tmp_path: Path, name: str) -> None:
    verdict = checked(tmp_path, name, WRAPPED[name](SAFE))
    assert verdict.level is Level.REVIEW
    assert "house/unit" in rules(verdict)


@pytest.mark.parametrize("name", WRAPPED)
def test_a_hidden_cell_is_attacked_in_whatever_it_is_wrapped(tmp_path: Path, name: str) -> None:
    shown = SMALL.astype(object).map(str)
    shown.loc["Norwich", "looked after"] = "c"
    if name == "t.xlsx":
        content = as_xlsx(SMALL)
        book = openpyxl.load_workbook(io.BytesIO(content))
        book.active["C2"] = "c"  # type: ignore[index]
        buffer = io.BytesIO()
        book.save(buffer)
        content = buffer.getvalue()
    else:
        content = WRAPPED[name](shown)
    assert "dfe-cin/attack" in rules(checked(tmp_path, name, content))


def edited(change: Callable[[openpyxl.Workbook], None]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(SAFE)))
    change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def hide_sheet(book: openpyxl.Workbook) -> None:
    sheet = book.create_sheet("raw")
    sheet.append(["child", "need"])
    sheet.append(["a", 1])
    sheet.sheet_state = "hidden"


def test_a_hidden_sheet_and_hidden_columns_are_told(tmp_path: Path) -> None:
    assert "house/hidden-content" in rules(checked(tmp_path, "s.xlsx", edited(hide_sheet)))

    def hide_column(book: openpyxl.Workbook) -> None:
        book.active.column_dimensions["B"].hidden = True  # type: ignore[union-attr]

    assert "house/hidden-content" in rules(checked(tmp_path, "c.xlsx", edited(hide_column)))
    assert "house/hidden-content" not in rules(checked(tmp_path, "n.xlsx", as_xlsx(SAFE)))


def test_an_author_in_the_properties_is_told(tmp_path: Path) -> None:
    def sign(book: openpyxl.Workbook) -> None:
        book.properties.creator = "somebody"

    verdict = checked(tmp_path, "a.xlsx", edited(sign))
    assert any("metadata" in finding.message for finding in verdict.findings)


def test_a_workbook_that_unpacks_to_far_more_than_it_is_gets_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    verdict = checked(tmp_path, "bomb.xlsx", buffer.getvalue())
    assert any("unpacks" in finding.message for finding in verdict.findings)


PAGE = "<html><body>{}" + SAFE.to_html() + "</body></html>"


@pytest.mark.parametrize(
    "extra",
    [
        "<script>var x = [" + ",".join(map(str, range(40))) + "]</script>",
        "<script src='https://elsewhere.example/x.js'></script>",
        "<!-- 12 3 44 5 -->",
        "<div data-values='3 4 5 6'></div>",
        "<iframe src='x'></iframe>",
        "<p onclick='x()'>a</p>",
    ],
)
def test_what_a_page_carries_without_showing_it_is_told(tmp_path: Path, extra: str) -> None:
    assert "house/hidden-content" in rules(checked(tmp_path, "p.html", PAGE.format(extra).encode()))
    assert "house/hidden-content" not in rules(checked(tmp_path, "q.html", PAGE.format("").encode()))


SVG = '<svg xmlns="http://www.w3.org/2000/svg">{}<text>12</text></svg>'


@pytest.mark.parametrize(
    ("inside", "level"),
    [
        ("<rect width='3'/>", Level.REVIEW),
        ("<circle r='1'/>" * 40, Level.FAIL),
        ("<script>x</script>", Level.FAIL),
        ("<foreignObject/>", Level.FAIL),
        ("<!-- 1 2 3 4 -->", Level.FAIL),
    ],
)
def test_a_drawing_of_points_or_with_data_in_it_fails_and_any_other_is_for_eyes(
    tmp_path: Path, inside: str, level: Level
) -> None:
    assert checked(tmp_path, "d.svg", SVG.format(inside).encode()).level is level


def test_entities_in_a_drawing_are_refused(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>'
    assert any("entities" in finding.message for finding in checked(tmp_path, "e.svg", bomb).findings)


def png(*chunks: tuple[bytes, bytes], tail: bytes = b"") -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    inner = b"".join(chunk(*one) for one in chunks)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + inner
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
        + tail
    )


def test_text_in_a_picture_and_bytes_after_its_end_are_told(tmp_path: Path) -> None:
    assert checked(tmp_path, "a.png", png()).level is Level.REVIEW
    assert checked(tmp_path, "b.png", png((b"tEXt", b"Comment\0secret"))).level is Level.FAIL
    assert checked(tmp_path, "c.png", png(tail=b"PK\x03\x04more")).level is Level.FAIL
    assert checked(tmp_path, "d.png", png((b"tEXt", b"Software\0matplotlib"))).level is Level.REVIEW


def test_an_embedded_file_in_a_pdf_is_told(tmp_path: Path) -> None:
    assert checked(tmp_path, "a.pdf", b"%PDF-1.7\n/EmbeddedFile\n%%EOF").level is Level.FAIL
    assert checked(tmp_path, "b.pdf", b"%PDF-1.7\n%%EOF").level is Level.REVIEW


@pytest.mark.parametrize("name", ["m.pkl", "d.parquet", "s.dta", "x.exe", "noending"])
def test_files_of_data_and_kinds_nobody_can_check_fail(tmp_path: Path, name: str) -> None:
    assert "house/file-type" in rules(checked(tmp_path, name, b"abc"))


@pytest.mark.parametrize(
    ("name", "content"), [("t.csv", b"PK\x03\x04rest"), ("t.png", b"a,b\n1,2\n"), ("t.csv", b"PAR1")]
)
def test_a_name_that_says_otherwise_than_the_bytes_fails(tmp_path: Path, name: str, content: bytes) -> None:
    assert "house/file-type" in rules(checked(tmp_path, name, content))


def test_identifiers_and_rows_that_are_people_fail(tmp_path: Path) -> None:
    rows = "".join(
        f"A{at:012d},2010-{at % 12 + 1:02d}-{at % 28 + 1:02d},{at}\n" for at in range(100000, 100060)
    )
    verdict = checked(tmp_path, "people.csv", f"upn,born,days\n{rows}".encode())
    assert {"house/identifier", "house/row-level"} <= rules(verdict)
    assert "2010" not in json.dumps(verdict.as_dict())
    assert "A0000" not in json.dumps(verdict.as_dict())


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"one\n", b"a,b\n1\n1,2,3\n", b"a,b\n" + b"\xff\xfe\x00", b'a,"b\n1,2\n'],
)
def test_what_can_not_be_read_is_for_review_and_never_a_traceback(tmp_path: Path, content: bytes) -> None:
    assert checked(tmp_path, "x.csv", content).level is not Level.PASS


def test_ten_thousand_columns_are_judged_like_any_table(tmp_path: Path) -> None:
    header = "area," + ",".join(f"c{at}" for at in range(10_000))
    row = "A," + ",".join(["12"] * 9_999) + ",3"
    assert "dfe-cin/count" in rules(checked(tmp_path, "wide.csv", f"{header}\n{row}\nB{row[1:]}\n".encode()))


@pytest.mark.parametrize("cell", ["nan", "inf", "-inf", "1e999", "twelve", "=1+1"])
def test_not_a_number_infinity_and_mixed_types_never_pass(tmp_path: Path, cell: str) -> None:
    text = f"area,a,b,Total\nA,12,{cell},30\nB,20,30,50\nTotal,32,48,80\n"
    assert checked(tmp_path, "odd.csv", text.encode()).level is not Level.PASS


@pytest.mark.parametrize(("letters", "told"), [(80, False), (81, True)])
def test_free_text_is_told_by_its_length(tmp_path: Path, letters: int, told: bool) -> None:
    text = f"area,note,children\nNorwich,{'x' * letters},30\nLuton,short,40\n"
    verdict = checked(tmp_path, "text.csv", text.encode())
    assert any("free text" in finding.message for finding in verdict.findings) == told


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("A123456789012", True), ("I123456789012", False), ("NR2 3TU", True), ("NR23", False), ("a@b.example", True),
        ("AB123456C", True), ("P0A1B2C3D4E5F", True), ("P0A1B2", False), ("Norwich", False),
    ],
)  # fmt: skip
def test_identifiers_are_known_by_their_shape(tmp_path: Path, cell: str, told: bool) -> None:
    verdict = checked(tmp_path, "ids.csv", f"who,children\n{cell},30\nLuton,40\n".encode())
    assert ("house/identifier" in rules(verdict)) == told


def test_nhs_numbers_are_known_by_their_check_digit(tmp_path: Path) -> None:
    good = ["943 476 5919", "9434765870", "9434765889"]
    text = "who,children\n" + "".join(f"{number},30\n" for number in good)
    assert "house/identifier" in rules(checked(tmp_path, "nhs.csv", text.encode()))
    wrong = text.replace("5919", "5918")
    assert "house/identifier" not in rules(checked(tmp_path, "not.csv", wrong.encode()))
