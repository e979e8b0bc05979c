"""2: household hardship: free school meals, the census' four dimensions, and how far children come."""

from __future__ import annotations

from typing import Any

from tre_toolkit.research.comparisons import Ratios
from tre_toolkit.research.declared import Crosstab, Declared, Variable
from tre_toolkit.research.households import Households
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import AGE, FURTHEST, KNOWN, RULES, SEX

ABOUT = About(
    name="hardship",
    title="Household hardship and pathways",
    asks="Do children whose households are hard up come further, and is there a gradient over the census' four dimensions "
    "of deprivation?",
    needs=("cin_census", "ssda903", "school_census"),
    also=("census2021_household", "residence", "leo"),
    limits=(
        "free school meals are seen for children in state schools only",
        "the census speaks of the household of March 2021, whoever has lived there since",
        "the key of a residence never leaves an authority: from parcels the tables by the census' dimensions can't be made, and are left out",
        "only children known to services are counted: for rates of all children a denominator has to be brought",
    ),
)

MEALS = Variable(has="school_census.fsmperiod", label="Free school meals", yes="Ever", none="Never seen")
DEPRIVED = Variable(
    column="census2021_household.household.hh_deprivation", via="residence.person_residence.ralf",
    label="Household deprivation (dimensions)",
)  # fmt: skip
BENEFITS = Variable(has="leo.benefits", label="Parent or child on benefits", yes="Seen", none="Not seen")
CARE = Variable(furthest=("cla",), none="Not looked after", label="Looked after")


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    about: dict[str, Any] = {"cohort": KNOWN, "pathways": RULES}
    return {
        "furthest_by_meals.csv": Crosstab(
            title="Furthest state, by free school meals", rows=(MEALS,), columns=(FURTHEST,), **about
        ),
        "care_by_meals.csv": Ratios(
            title="Looked after, by free school meals",
            by=MEALS,
            outcome=CARE,
            standard=(SEX, AGE),
            reference="Never seen",
            **about,
        ),
        "furthest_by_deprivation.csv": Crosstab(
            title="Furthest state, by the household's deprivation",
            rows=(DEPRIVED,),
            columns=(FURTHEST,),
            **about,
        ),
        "care_by_deprivation.csv": Ratios(
            title="Looked after, by the household's deprivation",
            by=DEPRIVED,
            outcome=CARE,
            standard=(SEX, AGE),
            **about,
        ),
        "households.csv": Households(
            title="Children and households, by furthest state", by=FURTHEST, **about
        ),
        "furthest_by_benefits.csv": Crosstab(
            title="Furthest state, by benefits", rows=(BENEFITS,), columns=(FURTHEST,), **about
        ),
    }
