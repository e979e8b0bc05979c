"""Real files of every kind: what is printed in them is checked, what hides in them is told, and plain ones raise nothing."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image, PngImagePlugin

import disclosure
from disclosure.findings import Level

SAFE = [["Norwich", 41, 23], ["Ipswich", 50, 37], ["Luton", 33, 29]]
SMALL = [["Norwich", 41, 23], ["Ipswich", 50, 37], ["Luton", 33, 3]]
HEADER = ["area", "plan", "looked after"]


def checked(folder: Path, name: str, content: bytes | str) -> disclosure.Verdict:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return disclosure.check_file(path, ["dfe-cin"])


def rules(verdict: disclosure.Verdict) -> set[str]:
    return {finding.rule for finding in verdict.findings}


def said(verdict: disclosure.Verdict) -> str:
    return " | ".join(finding.message for finding in verdict.findings)


# ---------------------------------------------------------------- PDF


def pdf_of(rows: list[list[Any]], title: str = "Children by area", **more: Any) -> bytes:
    figure = Figure(figsize=(6, 3))
    axes = figure.subplots()
    axes.axis("off")
    axes.set_title(title)
    labels, body = [row[0] for row in rows], [list(map(str, row[1:])) for row in rows]
    axes.table(cellText=body, colLabels=HEADER[1:], rowLabels=labels, loc="center")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="pdf", metadata={"CreationDate": None, **more})
    return buffer.getvalue()


def pdf_with(change: Callable[[Any, Any], None]) -> bytes:
    """A PDF of one page, changed by the engine itself."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf_of(SAFE))
    change(document, pypdfium2.raw)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_the_tables_in_a_pdf_are_read_and_checked(tmp_path: Path) -> None:
    small = checked(tmp_path, "s.pdf", pdf_of(SMALL))
    assert small.level is Level.FAIL
    (count,) = [finding for finding in small.findings if finding.rule == "dfe-cin/count"]
    assert "Luton" in count.where
    safe = checked(tmp_path, "a.pdf", pdf_of(SAFE))
    assert safe.level is Level.REVIEW
    assert "1 table read in the text of 1 page" in said(safe)


def test_a_pdf_without_figures_in_columns_is_for_eyes_and_a_contents_page_is_no_table(tmp_path: Path) -> None:
    figure = Figure()
    figure.text(0.1, 0.8, "1          Introduction                    3")
    figure.text(0.1, 0.7, "2          Method                          4")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="pdf")
    verdict = checked(tmp_path, "c.pdf", buffer.getvalue())
    assert verdict.level is Level.REVIEW
    assert "0 tables" in said(verdict)


def attach(document: Any, raw: Any) -> None:
    document.new_attachment("rows.csv").set_data(b"child,need\na,1\n")


def note(document: Any, raw: Any) -> None:
    page = document[0]
    raw.FPDFPage_CloseAnnot(raw.FPDFPage_CreateAnnot(page.raw, raw.FPDF_ANNOT_TEXT))


def cut(document: Any, raw: Any) -> None:
    page = document[0]
    page.set_mediabox(0, 0, 100, 100)
    page.set_cropbox(0, 0, 100, 100)


@pytest.mark.parametrize(
    ("change", "told", "level"),
    [
        (attach, "an embedded file", Level.FAIL),
        (note, "annotations", Level.REVIEW),
        (cut, "outside the page", Level.FAIL),
        (lambda document, raw: None, "", Level.REVIEW),
    ],
)
def test_what_hides_in_a_pdf_is_told(tmp_path: Path, change: Any, told: str, level: Level) -> None:
    verdict = checked(tmp_path, "h.pdf", pdf_with(change))
    assert told in said(verdict)
    assert verdict.level is level
    hidden = "house/hidden-content" in rules(verdict)
    assert hidden == (level is Level.FAIL)


def written(text: bytes) -> bytes:
    """A PDF as one writes it by hand: one page, and what is set on it."""
    page = b"BT /F1 12 Tf 72 700 Td " + text + b" ET"
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body = b"%PDF-1.4\n" + b"".join(b"%d 0 obj%s endobj\n" % (at + 1, part) for at, part in enumerate(parts))
    return body + b"trailer<</Root 1 0 R/Size 6>>\n%%EOF\n"


def test_text_that_is_set_invisibly_is_told(tmp_path: Path) -> None:
    assert "printed invisibly" in said(checked(tmp_path, "i.pdf", written(b"3 Tr (of them 3) Tj")))
    shown = checked(tmp_path, "s.pdf", written(b"(of them 3) Tj"))
    assert "printed invisibly" not in said(shown)
    assert "read in the text of 1 page" in said(shown)


def test_earlier_states_tails_authors_and_identifiers_of_a_pdf_are_told(tmp_path: Path) -> None:
    plain = pdf_of(SAFE)
    assert "earlier state" in said(checked(tmp_path, "e.pdf", plain + b"\n1 0 obj\n<<>>\nendobj\n%%EOF\n"))
    assert "after the document's end" in said(checked(tmp_path, "t.pdf", plain + b"PK\x03\x04"))
    assert "author's name" in said(checked(tmp_path, "a.pdf", pdf_of(SAFE, Author="somebody")))
    named = checked(tmp_path, "n.pdf", pdf_of(SAFE, title="about A801200001001"))
    assert "house/identifier" in rules(named)
    assert "A8012" not in json.dumps(named.as_dict())
    assert not {"house/hidden-content", "house/identifier"} & rules(checked(tmp_path, "p.pdf", plain))


def test_a_pdf_that_is_broken_is_for_eyes_and_never_a_traceback(tmp_path: Path) -> None:
    for content in (b"%PDF-1.7", pdf_of(SAFE)[:900], b"%PDF-1.7\n" + bytes(range(256)) * 40):
        verdict = checked(tmp_path, "b.pdf", content)
        assert verdict.level is Level.REVIEW
        assert "nobody can check it" in said(verdict)


# ---------------------------------------------------------------- pictures


def png_of(**more: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 20), "white").save(buffer, "PNG", **more)
    return buffer.getvalue()


def jpg_of(**more: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 20), "white").save(buffer, "JPEG", **more)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(kind: bytes, data: bytes) -> bytes:
    plain = png_of()
    return plain[:33] + chunk(kind, data) + plain[33:]


def texts() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "12 3 4")
    return info


def more_rows() -> bytes:
    """A picture with a row more in its data than it shows."""
    head = struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0ab" * 3)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.png", png_of(pnginfo=texts()), "text or metadata"),
        ("b.png", with_chunk(b"prVt", b"rows"), "isn't shown"),
        ("c.png", png_of() + b"PK\x03\x04", "bytes after"),
        ("d.png", more_rows(), "after the picture's last row"),
        ("e.jpg", jpg_of(comment=b"12 3 4"), "a comment"),
        ("f.jpg", jpg_of(exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00"), "EXIF"),
        ("g.jpg", jpg_of() + b"PK\x03\x04rows", "bytes after"),
        ("h.jpg", jpg_of() + jpg_of(), "bytes after"),
    ],
)
def test_what_hides_in_a_picture_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    verdict = checked(tmp_path, name, content)
    assert verdict.level is Level.FAIL
    assert told in said(verdict)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", png_of()),
        ("i.png", png_of(dpi=(100, 100))),
        ("b.jpg", jpg_of()),
        ("p.jpeg", jpg_of(progressive=True)),
    ],
)
def test_a_plain_picture_hides_nothing_and_is_never_passed_as_numbers(
    tmp_path: Path, name: str, content: bytes
) -> None:
    verdict = checked(tmp_path, name, content)
    assert rules(verdict) == {"house/file"}
    assert verdict.level is Level.REVIEW


def test_a_figure_of_matplotlib_as_it_is_saved_hides_nothing(tmp_path: Path) -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.bar(["a", "b"], [30, 40])
    axes.set_title("Children")
    for name in ("f.png", "f.svg", "f.jpg"):
        figure.savefig(tmp_path / name)
        verdict = disclosure.check_file(tmp_path / name, ["dfe-cin"])
        assert rules(verdict) == {"house/file"}, name
    assert "drawn as shapes" in said(disclosure.check_file(tmp_path / "f.svg", ["dfe-cin"]))
    axes.scatter(range(40), range(40))
    figure.savefig(tmp_path / "s.svg")
    assert "points drawn one by one" in said(disclosure.check_file(tmp_path / "s.svg", ["dfe-cin"]))


@pytest.mark.parametrize(
    "content", [png_of()[:60], png_of()[:40] + b"x" + png_of()[41:], jpg_of()[:50], jpg_of()[:-2]]
)
def test_a_picture_cut_off_is_for_review_and_never_a_traceback(tmp_path: Path, content: bytes) -> None:
    verdict = checked(tmp_path, "x.png" if content.startswith(b"\x89") else "x.jpg", content)
    assert verdict.level is Level.REVIEW
    assert "broken or cut off" in said(verdict)


# ---------------------------------------------------------------- SVG and web pages

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}<text>12 children</text></svg>'
PAGE = "<html><body>{}" + pd.DataFrame(SAFE, columns=HEADER).to_html(index=False) + "</body></html>"
PNG64 = base64.b64encode(png_of()).decode()
TEXT64 = base64.b64encode(png_of(pnginfo=texts())).decode()


@pytest.mark.parametrize(
    ("inside", "hidden"),
    [
        ("<desc>3 of 12 and 4 of 50</desc>", True),
        ("<desc>Children by area</desc>", False),
        ("<title>Children in 2024</title>", False),
        ("<metadata>a 3 b 4 c 5</metadata>", True),
        ("<text style='display:none'>3</text>", True),
        ("<text opacity='0'>3</text>", True),
        ("<text opacity='0.5'>30</text>", False),
        ("<g visibility='hidden'><text>3</text></g>", True),
        ("<rect aria-label='3 of 4 in 2024'/>", True),
        (f"<image xlink:href='data:image/png;base64,{TEXT64}'/>", True),
        (f"<image xlink:href='data:image/png;base64,{PNG64}'/>", False),
        ("<image xlink:href='data:text/csv;base64,YSwx'/>", True),
    ],
)
def test_figures_that_are_not_drawn_are_told(tmp_path: Path, inside: str, hidden: bool) -> None:
    verdict = checked(tmp_path, "d.svg", SVG.format(inside))
    assert ("house/hidden-content" in rules(verdict)) == hidden, said(verdict)
    assert verdict.level is (Level.FAIL if hidden else Level.REVIEW)


@pytest.mark.parametrize(
    ("extra", "hidden"),
    [
        ("<p style='display: none'>3 children</p>", True),
        ("<p hidden>3 children</p>", True),
        ("<p hidden>nothing</p>", False),
        ("<template><p>3</p></template>", True),
        ("<input type=hidden value='3 4 5'>", True),
        ("<img alt='3 of 4 and 5' src='x.png'>", True),
        ("<style>p::after {content: '3'}</style>", True),
        ("<style>p {color: red}</style>", False),
        ("<a href='data:text/csv,a,3'>get it</a>", True),
        ("<p>made in 2024</p>", False),
    ],
)
def test_what_a_page_holds_and_does_not_show_is_told(tmp_path: Path, extra: str, hidden: bool) -> None:
    verdict = checked(tmp_path, "p.html", PAGE.format(extra))
    assert ("house/hidden-content" in rules(verdict)) == hidden, said(verdict)


# ---------------------------------------------------------------- LaTeX

ROWS = r"Norwich & 41 & 23 \\ Ipswich & 50 & 37 \\ Luton & 33 & 3 \\"


@pytest.mark.parametrize(
    "table",
    [
        r"\begin{tabular}{l@{}rr} area & plan & looked after \\ \midrule " + ROWS + r"\end{tabular}",
        r"\begin{tabularx}{\textwidth}{l S[table-format=2.0] X} area & plan & looked after \\" + ROWS + r"\end{tabularx}",
        r"\begin{longtable}[c]{lrr} area & plan & looked after \\" + ROWS + r"\end{longtable}",
        r"\begin{tblr}{colspec={lrr}, hlines} area & plan & looked after \\" + ROWS + r"\end{tblr}",
        r"\begin{tabular}{lrr} area & \multicolumn{1}{c}{plan} & looked after \\"
        + ROWS.replace("& 3 ", r"& \num{3} ").replace("Luton", r"\multirow{2}{*}{Luton}") + r"\end{tabular}",
    ],
)  # fmt: skip
def test_a_table_in_any_of_latexs_ways_is_checked(tmp_path: Path, table: str) -> None:
    verdict = checked(tmp_path, "t.tex", table)
    assert any(finding.rule == "dfe-cin/count" and "Luton" in finding.where for finding in verdict.findings)
    again = checked(tmp_path, "s.tex", table.replace("& 3 ", "& 30 ").replace("{3}", "{30}"))
    assert "dfe-cin/count" not in rules(again)


@pytest.mark.parametrize(
    ("more", "hidden"),
    [
        ("% Norwich 3, Luton 4, Ipswich 5", True),
        ("% the table of the paper", False),
        (r"\addplot coordinates {(1,3) (2,4)};", True),
        (r"\includegraphics{figure.pdf}", False),
        (r"50\% of 30 and 40 children", False),
    ],
)
def test_what_a_latex_file_carries_beside_what_it_prints_is_told(
    tmp_path: Path, more: str, hidden: bool
) -> None:
    verdict = checked(tmp_path, "t.tex", more)
    assert ("house/hidden-content" in rules(verdict)) == hidden
    assert verdict.level is (Level.FAIL if hidden else Level.REVIEW)


# ---------------------------------------------------------------- JSON


def areas(luton: int) -> dict[str, int]:
    return {"Norwich": 41, "Ipswich": 50, "Luton": luton}


SHAPES: dict[str, Callable[[int], Any]] = {
    "named figures": areas,
    "named figures, deep": lambda n: {"report": {"2024": {"children": areas(n)}}},
    "arrays of arrays": lambda n: [["area", "children"], *map(list, areas(n).items())],
    "arrays without a header": lambda n: [*map(list, areas(n).items())],
    "columns side by side": lambda n: {"area": list(areas(n)), "children": list(areas(n).values())},
    "records inside records": lambda n: [
        {"area": area, "figures": {"children": count}} for area, count in areas(n).items()
    ],
    "a list inside a record": lambda n: [
        {"year": "2024", "areas": [{"area": area, "children": count} for area, count in areas(n).items()]}
    ],
    "what a viewer draws from": lambda n: {
        "mark": "bar", "data": {"values": [{"area": area, "children": count} for area, count in areas(n).items()]}
    },
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_small_count_is_found_however_deep_it_stands(tmp_path: Path, shape: str) -> None:
    assert "dfe-cin/count" in rules(checked(tmp_path, "s.json", json.dumps(SHAPES[shape](3)))), shape
    verdict = checked(tmp_path, "a.json", json.dumps(SHAPES[shape](33)))
    assert verdict.level is Level.REVIEW
    assert "dfe-cin/count" not in rules(verdict)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"Norwich": 3, "Norwich": 41}', "twice"),
        ("[" * 200 + "1" + "]" * 200, "nested too deep"),
        ("[" * 100_000, "isn't JSON"),
        ("[1, 2", "isn't JSON"),
        ('"text"', "without a table"),
        ("[]", "without a table"),
        ('[{"a": 1}, 2]', "without a table"),
    ],
)
def test_json_that_is_no_table_is_for_review_and_never_a_traceback(
    tmp_path: Path, content: str, told: str
) -> None:
    verdict = checked(tmp_path, "x.json", content)
    assert verdict.level is Level.REVIEW
    assert told in said(verdict)


def test_an_identifier_among_the_words_of_json_fails(tmp_path: Path) -> None:
    assert "house/identifier" in rules(checked(tmp_path, "i.json", '{"note": "see A801200001001"}'))


# ---------------------------------------------------------------- notebooks

TABLE = pd.DataFrame(SMALL, columns=HEADER)
CODE: dict[str, Any] = {"cell_type": "code", "metadata": {}, "source": ["1"], "outputs": []}


def notebook(*cells: dict[str, Any], **metadata: Any) -> str:
    return json.dumps({"cells": [{**CODE, **cell} for cell in cells], "metadata": metadata, "nbformat": 4})


def output(**data: Any) -> dict[str, Any]:
    return {
        "outputs": [
            {"output_type": "display_data", "data": {key.replace("__", "/"): of for key, of in data.items()}}
        ]
    }


def stream(text: str) -> dict[str, Any]:
    return {"outputs": [{"output_type": "stream", "text": [text]}]}


@pytest.mark.parametrize(
    "cell",
    [
        output(text__html=TABLE.to_html(index=False), text__plain="area"),
        output(text__plain=TABLE.set_index("area").to_string().replace("looked after", "care")),
        stream(TABLE.to_string(index=False).replace("looked after", "care")),
        output(text__markdown="|area|plan|care|\n|---|---|---|\n|Norwich|41|23|\n|Luton|33|3|"),
        {"cell_type": "markdown", "source": "|area|plan|care|\n|---|---|---|\n|Norwich|41|23|\n|Luton|33|3|"},
    ],
)
def test_a_table_a_notebook_kept_in_any_form_is_checked(tmp_path: Path, cell: dict[str, Any]) -> None:
    assert "dfe-cin/count" in rules(checked(tmp_path, "n.ipynb", notebook(cell)))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (notebook({"attachments": {"x.csv": {"text/csv": "YQ=="}}}), "attachment"),
        (notebook({"outputs": [{"output_type": "error", "traceback": ["KeyError: 'A'"]}]}), "traceback"),
        (notebook({**stream("30"), "metadata": {"collapsed": True}}), "folded away"),
        (notebook({**stream("30"), "metadata": {"jupyter": {"outputs_hidden": True}}}), "folded away"),
        (notebook(output(**{"application__vnd.vega.v5+json": {"data": [{"a": 1}]}})), "draws from"),
        (notebook(output(application__x__thing="b")), "nobody can check"),
        (notebook(output(image__png=base64.b64encode(png_of(pnginfo=texts())).decode())), "text or metadata"),
        (notebook(output(image__png="bm90IGEgcGljdHVyZQ==")), "can't be read"),
        (notebook(output(text__html="<script>x</script>")), "a script"),
        (notebook({}, widgets={"state": {}}), "state of widgets"),
    ],
)
def test_what_a_notebook_keeps_out_of_sight_is_told(tmp_path: Path, content: str, told: str) -> None:
    verdict = checked(tmp_path, "n.ipynb", content)
    assert verdict.level is Level.FAIL
    assert told in said(verdict)


def test_a_plain_notebook_hides_nothing(tmp_path: Path) -> None:
    plain = notebook(
        output(image__png=base64.b64encode(png_of()).decode(), text__plain="<Figure>"), kernelspec={}
    )
    verdict = checked(tmp_path, "n.ipynb", plain)
    assert verdict.level is Level.REVIEW
    assert "house/hidden-content" not in rules(verdict)


@pytest.mark.parametrize("content", ['{"cells": [1]}', '{"cells": [{"outputs": [1]}]}', "[]", '{"cells": 3}'])
def test_what_is_no_notebook_is_for_review(tmp_path: Path, content: str) -> None:
    assert "not a notebook" in said(checked(tmp_path, "n.ipynb", content))


# ---------------------------------------------------------------- workbooks


def book_with(change: Callable[[Any], None] = lambda sheet: None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [HEADER, *SAFE]:
        sheet.append(row)
    change(sheet)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_part(name: str, content: bytes = b"<x/>", *, twice: bool = False) -> bytes:
    buffer = io.BytesIO(book_with())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(name, content)
        if twice:
            with pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr(name, content)
    return buffer.getvalue()


def formula(text: str) -> Callable[[Any], None]:
    return lambda sheet: sheet.__setitem__("D2", text)


def painted(sheet: Any) -> None:
    sheet["E9"] = 3
    sheet["E9"].font = openpyxl.styles.Font(color="FFFFFFFF")


def unprinted(sheet: Any) -> None:
    sheet["C2"].number_format = ";;;"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (with_part("xl/pivotCache/pivotCacheRecords1.xml"), "pivot cache"),
        (with_part("xl/embeddings/oleObject1.bin"), "embedded"),
        (with_part("xl/externalLinks/externalLink1.xml"), "links to other workbooks"),
        (with_part("xl/model/item.data"), "data model"),
        (with_part("docProps/custom.xml"), "properties of its own"),
        (with_part("xl/worksheets/extra.txt", twice=True), "twice"),
        (book_with(formula("=B2-18")), "numbers written into them"),
        (book_with(formula("=SUM(B2:C2)")), "worked out when it is opened"),
        (book_with(painted), "format hides"),
        (book_with(unprinted), "format hides"),
        (
            book_with(lambda sheet: sheet.row_dimensions.__getitem__(2).__setattr__("hidden", True)),
            "hidden rows",
        ),
        (with_part("xl/sharedStrings.xml", b"<sst><si><t>a name</t></si></sst>"), "not there any more"),
    ],
)
def test_what_hides_in_a_workbook_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    verdict = checked(tmp_path, "b.xlsx", content)
    assert told in said(verdict)
    assert verdict.level is Level.FAIL or told == "twice"


def test_a_plain_workbook_hides_nothing(tmp_path: Path) -> None:
    assert rules(checked(tmp_path, "b.xlsx", book_with())) == {"house/unit"}
    defined = book_with(lambda sheet: sheet.parent.defined_names.add(openpyxl.workbook.defined_name.DefinedName("n", attr_text="Sheet!$A$1")))  # fmt: skip
    assert "defined names" in said(checked(tmp_path, "d.xlsx", defined))


# ---------------------------------------------------------------- logs


@pytest.mark.parametrize(("luton", "found"), [(3, True), (33, False)])
def test_a_table_in_a_programs_log_is_checked(tmp_path: Path, luton: int, found: bool) -> None:
    text = f"""> table(area, need)

              plan   looked after
    Norwich     41             23
    Ipswich     50             37
    Luton       33             {luton}

    done in 3 s
    """
    verdict = checked(tmp_path, "r.log", text)
    assert ("dfe-cin/count" in rules(verdict)) == found
    assert verdict.level is (Level.FAIL if found else Level.REVIEW)
