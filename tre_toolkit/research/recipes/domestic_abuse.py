"""8: domestic abuse: whom it concerns, what stands beside it, and what follows."""

from __future__ import annotations

from typing import Any

from tre_toolkit.research.cohorts import Definition
from tre_toolkit.research.comparisons import Ratios
from tre_toolkit.research.curves import Curve
from tre_toolkit.research.declared import Crosstab, Declared, Variable
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import AGE, FURTHEST, REFERRED, RULES, SEX, beside, factor

ABOUT = About(
    name="domestic_abuse",
    title="Domestic abuse",
    asks="Where an assessment names domestic abuse: how far do children come, how often are they referred again, and what "
    "other factors stand beside it?",
    needs=("cin_census", "ssda903"),
    also=("moj_dfe", "echild"),
    limits=(
        "domestic abuse is under-recorded everywhere; factors are named at assessment, so only where there was one",
        "police and emergency departments see other families: their sets are asked separately",
    ),
    disclosure="A perpetrator may read the table: no cell may tell a family that it was counted.",
)

ABUSE = factor("Domestic abuse", "3A", "3B", "3C")
DRINK, MIND = (
    factor("Alcohol or drugs", "1A", "1B", "1C", "2A", "2B", "2C"),
    factor("Mental health", "4A", "4B", "4C"),
)
PROTECTED = Variable(furthest=("cla", "cpp"), none="Neither", label="Protection plan or care")
CLOSED = Definition(start="exit", state="referral", follow="1y")


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    about: dict[str, Any] = {"cohort": REFERRED, "pathways": RULES}
    return {
        "furthest_by_abuse.csv": Crosstab(
            title="Furthest state, by domestic abuse", rows=(ABUSE,), columns=(FURTHEST,), **about
        ),
        "beside_it.csv": Crosstab(
            title="What stands beside domestic abuse", rows=(DRINK, MIND), columns=(ABUSE,), **about
        ),
        "protection.csv": Ratios(
            title="Protection plan or care, by domestic abuse",
            by=ABUSE,
            outcome=PROTECTED,
            standard=(SEX, AGE),
            reference="No",
            **about,
        ),
        "re_referral.csv": Curve(
            title="Referred again, by domestic abuse",
            cohort=CLOSED,
            pathways=RULES,
            events=("referral",),
            by=ABUSE,
            step="3m",
        ),
        "time_to_offence.csv": Curve(
            title="Time to a recorded offence of the child's own",
            cohort=REFERRED.model_copy(update={"age_from": 10}),
            pathways=beside("offence"),
            events=("offence",),
            by=ABUSE,
            step="6m",
        ),
        "time_to_emergency.csv": Curve(
            title="Time to an emergency department",
            cohort=REFERRED,
            pathways=beside("emergency"),
            events=("emergency",),
            by=ABUSE,
            step="6m",
        ),
    }
