"""Models behind one door to statsmodels: discrete-time hazards, and event studies on authority-months.

Their results hold coefficients and errors, never rows. Both take frames made inside the room; what
leaves is a table of `comparisons`, or a table made from these results and gated like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tre_toolkit.errors import TreError


@dataclass(frozen=True)
class Fitted:
    """Coefficients and standard errors by name, and on how many rows and clusters they rest."""

    coefficients: pd.Series
    errors: pd.Series
    rows: int
    clusters: int

    def __repr__(self) -> str:
        return f"<fitted: {len(self.coefficients)} coefficients on {self.rows:,} rows>"


def person_periods(time: np.ndarray, event: np.ndarray, length: float) -> pd.DataFrame:
    """Each child's time cut into periods of `length` days: columns child (place), period, event (in that period)."""
    last = np.floor(np.maximum(np.asarray(time) - 1, 0) / length).astype(np.int64)
    child = np.repeat(np.arange(len(last)), last + 1)
    start = np.repeat(np.cumsum(last + 1) - (last + 1), last + 1)
    period = np.arange(len(child)) - start
    came = np.asarray(event).astype(bool)[child] & (period == last[child])
    return pd.DataFrame({"child": child, "period": period, "event": came.astype(np.int64)})


def discrete_hazard(
    time: np.ndarray,
    event: np.ndarray,
    covariates: pd.DataFrame,
    *,
    cluster: np.ndarray | None = None,
    length: float = 365.25 / 12,
    periods: int = 12,
) -> Fitted:
    """A logit of the hazard in each period on the period (up to `periods`, then as one) and covariates.

    Errors are clustered by child, or by `cluster` (a value for each child: its household).

    Raises TreError when nobody has the event, or a covariate foretells it.
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    if not np.asarray(event).any():
        raise TreError("nobody has the event: there is no hazard to model")
    cut = person_periods(time, event, length)
    when = pd.get_dummies(
        cut["period"].clip(upper=periods - 1), prefix="period", drop_first=True, dtype=float
    )
    x = pd.concat([when, covariates.astype(float).iloc[cut["child"]].reset_index(drop=True)], axis=1)
    x.insert(0, "const", 1.0)
    child = cut["child"].to_numpy()
    together = child if cluster is None else np.unique(cluster, return_inverse=True)[1][child]
    try:
        fit = sm.Logit(cut["event"], x).fit(disp=0, cov_type="cluster", cov_kwds={"groups": together})
    except (np.linalg.LinAlgError, PerfectSeparationError):
        raise TreError("a covariate says the same as another, or foretells the event") from None
    return Fitted(fit.params, fit.bse, len(cut), len(np.unique(together)))


def event_study(
    panel: pd.DataFrame, *, outcome: str, unit: str, period: str, treated_from: str, window: int = 6
) -> Fitted:
    """Effects by periods since treatment, on a panel of one row for each unit (authority) and period (month, a number).

    `treated_from` is the unit's first treated period (missing: never treated). Unit and period fixed effects; the
    period before treatment is compared with; the ends of `window` hold all that lies beyond; errors by unit.
    """
    import statsmodels.api as sm

    since = panel[period] - panel[treated_from]
    treated = panel[treated_from].notna()
    if treated.all() and panel[treated_from].nunique() == 1:
        raise TreError("every unit is treated at once: nothing to compare with")
    held = since.clip(-window, window)
    effects = pd.DataFrame(
        {f"t{at:+d}": (treated & (held == at)).astype(float) for at in range(-window, window + 1) if at != -1}
    )
    effects = effects.loc[:, effects.any()]
    fixed = [
        pd.get_dummies(panel[name], prefix=name, drop_first=True, dtype=float) for name in (unit, period)
    ]
    x = pd.concat([effects.reset_index(drop=True), *(one.reset_index(drop=True) for one in fixed)], axis=1)
    x.insert(0, "const", 1.0)
    if np.linalg.matrix_rank(x.to_numpy()) < x.shape[1]:
        raise TreError(
            "effects can't be told apart from units and periods",
            hint="a treated unit must be observed in the period before its treatment, beside one not treated then",
        )
    codes = pd.factorize(panel[unit])[0]
    fit = sm.OLS(panel[outcome].to_numpy(dtype=float), x).fit(cov_type="cluster", cov_kwds={"groups": codes})
    own = list(effects.columns)
    return Fitted(fit.params[own], fit.bse[own], len(panel), int(codes.max()) + 1)
