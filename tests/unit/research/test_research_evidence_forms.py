"""Evidence out of form is refused in words, whatever stands in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.research.evidence import read_declaration, read_evidence

DEEP = "[" * 100_000


@pytest.mark.parametrize("text", [DEEP, "[]", "5", '{"recipe": 5}', '{"recipe": ["a"]}', '{"recipe": null}'])
def test_a_recipe_out_of_form_is_refused_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv.evidence.json").write_text(text)
    with pytest.raises(TreError, match="not the evidence of an output"):
        read_declaration(tmp_path / "t.csv.evidence.json")


@pytest.mark.parametrize("text", [DEEP, "[]", json.dumps({"format": "tre-evidence-v1", "file": 5})])
def test_evidence_out_of_form_is_refused_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text("area,n\nNorth,12\n")
    (tmp_path / "t.csv.evidence.json").write_text(text)
    with pytest.raises(TreError):
        read_evidence(tmp_path / "t.csv")
