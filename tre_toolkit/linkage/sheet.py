"""The review list on paper, and the lists that go to the authorities."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path

import pandas as pd

from tre_toolkit.files import new_folder, write_text
from tre_toolkit.linkage.clerical import authority_lists, in_words
from tre_toolkit.linkage.page import STYLE, table


def write_sheet(pairs: pd.DataFrame, decided: Mapping[Hashable, str], path: Path) -> Path:
    """The review list as one page that opens without a network; it shows what agrees, and no value."""
    rows = [
        (
            one["pair"],
            f"{one['probability']:.2f}",
            f"{one['rivals_left']} / {one['rivals_right']}",
            in_words(one),
            "linked" if one["linked"] else "not linked",
            decided.get(str(one["pair"]), ""),
        )
        for one in pairs.to_dict("records")
    ]
    shown = table(
        ("pair", "probability", "rivals", "what agrees", "now", "decision"),
        rows,
        note="Rivals: how many other records each of the two might be. Decide with `tre clerical SPINE PAIR --same --by NAME`.",
    )
    return write_text(
        path,
        "<!doctype html><html lang='en-GB'><head><meta charset='utf-8'><title>Clerical review</title>"
        f"<style>{STYLE}</style></head><body><h1>Clerical review</h1>{shown}</body></html>\n",
    )


def write_lists(pairs: pd.DataFrame, folder: Path) -> list[Path]:
    """For each authority a CSV of the pairs that touch its records, with an empty column for the answer."""
    with new_folder(folder) as part:
        lists = authority_lists(pairs)
        for name, rows in lists.items():
            rows.assign(answer="").to_csv(part / f"pairs_{name}.csv", index=False)
    return [folder / f"pairs_{name}.csv" for name in lists]
