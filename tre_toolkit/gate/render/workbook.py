"""A workbook as pages: every sheet, hidden or not, with what Excel would not show told."""

from __future__ import annotations

import io
import zipfile

from tre_toolkit.gate.render.texts import notes_on, table_html, visible

ROWS = 2_000
COLUMNS = 200


def workbook(raw: bytes) -> tuple[str, list[str]]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(raw), data_only=False, keep_links=False)
    out, notes = [], _parts(raw)
    for sheet in book.worksheets:
        out.append(
            f"<h2>{visible(sheet.title)}{' (hidden sheet)' if sheet.sheet_state != 'visible' else ''}</h2>"
        )
        if sheet.sheet_state != "visible":
            notes.append("it has a hidden sheet")
        if any(d.hidden for d in sheet.row_dimensions.values()) or any(
            d.hidden for d in sheet.column_dimensions.values()
        ):
            notes.append("it has hidden rows or columns (shown here)")
        if sheet.max_row > ROWS or sheet.max_column > COLUMNS:
            notes.append(f"only the first {ROWS:,} rows and {COLUMNS} columns of a sheet are shown")
        rows, said = [], set()
        for row in sheet.iter_rows(max_row=min(sheet.max_row, ROWS), max_col=min(sheet.max_column, COLUMNS)):
            rows.append(["" if cell.value is None else str(cell.value) for cell in row])
            said |= {"it has cell comments" for cell in row if cell.comment}
            said |= {
                "it has formulas, whose stored values may differ" for cell in row if cell.data_type == "f"
            }
            said |= {"it has white text" for cell in row if cell.value is not None and _is_white(cell)}
        out.append(table_html(rows))
        notes += sorted(said)
        notes += notes_on("\n".join(" ".join(row) for row in rows))
    if book.properties.creator or book.properties.lastModifiedBy:
        notes.append("its properties name people")
    return "".join(out), list(dict.fromkeys(notes))


def _is_white(cell: object) -> bool:
    colour = getattr(getattr(cell, "font", None), "color", None)
    return str(getattr(colour, "rgb", "")).upper() in {"FFFFFFFF", "00FFFFFF"}


def _parts(raw: bytes) -> list[str]:
    """What the archive holds besides sheets."""
    names = zipfile.ZipFile(io.BytesIO(raw)).namelist()
    told = {
        "pivotCache": "it holds a pivot cache: the rows behind a table",
        "externalLink": "it holds links to other workbooks",
        "embeddings": "it holds embedded files",
        "media": "it holds pictures (not shown)",
        "charts": "it holds charts (not shown)",
        "customXml": "it holds custom XML",
        "connections": "it holds data connections",
    }
    return [note for part, note in told.items() if any(part in name for name in names)]
