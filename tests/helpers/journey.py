"""What a played journey leaves to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Played:
    """A journey's folder, which nobody changes, and all that was said on the way."""

    folder: Path
    said: str
