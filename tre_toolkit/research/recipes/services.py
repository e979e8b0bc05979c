"""6: services, spending and workforce: authorities beside one another, year by year."""

from __future__ import annotations

from tre_toolkit.research.declared import Crosstab, Declared
from tre_toolkit.research.panels import Measure, Panel
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import AUTHORITY, FURTHEST, RULES

ABOUT = About(
    name="services",
    title="Services, spending and workforce",
    asks="How do referrals and entries to care go with caseloads, agency work and spending, authority by authority and year by year?",
    needs=("cin_census", "ssda903"),
    also=("social_work_workforce", "s251_placement_costs"),
    limits=(
        "authorities are compared, not children: what holds among authorities may not hold within one",
        "the workforce is counted on 30 September, children over the year to 31 March",
    ),
    disclosure="Cells are authority-years. Social workers are people too: caseloads rest on the number of workers.",
)

CASELOAD = Measure(
    label="Cases for each full-time worker", sum="social_work_workforce.worker.Cases30", over="FTE30"
)
SPENDING = Measure(label="Net spending", sum="s251_placement_costs.outturn_published.net")


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    return {
        "furthest_by_authority.csv": Crosstab(
            title="Furthest state, by authority", rows=(AUTHORITY,), columns=(FURTHEST,), pathways=RULES
        ),
        "referrals_by_year.csv": Panel(
            title="Children referred, by authority and year", entered="referral", pathways=RULES
        ),
        "care_by_year.csv": Panel(
            title="Children entering care, by authority and year", entered="cla", pathways=RULES
        ),
        "referrals_and_caseload.csv": Panel(
            title="Referrals beside caseloads", entered="referral", measures=(CASELOAD,), pathways=RULES
        ),
        "care_and_spending.csv": Panel(
            title="Entries to care beside spending", entered="cla", measures=(SPENDING,), pathways=RULES
        ),
    }
