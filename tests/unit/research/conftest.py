"""What the research tests share: small workspaces by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def frames() -> ModuleType:
    """The helper module `research_frames` beside this file."""
    spec = importlib.util.spec_from_file_location(
        "research_frames", Path(__file__).with_name("research_frames.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
