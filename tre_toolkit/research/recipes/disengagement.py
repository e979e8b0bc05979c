"""5: disengagement: exclusions, absence, and children who are not in school."""

from __future__ import annotations

from tre_toolkit.research.channels import Channels
from tre_toolkit.research.curves import Curve
from tre_toolkit.research.declared import Crosstab, Declared, Variable
from tre_toolkit.research.hazards import Hazards
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import ETHNICITY, FURTHEST, KNOWN, REFERRED, RULES, SEX, beside

ABOUT = About(
    name="disengagement",
    title="Disengagement and children not in school",
    asks="How soon after a referral are children suspended, how much school do they miss, and who leaves the rolls?",
    needs=("cin_census", "ssda903", "school_census"),
    also=("npd_absence_exclusions", "cns_register"),
    limits=(
        "why a child left a roll is often not known: what isn't explained is called unexplained, not off-rolling",
        "38 half days is a tenth of a school year; special schools give yearly figures only",
    ),
)

LEFT = Variable(
    has="school_census.pupilnolongeronroll", label="Left a roll", yes="Left a roll", none="On roll throughout"
)
ABSENT = Variable(
    column="npd_absence_exclusions.absence.OverallAbsence_Annual",
    bands=(38, 190),
    label="Half days missed in a year",
)
REGISTERED = Variable(
    has="cns_register.cns_register", label="Not in school", yes="Ever registered", none="Never"
)


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    schooling = beside("suspended")
    return {
        "time_to_suspension.csv": Curve(
            title="Time to a first suspension",
            cohort=REFERRED,
            pathways=schooling,
            events=("suspended",),
            step="3m",
        ),
        "suspension_by_group.csv": Hazards(
            title="Suspension by sex and ethnicity",
            cohort=REFERRED,
            pathways=schooling,
            event="suspended",
            by=(SEX, ETHNICITY),
        ),
        "left_by_furthest.csv": Crosstab(
            title="Left a roll, by furthest state",
            cohort=KNOWN,
            pathways=RULES,
            rows=(FURTHEST,),
            columns=(LEFT,),
        ),
        "absence_by_furthest.csv": Crosstab(
            title="Absence, by furthest state",
            cohort=KNOWN,
            pathways=RULES,
            rows=(FURTHEST,),
            columns=(ABSENT,),
        ),
        "beside_school.csv": Channels(
            title="Services and school, side by side",
            cohort=REFERRED,
            pathways=RULES,
            second=("not_in_school", "suspended"),
            step="6m",
            steps=2,
        ),
        "register_by_furthest.csv": Crosstab(
            title="Register of children not in school, by furthest state",
            cohort=KNOWN,
            pathways=RULES,
            rows=(FURTHEST,),
            columns=(REGISTERED,),
        ),
    }
