"""1: early help and child in need trajectories: who comes back after a case is closed."""

from __future__ import annotations

from tre_toolkit.research.cohorts import Definition
from tre_toolkit.research.curves import Curve
from tre_toolkit.research.declared import Crosstab, Declared, Variable
from tre_toolkit.research.overtime import Distribution
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import FURTHEST, NEED, REFERRED, RULES, beside

ABOUT = About(
    name="early_help",
    title="Child in need trajectories and re-referral",
    asks="How soon after a case is closed is a child referred again, for which needs, and what do the two years after "
    "a first referral look like?",
    needs=("cin_census", "ssda903"),
    also=("early_help", "echild"),
    limits=(
        "the census says that there was a service, not which: early help needs a list of the authority's own",
        "re-referral is seen within the workspace's authorities only",
    ),
)

CLOSED = Definition(start="exit", state="referral", follow="1y")
ADMITTED = Variable(has="echild.hes_apc", label="Hospital", yes="Admitted", none="Not admitted")
HELPED = Variable(has="early_help.episodes", label="Early help", yes="Early help seen", none="None seen")


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    return {
        "re_referral.csv": Curve(
            title="Referred again within a year of closure",
            cohort=CLOSED,
            pathways=RULES,
            events=("referral",),
            step="1m",
        ),
        "re_referral_by_need.csv": Curve(
            title="Referred again, by primary need",
            cohort=CLOSED,
            pathways=RULES,
            events=("referral",),
            step="3m",
            by=NEED,
        ),
        "states_over_time.csv": Distribution(
            title="Two years after a first referral", cohort=REFERRED, pathways=RULES, step="1m", steps=24
        ),
        "furthest_by_need.csv": Crosstab(
            title="Furthest state, by primary need",
            cohort=REFERRED,
            pathways=RULES,
            rows=(NEED,),
            columns=(FURTHEST,),
        ),
        "furthest_by_admission.csv": Crosstab(
            title="Furthest state, by admission to hospital",
            cohort=REFERRED,
            pathways=RULES,
            rows=(ADMITTED,),
            columns=(FURTHEST,),
        ),
        "time_to_emergency.csv": Curve(
            title="Time to an emergency department",
            cohort=REFERRED,
            pathways=beside("emergency"),
            events=("emergency",),
            step="3m",
        ),
        "furthest_by_early_help.csv": Crosstab(
            title="Furthest state, by early help",
            cohort=REFERRED,
            pathways=RULES,
            rows=(HELPED,),
            columns=(FURTHEST,),
        ),
    }
