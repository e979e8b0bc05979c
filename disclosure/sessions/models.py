"""Models of a session: statsmodels' formulas and results, checked by their design matrix."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from disclosure.checks import models, shapes, shares
from disclosure.counting import amounts
from disclosure.findings import Finding, Level, verdict_of
from disclosure.packs import HOUSE
from disclosure.sessions.base import Base
from disclosure.sessions.output import Output, judged, printed_table
from disclosure.sessions.sources import formula_columns, plain_formula
from disclosure.shown import Ints
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
        recipe = self._formula_recipe("phreg", formula, data, unit, more, status=status)
        fitted = smf.phreg(formula, data, status=np.asarray(status), **more).fit()
        events = int(np.asarray(status).sum())
        findings, units = self._judge(name, fitted.model, data, unit)
        least = self.rules.least or 10
        if events < least:
            message = f"fewer than {least} events"
            fix = "follow more children, or for longer"
            findings.append(Finding(Level.FAIL, f"{HOUSE}/models", name, "whole model", message, fix))
        self._keep(name, fitted, recipe, findings, *coefficients(fitted), units=units)
        return fitted

    def correlation(self, data: pd.DataFrame, *, unit: Any = None, name: str = "correlation") -> pd.DataFrame:
        """Pearson correlations between the columns of a frame."""
        found = data.corr()
        units = self.units_behind(data, unit=unit, frame=data)
        children = units.count if units is not None else len(data.dropna())
        off = found.to_numpy()[np.triu_indices(len(found), 1)]
        findings = list(shapes.correlation(off, children, self.rules, name=name, where="whole matrix"))
        findings += self._no_unit(units, name)
        titles = list(map(str, found.columns))
        recipe = self.recipe("correlation", [data], unit, names=titles, columns=titles)
        self._keep(name, found, recipe, findings, found, "columns", units=_of_all(found, children))
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
        shown = pd.DataFrame({"gini": [found]}, index=[str(getattr(values, "name", None) or "values")])
        recipe = self.recipe("gini", [values], unit, values=getattr(values, "name", None))
        self._keep(name, found, recipe, findings, shown, "values", units=_of_all(shown, n))
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
        recipe = self.recipe(
            "odds_ratio", [exposed, happened], unit, exposed=getattr(exposed, "name", None), happened=getattr(happened, "name", None)
        )  # fmt: skip
        findings += self._no_unit(units, name)
        shown = found.to_frame("figure")
        self._keep(name, found, recipe, findings, shown, "ratio", units=_of_all(shown, int(counts.sum())))
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
        recipe = {"made": type(model).__name__, "claimed": "settings"}
        self._keep(name, None, recipe, list(models.predictor(model, found, self.rules, name=name)))

    def _fit(self, kind: str, formula: str, data: pd.DataFrame, more: dict[str, Any]) -> Any:
        import statsmodels.formula.api as smf

        name, unit = more.pop("name", kind), more.pop("unit", None)
        quiet = {} if kind == "ols" else {"disp": 0}
        recipe = self._formula_recipe(kind, formula, data, unit, more)
        fitted = getattr(smf, kind)(formula, data, **more).fit(**quiet)
        findings, units = self._judge(name, fitted.model, data, unit)
        self._keep(name, fitted, recipe, findings, *coefficients(fitted), units=units)
        return fitted

    def _formula_recipe(
        self, kind: str, formula: str, data: pd.DataFrame, unit: Any, more: dict[str, Any], *, status: Any = None
    ) -> dict[str, Any]:  # fmt: skip
        why = "settings" if more else plain_formula(formula)
        named = [] if why else formula_columns(formula)
        return self.recipe(
            kind, [data, status], unit, names=named, why=why, formula=formula, status=getattr(status, "name", None)
        )  # fmt: skip

    def _judge(self, name: str, model: Any, data: pd.DataFrame, unit: Any) -> tuple[list[Finding], Ints]:
        """What is to be said of a model, and how many children stand behind each of its terms."""
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
        return findings + self._no_unit(units, name), models.behind_terms(design, who)

    def _no_unit(self, units: Any, name: str) -> list[Finding]:
        if units is not None:
            return []
        message, fix = "rows counted, not children", "give the session its unit"
        return [Finding(Level.REVIEW, f"{HOUSE}/unit", name, "whole output", message, fix)]

    def _keep(
        self, name: str, result: Any, recipe: Mapping[str, Any], findings: list[Finding],
        shown: pd.DataFrame | None = None, corner: str = "", *, units: Ints | None = None,
    ) -> None:  # fmt: skip
        """Keep a result; `shown` is what would be printed of it, `units` the children behind each figure or row."""
        if shown is None:
            verdict = verdict_of(findings, packs=self.rules.named())
            self.keep(Output(name, result, verdict, recipe, families=tuple(findings)))
            return
        unknown = any(found.rule == f"{HOUSE}/unit" for found in findings)
        if units is not None and units.ndim == 1:
            units = np.repeat(units[:, None], shown.shape[1], axis=1)
        table, grid = printed_table(
            name, list(map(str, shown.index)), list(map(str, shown.columns)), shown.to_numpy(float), corner=corner,
            header="figure", units=units, unit=None if unknown else self.unit_word, kind="model", decimals=None,
        )  # fmt: skip
        verdict = judged(table, findings, self.rules)
        self.keep(Output(name, result, verdict, recipe, table, grid, tuple(findings)))


def _of_all(shown: pd.DataFrame, children: int) -> Ints:
    """Everybody stands behind each of these figures."""
    return np.full(shown.shape, children, np.int64)


def coefficients(fitted: Any) -> tuple[pd.DataFrame, str]:
    """What is printed of a fitted model: a row a term, with its standard error, interval and p-value."""
    ends = np.asarray(fitted.conf_int(), float)
    told = {
        "estimate": fitted.params,
        "std_error": fitted.bse,
        "low": ends[:, 0],
        "high": ends[:, 1],
        "p": fitted.pvalues,
    }
    names = list(map(str, fitted.model.exog_names))
    return pd.DataFrame({title: np.asarray(of, float) for title, of in told.items()}, index=names), "term"


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
