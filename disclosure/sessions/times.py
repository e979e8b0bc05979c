"""Curves of a session: Kaplan–Meier survival and cumulative incidence, in steps that may be published.

Both are exact at the times they print. By default steps are merged until each has enough events and enough children
leave between two printed numbers at risk, and the curve ends while enough are still at risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from disclosure.checks import survival
from disclosure.files.delimited import Grid
from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE
from disclosure.sessions.base import Base
from disclosure.sessions.output import Output, judged, printed_table
from disclosure.shown import Floats, Ints
from disclosure.table import Table


class Times(Base):
    """The curves a session can make."""

    def kaplan_meier(
        self,
        durations: Any,
        event: Any,
        by: Any = None,
        *,
        merge: bool = True,
        unit: Any = None,
        name: str = "",
    ) -> pd.DataFrame:
        """Survival by the Kaplan–Meier product: columns group, time, at_risk, events, censored, survival."""
        happened = np.asarray(event).astype(bool)
        recipe = self._recipe("kaplan_meier", durations, event, by, unit, merge=merge)
        return self._curves(
            durations,
            happened.astype(np.int64),
            by,
            unit,
            name or "survival",
            recipe,
            merge=merge,
            causes=None,
        )

    def cumulative_incidence(
        self,
        durations: Any,
        cause: Any,
        by: Any = None,
        *,
        merge: bool = True,
        unit: Any = None,
        name: str = "",
    ) -> pd.DataFrame:
        """Aalen–Johansen incidence of each cause (0 is censored): columns as above, and one for each cause."""
        codes = np.asarray(cause, np.int64)
        causes = [int(code) for code in np.unique(codes) if code != 0]
        recipe = self._recipe("cumulative_incidence", durations, cause, by, unit, merge=merge)
        return self._curves(
            durations, codes, by, unit, name or "incidence", recipe, merge=merge, causes=causes
        )

    def _recipe(
        self, made: str, durations: Any, event: Any, by: Any, unit: Any, *, merge: bool
    ) -> dict[str, Any]:
        durations_, event_, by_ = (getattr(part, "name", None) for part in (durations, event, by))
        return self.recipe(
            made, [durations, event, by], unit, durations=durations_, event=event_, by=by_, merge=merge
        )

    def _curves(
        self, durations: Any, codes: Ints, by: Any, unit: Any, name: str, recipe: Mapping[str, Any], *,
        merge: bool, causes: list[int] | None,
    ) -> pd.DataFrame:  # fmt: skip
        times = np.asarray(durations, float)
        asked, _ = self.rules.largest("survival", "least")
        least = max(asked or 0, self.rules.least or 0)
        groups = (
            pd.factorize(np.asarray(by), sort=True)
            if by is not None
            else (np.zeros(len(times), int), ["all"])
        )
        units = self.units_behind(durations, by, unit=unit)
        pieces, findings = [], list(self._about_units(units, name))
        for number, label in enumerate(groups[1]):
            mine = (groups[0] == number) & np.isfinite(times)
            curve = product_limit(times[mine], codes[mine], causes)
            if merge:
                curve = merged(curve, least)
            curve.insert(0, "group", str(label))
            findings += survival.steps(
                curve["at_risk"].to_numpy(), curve["events"].to_numpy(), self.rules,
                name=name, where=f"group {str(label)!r}", censored=curve["censored"].to_numpy(),
            )  # fmt: skip
            pieces.append(curve)
        whole = pd.concat(pieces, ignore_index=True)
        table, grid = self._printed(whole, name, told=units is not None)
        verdict = judged(table, findings, self.rules)
        self.keep(Output(name, whole, verdict, recipe, table, grid, tuple(findings)))
        return whole

    def _printed(self, curve: pd.DataFrame, name: str, *, told: bool) -> tuple[Table, Grid]:
        """The curves as they would be printed; where nobody left or nothing happened a figure stands on all at risk."""
        figures = curve.drop(columns="group")
        risk = curve["at_risk"].to_numpy(np.int64)
        behind = np.repeat(risk[:, None], figures.shape[1], axis=1)
        for title in ("events", "censored"):
            count = curve[title].to_numpy(np.int64)
            behind[:, figures.columns.get_loc(title)] = np.where(count > 0, count, risk)
        return printed_table(
            name, list(map(str, curve["group"])), list(map(str, figures.columns)), figures.to_numpy(float),
            corner="group", header="figure", units=behind, unit=self.unit_word if told else None,
            kind="curve", decimals=None,
        )  # fmt: skip

    def _about_units(self, units: Any, name: str) -> list[Finding]:
        if units is not None and units.once:
            return []
        message = (
            "rows counted, not children: nothing says which child a row is about"
            if units is None
            else "a child has several rows: steps count spells, not children"
        )
        fix = "give the session its unit, and one row for each child"
        return [Finding(Level.REVIEW, f"{HOUSE}/unit", name, "whole curve", message, fix)]


def product_limit(times: Floats, codes: Ints, causes: list[int] | None) -> pd.DataFrame:
    """The exact estimate at every time something happened to somebody; code 0 is censored."""
    order = np.argsort(times, kind="stable")
    times, codes = times[order], codes[order]
    points, first = np.unique(times, return_index=True)
    at_risk = len(times) - first
    place = np.searchsorted(points, times)
    events = np.bincount(place[codes != 0], minlength=len(points))
    censored = np.bincount(place[codes == 0], minlength=len(points))
    survival_ = np.cumprod(1 - events / at_risk) if len(points) else np.zeros(0)
    curve = pd.DataFrame(
        {"time": points, "at_risk": at_risk, "events": events, "censored": censored, "survival": survival_}
    )
    before = np.r_[1.0, survival_[:-1]] if len(points) else survival_
    for cause in causes or ():
        mine = np.bincount(place[codes == cause], minlength=len(points))
        curve[f"incidence_{cause}"] = np.cumsum(before * mine / at_risk)
    return curve


def merged(curve: pd.DataFrame, least: int) -> pd.DataFrame:
    """The curve in steps that each hold at least `least` events and as many censored (or none), ended in time.

    A step prints the number at risk at its start and the estimate at its end, which stays exact.
    """
    if not len(curve):
        return curve
    at_risk, events, censored = (curve[name].to_numpy() for name in ("at_risk", "events", "censored"))
    ends, start, happened, left = [], 0, 0, 0
    for at in range(len(curve)):
        happened, left = happened + events[at], left + censored[at]
        remain = at_risk[at] - events[at] - censored[at]
        closes = happened >= least and (left == 0 or left >= least) and at_risk[start] >= least
        if closes and (remain == 0 or remain >= least):
            ends.append((start, at, happened, left))
            start, happened, left = at + 1, 0, 0
    kept = [end for _, end, _, _ in ends]
    found = curve.iloc[kept].copy()
    found["at_risk"] = [int(at_risk[start]) for start, _, _, _ in ends]
    found["events"] = [int(count) for _, _, count, _ in ends]
    found["censored"] = [int(count) for _, _, _, count in ends]
    return found.reset_index(drop=True)
