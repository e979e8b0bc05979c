"""The flow figure: hidden bands fit the printed totals, and are told by nothing else."""

from __future__ import annotations

import pytest

from tre_toolkit.research.figures.flow import Band, flow
from tre_toolkit.research.figures.flow import _fitted as fitted
from tre_toolkit.research.figures.shown import Shown

STAGES = [["Referral", "Assessment"], ["No plan", "Plan"], ["Not looked after", "Looked after"]]
TOTALS = {
    (0, "Referral"): 60.0, (0, "Assessment"): 140.0, (1, "No plan"): 120.0, (1, "Plan"): 80.0,
    (2, "Not looked after"): 170.0, (2, "Looked after"): 30.0,
}  # fmt: skip
BANDS = [
    Band((0, 0, 0), None), Band((0, 1, 0), 20.0), Band((0, 0, 1), None), Band((0, 1, 1), None),
    Band((1, 0, 0), None), Band((1, 1, 0), 45.0), Band((1, 0, 1), None), Band((1, 1, 1), None),
]  # fmt: skip


def test_hidden_bands_share_what_the_printed_totals_leave_over() -> None:
    widths = fitted(BANDS, STAGES, TOTALS)
    assert widths[BANDS[1]] == 20.0
    for (at, name), total in TOTALS.items():
        place = STAGES[at].index(name)
        assert sum(width for band, width in widths.items() if band.stops[at] == place) == pytest.approx(
            total, abs=0.5
        )


def test_a_flow_with_nothing_hidden_is_drawn_by_its_numbers_alone() -> None:
    shown = [Band((0, 0, 0), 7.0), Band((1, 1, 1), 3.0)]
    assert fitted(shown, STAGES, {}) == {shown[0]: 7.0, shown[1]: 3.0}


def test_the_figure_tells_a_screen_reader_what_is_hidden_and_no_width() -> None:
    cells = ((None, None), (20.0, None), (None, None), (45.0, None))
    rows = tuple(f"{one} → {other}" for one in STAGES[0] for other in STAGES[1])
    drawn = Shown(
        title="Steps", corner="Contact → Plan", column_title="Care", rows=rows, columns=tuple(STAGES[2]), cells=cells,
        row_totals=(None,) * 4, column_totals=(170.0, 30.0), total=200.0, unit="child", synthetic=True, stage_totals=TOTALS,
    )  # fmt: skip
    svg = flow(drawn, title="Steps")
    assert "Referral → No plan → Not looked after: hidden" in svg
    assert "Referral → Plan → Not looked after: 20" in svg
    assert svg == flow(drawn, title="Steps")
    assert "http" not in svg.replace("http://www.w3.org/", "")
