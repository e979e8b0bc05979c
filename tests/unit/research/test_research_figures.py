"""Each kind of table has its figure: deterministic, told in words, and without a number the table doesn't print."""

from __future__ import annotations

import csv
import json
import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tre_toolkit.errors import MisuseError, TreError
from tre_toolkit.files import digest
from tre_toolkit.research.figures import FIGURES, draw_table
from tre_toolkit.research.figures.svg import PALETTE, PLAIN
from tre_toolkit.research.states import states

TABLES = {
    "distribution": "Since the index,In none,Referral,Looked after,Total\n0 months,0,700,60,760\n3 months,300,300,90,690\n"
    "6 months,400,120,100,620\n",
    "curve": "Since the index,At risk,Child in need plan,Looked after,No longer observed\n0 months to 3 months,1000,200,40,60\n"
    "3 months to 12 months,700,50,30,620\n",
    "transitions": "From,In none,Referral,Looked after\nIn none,0,120,0\nReferral,90,0,c\nLooked after,30,0,0\n",
    "ratios": "Ethnicity,Children,With the outcome,Share in %,Ratio,\"Ratio, low\",\"Ratio, high\"\n"
    "White British,1200,120,10.0,1.00,1.00,1.00\nMixed: all groups,240,40,16.7,1.67,1.20,2.33\n",
    "event_study": 'Months since the roll-out,"Effect per 1,000 children","Effect, low","Effect, high"\n'
    "-6 or earlier,0.10,-1.20,1.40\n0,-1.00,-2.10,0.10\n6 or later,-2.80,-4.20,-1.40\n",
    "panel": "Authority,Year,Children entering: Referral\n990,2024,300\n990,2025,340\n991,2024,200\n991,2025,220\n",
}  # fmt: skip
KINDS = {"event_study": "effect", "transitions": "moves", "ratios": "ratio", "panel": "rate"}


def checked(folder: Path, kind: str) -> Path:
    """A table of one kind, with the evidence a recipe writes."""
    path = folder / f"{kind}.csv"
    path.write_text(TABLES[kind], encoding="utf-8")
    header, *lines = list(csv.reader(TABLES[kind].splitlines()))
    labels = 2 if kind == "panel" else 1
    told = {
        "format": "tre-evidence-v1", "file": {"name": path.name, "sha256": digest(path)}, "unit": "child",
        "synthetic": True, "verdict": "UNCHECKED", "packs": [], "recipe": {"kind": kind, "title": f"A {kind} & more", "dataset_digest": "0" * 64},
        "cells": {
            "rows": [line[:labels] if labels > 1 else line[0] for line in lines], "columns": header[labels:],
            "units": [[200] * (len(header) - labels) for _ in lines],
            **({"kind": KINDS[kind]} if kind in KINDS else {}),
        },
    }  # fmt: skip
    if kind not in KINDS:
        told["cells"]["units"] = [[int(cell) for cell in line[labels:]] for line in lines]  # type: ignore[index]
    path.with_name(path.name + ".evidence.json").write_text(json.dumps(told), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", list(TABLES))
def test_a_table_is_drawn_as_its_kind_asks_the_same_each_time(tmp_path: Path, kind: str) -> None:
    table = checked(tmp_path, kind)
    first = draw_table(table, tmp_path / "1.svg", packs=("dfe-cin",)).read_bytes()
    assert draw_table(table, tmp_path / "2.svg", packs=("dfe-cin",)).read_bytes() == first
    tree = ElementTree.fromstring(first)
    names = {child.tag.rpartition("}")[2] for child in tree}
    assert {"title", "desc"} <= names
    text = first.decode()
    assert text.count("http") == 1  # the name space, which nobody fetches
    assert "<script" not in text
    assert "<image" not in text
    assert len(first) < 30_000


@pytest.mark.parametrize("kind", list(TABLES))
def test_the_png_is_the_svgs_twin_the_same_each_time_with_its_words(tmp_path: Path, kind: str) -> None:
    from PIL import Image

    table = checked(tmp_path, kind)
    first = draw_table(table, tmp_path / "1.png", packs=("dfe-cin",))
    assert draw_table(table, tmp_path / "2.png", packs=("dfe-cin",)).read_bytes() == first.read_bytes()
    drawn = ElementTree.fromstring(
        draw_table(table, tmp_path / "1.svg", packs=("dfe-cin",)).read_text("utf-8")
    )
    with Image.open(first) as picture:
        assert picture.size == tuple(round(2 * float(drawn.get(side, "0"))) for side in ("width", "height"))
        assert picture.info["Title"] == f"A {kind} & more"
        assert picture.info["Description"].startswith(f"A {kind} & more. ")
        assert "Software" not in picture.info
        seen = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24) or []}
    fills = set(
        re.findall(
            r'<(?:rect|path)[^>]*fill="(#[0-9a-f]{6})"(?![^>]*opacity)',
            ElementTree.tostring(drawn, "unicode"),
        )
    )
    inside = {tuple(int(one[at : at + 2], 16) for at in (1, 3, 5)) for one in fills}
    assert len(inside & seen) >= min(len(inside), 4)  # the figure's own colours are there


@pytest.mark.parametrize("kind", ["distribution", "transitions", "panel"])
def test_the_counts_a_figure_prints_stand_in_the_table(tmp_path: Path, kind: str) -> None:
    text = draw_table(checked(tmp_path, kind), tmp_path / "f.svg", packs=("dfe-cin",)).read_text(
        encoding="utf-8"
    )
    printed = {one.replace(",", "") for one in re.findall(r"<text[^>]*>([\d,]+)</text>", text)}
    assert printed
    assert printed <= set(re.findall(r"\d+", TABLES[kind]))


def test_a_table_nobody_checked_needs_a_pack_and_a_hidden_figure_is_hatched(tmp_path: Path) -> None:
    table = checked(tmp_path, "transitions")
    with pytest.raises(TreError, match="evidence says UNCHECKED"):
        draw_table(table, tmp_path / "f.svg")
    text = draw_table(table, tmp_path / "f.svg", packs=("dfe-cin",)).read_text(encoding="utf-8")
    assert "Referral to Looked after: hidden" in text


def test_a_figure_nobody_can_draw_is_refused(tmp_path: Path) -> None:
    table = checked(tmp_path, "panel")
    with pytest.raises(MisuseError, match="kind of figure"):
        draw_table(table, tmp_path / "f.svg", kind="index plot")
    with pytest.raises(MisuseError, match=r"a figure is an \.svg or a \.png"):
        draw_table(table, tmp_path / "f.pdf", packs=("dfe-cin",))
    assert "index" not in FIGURES  # a child's own line is never drawn


# Machado, Oliveira and Fernandes 2009, full severity: how linear RGB looks to people without one kind of cone
SIGHT = {
    "all three": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no long": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no medium": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no short": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def as_seen(colour: str, sight: str) -> np.ndarray:
    """A colour in CIE Lab, to people of one kind of colour vision."""
    code = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(SIGHT[sight]) @ linear, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_are_told_apart_with_any_colour_vision(sight: str) -> None:
    """A difference of 2 is just seen side by side; 15 is seen across a figure."""
    five = [states()[name].colour for name in ("cla", "cpp", "cin", "assessment", "referral")]
    for colours in ([*five, PLAIN], PALETTE[:6]):
        apart = [np.linalg.norm(as_seen(a, sight) - as_seen(b, sight)) for a, b in combinations(colours, 2)]
        assert min(apart) > 15
