"""U: the UEA project. From a first referral through plans into care, and what became of schooling."""

from __future__ import annotations

from typing import Any

from tre_toolkit.research.clusters import Groups
from tre_toolkit.research.cohorts import Definition
from tre_toolkit.research.curves import Curve
from tre_toolkit.research.declared import Crosstab, Declared, Variable
from tre_toolkit.research.filled import Missing
from tre_toolkit.research.measures import Attrition
from tre_toolkit.research.moves import Rates, Transitions
from tre_toolkit.research.overtime import Distribution
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import ATTAINMENT, AUTHORITY, FURTHEST, RULES, SEX
from tre_toolkit.research.variety import Variety

ABOUT = About(
    name="uea_pathways",
    title="Pathways after a first referral (UEA project)",
    asks="After a first referral: how soon do plans and care come, which competes with which, how do children move "
    "between states, and how do those who came furthest do at school? For each authority, and for all together.",
    needs=("cin_census", "ssda903"),
    also=("npd_attainment",),
    limits=(
        "a first referral is the first one seen: a year of washout is asked for, earlier referrals stay unknown",
        "authorities are combined as released tables, never as rows: run it in each workspace, then `tre recipe combine`",
        "schooling is compared by furthest state and not adjusted: it is no effect of care",
    ),
)

WHO = Definition(start="first", state="referral", washout="1y", follow="5y")
LEFT_CARE = Definition(start="exit", state="cla", follow="5y")
KS2 = Variable(
    column="npd_attainment.ks2.RWMEXP", label="Expected standard in reading, writing and mathematics"
)


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    about: dict[str, Any] = {"cohort": WHO, "pathways": RULES}
    return {
        "attrition.csv": Attrition(title="Who was followed", **about),
        "missing.csv": Missing(
            title="What the returns leave blank", datasets=("cin_census", "ssda903"), **about
        ),
        "states_over_time.csv": Distribution(
            title="States since the first referral", step="3m", steps=8, **about
        ),
        "first_plan_or_care.csv": Curve(
            title="Time to the first plan or care", events=("cla", "cpp", "cin"), step="1m", **about
        ),
        "re_entry.csv": Curve(
            title="Back in care after leaving it",
            cohort=LEFT_CARE,
            pathways=RULES,
            events=("cla",),
            step="3m",
        ),
        "groups.csv": Groups(title="Kinds of pathway", groups=4, steps=13, step="1m", least=20, **about),
        "moves.csv": Transitions(title="Moves between states", **about),
        "rates.csv": Rates(title="Moves for each hundred child-years", **about),
        "variety.csv": Variety(title="How varied pathways are, by sex", by=SEX, steps=13, **about),
        "furthest_by_authority.csv": Crosstab(
            title="Furthest state reached, by authority", rows=(AUTHORITY,), columns=(FURTHEST,), **about
        ),
        "ks2_by_furthest.csv": Crosstab(
            title="Key stage 2, by furthest state", rows=(FURTHEST,), columns=(KS2,), **about
        ),
        "ks4_by_furthest.csv": Crosstab(
            title="Attainment 8, by furthest state", rows=(FURTHEST,), columns=(ATTAINMENT,), **about
        ),
    }
