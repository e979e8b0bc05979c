"""Models of a session: statsmodels' formulas and results, checked by their design matrix."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from disclosure.checks import models, shapes, shares
from disclosure.counting import amounts
from disclosure.findings import Finding, Level, verdict_of
from disclosure.packs import HOUSE
from disclosure.sessions.base import Base
from disclosure.sessions.output import Output
from tre_toolkit.errors import TreError

KINDS = ("ols", "logit", "probit", "poisson")


class Models(Base):
    """The models a session can fit."""

    def ols(self, formula: str, data: pd.DataFrame, **more: Any) -> Any:
        """Least squares; statsmodels' result."""
        return self._fit("ols", formula, data, more)

    def logit(self, formula: str, data: pd.DataFrame, **more: Any) -> Any:
        """Logistic regression; statsmodels' result."""
        return self._fit("logit", formula, data, more)

    def probit(self, formula: str, data: pd.DataFrame, **more: Any) -> Any:
        """Probit regression; statsmodels' result."""
        return self._fit("probit", formula, data, more)

    def poisson(self, formula: str, data: pd.DataFrame, **more: Any) -> Any:
        """Poisson regression; statsmodels' result."""
        return self._fit("poisson", formula, data, more)

    def phreg(self, formula: str, data: pd.DataFrame, *, status: Any, **more: Any) -> Any:
        """Cox regression; statsmodels' result. `status` is 1 where it happened."""
        import statsmodels.formula.api as smf

        name, unit = more.pop("name", "phreg"), more.pop("unit", None)
        fitted = smf.phreg(formula, data, status=np.asarray(status), **more).fit()
        events = int(np.asarray(status).sum())
        findings = self._judge(name, fitted.model, data, unit)
        least = self.rules.least or 10
        if events < least:
            message = f"fewer than {least} events"
            fix = "follow more children, or for longer"
            findings.append(Finding(Level.FAIL, f"{HOUSE}/models", name, "whole model", message, fix))
        self._keep_model(name, fitted, formula, findings)
        return fitted

    def correlation(self, data: pd.DataFrame, *, unit: Any = None, name: str = "correlation") -> pd.DataFrame:
        """Pearson correlations between the columns of a frame."""
        found = data.corr()
        units = self.units_behind(data, unit=unit, frame=data)
        children = units.count if units is not None else len(data.dropna())
        off = found.to_numpy()[np.triu_indices(len(found), 1)]
        findings = list(shapes.correlation(off, children, self.rules, name=name, where="whole matrix"))
        findings += self._no_unit(units, name)
        self._keep_model(name, found, "correlation", findings)
        return found

    def gini(self, values: Any, *, unit: Any = None, name: str = "gini") -> float:
        """The Gini coefficient of non-negative values, one for each child."""
        units = self.units_behind(values, unit=unit)
        given = np.asarray(values, float)
        given = given[np.isfinite(given)]
        ordered = np.sort(given)
        n = len(ordered)
        found = (
            float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum())) if ordered.sum() else 0.0
        )
        stand = amounts(np.zeros(n, np.int64), 1, None, given, once=True)
        findings = list(shapes.concentration(stand, self.rules, name=name, where="whole index"))
        findings += self._no_unit(units, name)
        self._keep_model(name, found, "gini", findings)
        return found

    def odds_ratio(
        self, exposed: Any, happened: Any, *, unit: Any = None, name: str = "odds_ratio"
    ) -> pd.Series:
        """Odds ratio, risk ratio and their 95 % intervals (Woolf, Katz) from two yes-or-no columns.

        The two-by-two table under them is what is judged: with its margins known, the ratio gives it away.
        """
        a, b = (np.asarray(part).astype(bool) for part in (exposed, happened))
        units = self.units_behind(exposed, happened, unit=unit)
        who = np.arange(len(a)) if units is None else units.codes
        pairs = np.unique(np.c_[who, 2 * a + b], axis=0)[:, 1]
        none_none, none_some, some_none, some_some = np.bincount(pairs, minlength=4).astype(float)
        counts = np.array([some_some, some_none, none_some, none_none])
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = some_some * none_none / (some_none * none_some)
            risk = (some_some / (some_some + some_none)) / (none_some / (none_some + none_none))
            spread = np.sqrt((1 / counts).sum())
            risk_spread = np.sqrt(
                1 / some_some - 1 / (some_some + some_none) + 1 / none_some - 1 / (none_some + none_none)
            )
        z = 1.959963984540054
        found = pd.Series(
            {
                "odds_ratio": odds, "odds_low": odds * np.exp(-z * spread), "odds_high": odds * np.exp(z * spread),
                "risk_ratio": risk, "risk_low": risk * np.exp(-z * risk_spread), "risk_high": risk * np.exp(z * risk_spread),
            }
        )  # fmt: skip
        findings = list(shares.odds(counts.astype(np.int64), self.rules, name=name, where="whole ratio"))
        self._keep_model(name, found, "odds_ratio", findings + self._no_unit(units, name))
        return found

    def predictor(
        self,
        model: Any,
        *,
        attack: Callable[[Any], float] | None = None,
        report: Path | str | None = None,
        name: str = "model",
    ) -> None:
        """A trained predictor (a tree, a forest, a network): refused, because it may remember children.

        `attack` is a function that attacks the model and gives the AUC of its best guess at who was in the training
        data; `report` is the JSON an attack tool wrote (sacroml's `report.json`), whose largest AUC is taken. With
        either a model that gives its children away fails with that word, and any other is for a senior checker.
        """
        found = attack(model) if attack is not None else largest_auc(Path(report)) if report else None
        self._keep_model(name, None, type(model).__name__, list(models.predictor(model, found, name=name)))

    def _fit(self, kind: str, formula: str, data: pd.DataFrame, more: dict[str, Any]) -> Any:
        import statsmodels.formula.api as smf

        name, unit = more.pop("name", kind), more.pop("unit", None)
        quiet = {} if kind == "ols" else {"disp": 0}
        fitted = getattr(smf, kind)(formula, data, **more).fit(**quiet)
        self._keep_model(name, fitted, formula, self._judge(name, fitted.model, data, unit))
        return fitted

    def _judge(self, name: str, model: Any, data: pd.DataFrame, unit: Any) -> list[Finding]:
        design = np.asarray(model.exog, float)
        units = self.units_behind(data, unit=unit, frame=data)
        rows = getattr(getattr(model, "data", None), "row_labels", None)
        if units is None:
            who = np.arange(len(design))
        elif rows is not None and len(rows) == len(design) and len(design) < len(data):
            who = units.codes[data.index.get_indexer(rows)]
        else:
            who = units.codes[: len(design)]
        findings = list(models.model(design, list(model.exog_names), who, self.rules, name=name))
        return findings + self._no_unit(units, name)

    def _no_unit(self, units: Any, name: str) -> list[Finding]:
        if units is not None:
            return []
        message, fix = "rows counted, not children", "give the session its unit"
        return [Finding(Level.REVIEW, f"{HOUSE}/unit", name, "whole output", message, fix)]

    def _keep_model(self, name: str, result: Any, formula: str, findings: list[Finding]) -> None:
        verdict = verdict_of(findings, packs=self.rules.named())
        self.keep(Output(name, result, verdict, {"made": name, "formula": formula}, families=tuple(findings)))


def largest_auc(path: Path) -> float:
    """The largest AUC anywhere in an attack tool's JSON report. Raises TreError when there is none to be found."""
    try:
        told = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise TreError("there is no such attack report", where=str(path)) from None
    except (ValueError, RecursionError):
        raise TreError("the attack report isn't JSON", where=str(path)) from None
    found = [value for value in _aucs(told) if 0 <= value <= 1]
    if not found:
        raise TreError(
            "the attack report tells no AUC", where=str(path), hint="attach the report.json itself"
        )
    return max(found)


def _aucs(told: Any) -> list[float]:
    if isinstance(told, dict):
        own = [
            float(value)
            for key, value in told.items()
            if str(key).upper() == "AUC" and isinstance(value, int | float)
        ]
        return own + [value for inner in told.values() for value in _aucs(inner)]
    return [value for inner in told for value in _aucs(inner)] if isinstance(told, list) else []
