"""Linear programs on HiGHS, one door for the whole room: single thread, silent, the same answer every time.

`Program` keeps a model between solves, so that an attack that only changes what it asks for starts from the
last basis.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import scipy.sparse as sp

from disclosure.shown import Floats, Ints

QUIET = False  # HiGHS' output_flag
FREE = 1e9  # further than any count goes


@cache
def _quiet_highs() -> Any:
    import highspy

    class Quiet(highspy.Highs):
        """HiGHS greets on standard output, where our answers go, as soon as its callbacks are enabled."""

        def enableCallbacks(self) -> None:
            self.setOptionValue("output_flag", QUIET)
            super().enableCallbacks()  # type: ignore[no-untyped-call]

    return Quiet


@cache
def _libraries() -> Any:
    import scipy.linalg  # noqa: F401  (so that its library is among those that are found)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Dense algebra on one thread while it lasts, and as before afterwards.

    The factors of an attack are small: several threads wait for each other longer than they work.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


class Program:
    """minimise cost·v with row_low <= A v <= row_high and low <= v <= high."""

    def __init__(
        self,
        rows: sp.spmatrix,
        low: Floats,
        high: Floats,
        *,
        cost: Floats | None = None,
        row_low: Floats | None = None,
        row_high: Floats | None = None,
        presolve: bool = False,
        primal: bool = True,
    ) -> None:
        import highspy

        matrix = sp.csc_matrix(rows)
        height, width = matrix.shape
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = width, height
        model.col_cost_ = np.zeros(width) if cost is None else np.asarray(cost, float)
        model.col_lower_, model.col_upper_ = np.asarray(low, float), np.asarray(high, float)
        model.row_lower_ = np.zeros(height) if row_low is None else np.asarray(row_low, float)
        model.row_upper_ = np.zeros(height) if row_high is None else np.asarray(row_high, float)
        model.a_matrix_.start_ = matrix.indptr
        model.a_matrix_.index_ = matrix.indices
        model.a_matrix_.value_ = matrix.data.astype(float)
        self.width = width
        self.highs: Any = _quiet_highs()()
        self.option("threads", 1)
        self.option("presolve", "on" if presolve else "off")
        if primal:
            # only the cost changes between two questions, so the basis stays feasible: primal simplex
            self.option("simplex_strategy", 4)
        self.highs.passModel(model)

    def option(self, name: str, value: object) -> None:
        """Set one of HiGHS' options."""
        self.highs.setOptionValue(name, value)

    def solve(self) -> bool:
        """Solve; whether there is an optimal answer (or, for whole numbers, any answer within the limits)."""
        import highspy

        self.highs.run()
        status = self.highs.getModelStatus()
        good = (highspy.HighsModelStatus.kOptimal,)
        return status in good or (status != highspy.HighsModelStatus.kInfeasible and self.feasible)

    @property
    def optimal(self) -> bool:
        """Whether the last answer is proved best."""
        import highspy

        return bool(self.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    @property
    def feasible(self) -> bool:
        """Whether the last answer keeps all rows."""
        return bool(self.highs.getInfo().primal_solution_status == 2)

    @property
    def values(self) -> Floats:
        """The last answer."""
        return np.asarray(self.highs.getSolution().col_value, float)

    @property
    def duals(self) -> Floats:
        """What each row's bound is worth in the last answer."""
        return np.asarray(self.highs.getSolution().row_dual, float)

    @property
    def objective(self) -> float:
        """The value of the last answer."""
        return float(self.highs.getInfo().objective_function_value)

    def cost(self, column: int | np.integer, value: float) -> None:
        """What one column costs."""
        self.highs.changeColCost(int(column), float(value))

    def costs(self, columns: Ints, values: Floats) -> None:
        """What these columns cost."""
        self.highs.changeColsCost(len(columns), columns.astype(np.int32), values.astype(float))

    def bounds(self, column: int | np.integer, low: float, high: float) -> None:
        """Between which ends one column lies."""
        self.highs.changeColBounds(int(column), float(low), float(high))

    def far(self, column: int, sign: int) -> tuple[Floats, Floats] | None:
        """Push one column up (+1) or down (-1) as far as it goes: the answer and its row duals."""
        self.cost(column, -float(sign))
        solved = self.solve()
        found = (self.values.copy(), self.duals.copy()) if solved else None
        self.cost(column, 0.0)
        return found


def pieces(rows: sp.csr_matrix) -> Ints:
    """For each column the number of the connected piece it lies in (columns meet in a row)."""
    both = sp.bmat([[None, rows], [rows.T, None]])
    if both is None or not rows.shape[0]:
        return np.arange(rows.shape[1])
    labels = sp.csgraph.connected_components(both, directed=False)[1][rows.shape[0] :]
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def without_empty(rows: sp.csr_matrix) -> sp.csr_matrix:
    """The rows that still have a cell in them."""
    return rows[np.diff(rows.indptr) > 0]
