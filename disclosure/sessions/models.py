"""Models of a session: statsmodels' formulas and results, checked by their design matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from disclosure.checks import models, shapes
from disclosure.counting import amounts
from disclosure.findings import Finding, Level, verdict_of
from disclosure.packs import HOUSE
from disclosure.sessions.base import Base
from disclosure.sessions.output import Output

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

    def predictor(self, model: Any, *, name: str = "model") -> None:
        """A trained predictor (a tree, a forest, a network): refused, because it may remember children.

        An attack report of a tool made for it can be attached to the request for a person to judge.
        """
        message = "a trained predictor may remember the children it was trained on"
        fix = "give the model's performance instead, or attach an attack report for a senior checker"
        finding = Finding(Level.FAIL, f"{HOUSE}/predictor", name, type(model).__name__, message, fix)
        self._keep_model(name, None, type(model).__name__, [finding])

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
