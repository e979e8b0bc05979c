"""10: extra-familial harm: what assessments name, going missing, and exclusion."""

from __future__ import annotations

from typing import Any

from tre_toolkit.research.curves import Curve
from tre_toolkit.research.declared import Crosstab, Declared, Variable
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import AGE, FURTHEST, IN_CARE, REFERRED, RULES, SEX, beside, factor

ABOUT = About(
    name="extra_familial",
    title="Harm outside the home",
    asks="Of children of ten and over: for whom do assessments name harm outside the home, what goes together, and how does it go on?",
    needs=("cin_census", "ssda903"),
    also=("school_census", "moj_dfe"),
    limits=(
        "factors came in over time: child-on-child abuse in 2021, criminal exploitation in 2022",
        "the factors do hold harm outside the home, though the census' context fields don't",
    ),
    disclosure="Small by nature: expect hidden cells, and groups of factors in place of single ones.",
)

OLDER = REFERRED.model_copy(update={"age_from": 10, "age_to": 17})
HARM = factor("Harm outside the home", "10A", "11A", "12A", "13A", "14A", "18B", "19B", "24A")
EXPLOITED = factor("Exploitation or gangs", "11A", "12A", "13A", "24A")
OFFENCE = Variable(has="moj_dfe.pnc", label="Recorded offence", yes="Ever", none="None seen")
GONE = Variable(has="ssda903.missing", label="Missing from care", yes="Ever", none="Never seen")


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    about: dict[str, Any] = {"cohort": OLDER, "pathways": RULES}
    return {
        "harm_by_age_and_sex.csv": Crosstab(
            title="Harm outside the home, by age and sex", rows=(AGE, SEX), columns=(HARM,), **about
        ),
        "furthest_by_harm.csv": Crosstab(
            title="Furthest state, by harm outside the home", rows=(HARM,), columns=(FURTHEST,), **about
        ),
        "missing_and_exploited.csv": Crosstab(
            title="Exploitation and going missing", rows=(EXPLOITED,), columns=(GONE,), **about
        ),
        "offence_by_harm.csv": Crosstab(
            title="Recorded offence, by harm outside the home", rows=(HARM,), columns=(OFFENCE,), **about
        ),
        "time_to_missing.csv": Curve(
            title="From entry to care to going missing",
            cohort=IN_CARE,
            pathways=beside("missing"),
            events=("missing",),
            step="3m",
        ),
        "suspended_by_harm.csv": Curve(
            title="Time to a suspension, by harm outside the home",
            cohort=OLDER,
            pathways=beside("suspended"),
            events=("suspended",),
            by=HARM,
            step="6m",
        ),
    }
