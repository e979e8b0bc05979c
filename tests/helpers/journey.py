"""What a played journey leaves to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

QUESTION = """title = "How far, by age"
rows = [{ age = true, bands = [5, 10], label = "Age at referral" }]
columns = [{ furthest = ["cin"], none = "None of these" }]
[cohort]
start = "first"
state = "referral"
follow = "2y"
age_from = 0
age_to = 17
"""


@dataclass(frozen=True)
class Played:
    """A journey's folder, which nobody changes, and all that was said on the way."""

    folder: Path
    said: str
