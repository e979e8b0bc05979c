"""The figures of the report: each measure against its control, each distance. Nothing else of the real data is drawn.

The same numbers give the same bytes: no date, no random ids, one font.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synth.measure import INFORMATION, Measure

COLOURS = {"PASS": "#2a6f4e", "REVIEW": "#b7791f", "FAIL": "#b03a2e"}
STYLE: Any = {
    "svg.hashsalt": "tre-synth-report",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
}
MOST = 40  # bars of one figure


def draw(
    folder: Path, measures: Mapping[str, Sequence[Measure]], distances: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """Write `measures.svg` and `distances.svg`, and the same as PNG; gives back the names of what was drawn."""
    drawn = []
    told = [
        (f"{name}: {one.name}", one)
        for name, some in measures.items()
        for one in some
        if one.verdict != INFORMATION and 0 <= one.value <= 1
    ][:MOST]
    if told:
        drawn += _save(folder, "measures", lambda axes: _measures(axes, told), len(told))
    bars = [
        (f"{name} {what.replace('_', ' ')}", value)
        for name, one in distances.items()
        for what, value in one.items()
        if what != "sdmetrics_quality"
    ][:MOST]
    if bars:
        drawn += _save(folder, "distances", lambda axes: _distances(axes, bars), len(bars))
    return drawn


def _measures(axes: Any, told: Sequence[tuple[str, Measure]]) -> None:
    places = range(len(told))
    axes.barh(
        places, [one.value for _, one in told], height=0.6, color=[COLOURS[one.verdict] for _, one in told]
    )
    axes.plot([one.control for _, one in told], places, "k|", markersize=11, markeredgewidth=2)
    for place, (_, one) in enumerate(told):
        if one.low is not None and one.high is not None:
            axes.plot(
                [one.control + one.low, one.control + one.high], [place, place], color="0.3", linewidth=1
            )
    axes.set_yticks(places, [name for name, _ in told])
    axes.set_xlabel(
        "share; the stroke is the same among children the fit never saw, the line the 95 % interval"
    )


def _distances(axes: Any, bars: Sequence[tuple[str, float]]) -> None:
    axes.barh(range(len(bars)), [value for _, value in bars], height=0.6, color="#4c6a92")
    axes.set_yticks(range(len(bars)), [name for name, _ in bars])
    axes.set_xlabel("distance: 0 is alike, 1 has nothing in common")


def _save(folder: Path, name: str, paint: Any, rows: int) -> list[str]:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    made = []
    with mpl.rc_context(STYLE):
        for kind, canvas, about in (
            ("svg", FigureCanvasSVG, {"Date": None, "Creator": "tre-toolkit"}),
            ("png", FigureCanvasAgg, {"Software": "tre-toolkit"}),
        ):
            figure = Figure(figsize=(9, 1 + 0.26 * rows), layout="constrained")
            axes = figure.add_subplot()
            paint(axes)
            axes.invert_yaxis()
            axes.spines[["top", "right"]].set_visible(False)
            canvas(figure)
            figure.savefig(folder / f"{name}.{kind}", metadata=about, dpi=110)
            made.append(f"{name}.{kind}")
    return made
