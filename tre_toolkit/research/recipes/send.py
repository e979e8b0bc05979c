"""4: special educational needs and long-term outcomes."""

from __future__ import annotations

from typing import Any

from tre_toolkit.research.comparisons import Ratios
from tre_toolkit.research.declared import Crosstab, Declared, Variable
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import AGE, ATTAINMENT, ETHNICITY, FURTHEST, KNOWN, RULES, SEX

ABOUT = About(
    name="send",
    title="Special educational needs and long-term outcomes",
    asks="What support do children known to services have at school, does it differ by how far they came, and how do they do "
    "at sixteen and at work?",
    needs=("cin_census", "ssda903", "school_census"),
    also=("npd_attainment", "leo"),
    limits=(
        "support is seen from school entry on: what came before is cut off on the left",
        "the last support seen speaks; a plan that ended earlier doesn't",
    ),
)

SUPPORT = Variable(column="school_census.pupilonroll.senprovision", label="Special educational needs")
EVER_PLAN = Variable(
    has="school_census.pupilonroll.senprovision",
    codes=("E",),
    label="Education, health and care plan",
    yes="Ever",
    none="Never seen",
)
KIND = Variable(column="school_census.senneeds.sentype", pick="first", label="Kind of need")
WORK = Variable(has="leo.employment", label="In work", yes="Employment seen", none="None seen")


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    about: dict[str, Any] = {"cohort": KNOWN, "pathways": RULES}
    return {
        "support_by_furthest.csv": Crosstab(
            title="Support at school, by furthest state", rows=(FURTHEST,), columns=(SUPPORT,), **about
        ),
        "kind_by_furthest.csv": Crosstab(
            title="Kind of need, by furthest state", rows=(KIND,), columns=(FURTHEST,), **about
        ),
        "plan_by_ethnicity.csv": Ratios(
            title="Ever a plan, by ethnicity", by=ETHNICITY, outcome=EVER_PLAN, standard=(SEX, AGE), **about
        ),
        "attainment_by_support.csv": Crosstab(
            title="Attainment 8, by support", rows=(SUPPORT,), columns=(ATTAINMENT,), **about
        ),
        "work_by_furthest.csv": Crosstab(
            title="Work, by furthest state", rows=(FURTHEST,), columns=(WORK,), **about
        ),
    }
