"""A date that is the eighteenth birthday tells the day of birth: it stays as a month, as a birth date does."""

from __future__ import annotations

import pytest

from pseudonymise.planning import _stays
from tre_toolkit.schema import schema


@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_the_day_an_unaccompanied_childs_status_ended_does_not_stay(year: int) -> None:
    held = schema("ssda903", year)
    table = next(table for table in held.tables if table.name == "uasc")
    field = held.column("uasc", "DUC")
    assert _stays(table, field)[0] == "month"


def test_the_day_an_episode_began_stays() -> None:
    held = schema("ssda903", 2025)
    table = next(table for table in held.tables if table.name == "episodes")
    assert _stays(table, held.column("episodes", "DECOM"))[0] == "keep"
