"""Returns drawn in tests/vectors/returns/base.py, as `Return`s."""

import runpy
from pathlib import Path

import pytest

BASE = runpy.run_path(str(Path(__file__).parents[2] / "vectors" / "returns" / "base.py"))


@pytest.fixture(scope="session")
def make_return():
    """A clean small return of a dataset and year: `make_return("ssda903", 2025)`."""
    return BASE["as_return"]
