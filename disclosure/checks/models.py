"""Regressions: coefficients are safe unless the model is a table in disguise or follows a single child.

Looked for: too few residual degrees of freedom, a dummy that marks a few children, a child with leverage one (the
model passes through that child's value), and a saturated model (its predictions are group means).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE, Rules
from disclosure.shown import Floats, Ints

LEVERAGE = 1 - 1e-8


def model(design: Floats, names: Sequence[str], units: Ints, rules: Rules, *, name: str) -> Iterator[Finding]:
    """A fitted model by its design matrix (rows x terms); `units` says which child each row is about."""
    children = len(np.unique(units))
    terms = design.shape[1]
    yield from _freedom(children, terms, rules, name)
    yield from _dummies(design, names, units, rules, name)
    yield from _followed(design, rules, name)
    yield from _saturated(design, units, rules, name)


def _freedom(children: int, terms: int, rules: Rules, name: str) -> Iterator[Finding]:
    least, pack = rules.largest("models", "degrees_of_freedom")
    if least and children - terms < least:
        yield Finding(
            Level.FAIL,
            f"{pack}/models",
            name,
            "whole model",
            f"fewer than {least} residual degrees of freedom, counted in children",
            "leave terms out, or use more children",
        )
    share, pack = rules.smallest("models", "parameters_share")
    if share and terms > share * children:
        yield Finding(
            Level.FAIL,
            f"{pack}/models",
            name,
            "whole model",
            f"more parameters than {share} of the children",
            "leave terms out",
        )


def _dummies(design: Floats, names: Sequence[str], units: Ints, rules: Rules, name: str) -> Iterator[Finding]:
    least = rules.least or 10
    for at, term in enumerate(names):
        column = design[:, at]
        values = np.unique(column)
        if len(values) != 2:
            continue
        few = min(len(np.unique(units[column == value])) for value in values)
        if few < least:
            yield Finding(
                Level.FAIL,
                f"{HOUSE}/isolating-term",
                name,
                f"term {term!r}",
                f"the term tells fewer than {least} children from all others: its coefficient is about them",
                "merge the category with others",
            )


def behind_terms(design: Floats, units: Ints) -> Ints:
    """How many children stand behind each term: the fewer on either side of a yes-or-no one, else all it isn't nought for."""
    found = []
    for column in design.T:
        values = np.unique(column)
        sides = [column == value for value in values] if len(values) == 2 else [column != 0]
        found.append(min(len(np.unique(units[side])) for side in sides))
    return np.array(found, np.int64)


def _followed(design: Floats, rules: Rules, name: str) -> Iterator[Finding]:
    q = np.linalg.qr(design)[0]
    if ((q**2).sum(axis=1) >= LEVERAGE).any():
        yield Finding(
            Level.FAIL,
            f"{HOUSE}/leverage",
            name,
            "whole model",
            "the model passes exactly through a child's own value",
            "leave out the term that marks that child",
        )


def _saturated(design: Floats, units: Ints, rules: Rules, name: str) -> Iterator[Finding]:
    kinds, which = np.unique(design, axis=0, return_inverse=True)
    if len(kinds) > min(design.shape[1], 200):
        return
    least = rules.least or 10
    pairs = np.unique(np.c_[which.reshape(-1), units], axis=0)
    few = int(np.bincount(pairs[:, 0]).min())
    yield Finding(
        Level.FAIL if few < least else Level.REVIEW,
        f"{HOUSE}/saturated",
        name,
        "whole model",
        "the model is a table of group means in disguise"
        + (f", one of them over fewer than {least} children" if few < least else ""),
        "give the table of means itself, or leave interactions out",
    )


def predictor(model: object, auc: float | None, rules: Rules, *, name: str) -> Iterator[Finding]:
    """A trained predictor: refused; with the AUC of an attack on it for a person to judge, or refused for good."""
    least, pack = rules.smallest("predictor", "auc")  # of a guess at who was in the training data
    remembers = auc is not None and (least is None or not auc < least)
    message, fix = {
        None: (
            "a trained predictor may remember the children it was trained on",
            "give the model's performance instead, or an attack tool's report (`report=`)",
        ),
        True: (
            "an attack can tell which children the model was trained on",
            "train it anew with fewer parameters or with noise, or give its performance instead",
        ),
        False: (
            "a trained predictor: the attack that was made did not find its children, another may",
            "a senior checker judges the attack's report",
        ),
    }[None if auc is None else remembers]
    level = Level.REVIEW if auc is not None and not remembers else Level.FAIL
    yield Finding(level, f"{pack}/predictor", name, type(model).__name__, message, fix)
