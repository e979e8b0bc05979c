"""3: whole-family mental health: a child's, a parent's, another's, and what follows."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tre_toolkit.research.cohorts import Definition
from tre_toolkit.research.comparisons import Ratios
from tre_toolkit.research.curves import Curve
from tre_toolkit.research.declared import Crosstab, Declared, Variable
from tre_toolkit.research.hazards import Hazards
from tre_toolkit.research.households import Households
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import AGE, FURTHEST, REFERRED, RULES, SEX, beside, factor

ABOUT = About(
    name="mental_health",
    title="Whole-family mental health",
    asks="Where an assessment names mental health - the child's, a parent's, another's in the household - how far do children "
    "come, and how soon after a referral do they reach a mental health service?",
    needs=("cin_census", "ssda903"),
    also=("echild", "echild_mb"),
    limits=(
        "a factor says that a social worker saw it, not that a doctor did",
        "general practice is in none of these sets",
        "a household is that of the newest address; who lived there before isn't asked",
        "a child's mother is known where the sets of mothers and babies were linked",
    ),
    disclosure="Mental health is special-category data: use the stricter of the packs that apply.",
)

CHILD, PARENT, OTHER = factor("Child's", "4A"), factor("Parent's", "4B"), factor("Another's", "4C")
PROTECTED = Variable(furthest=("cla", "cpp"), none="Neither", label="Protection plan or care")
MOTHER = Variable(
    has="echild.mental_health",
    of="mother",
    label="Mother in a mental health service",
    yes="Seen",
    none="Not seen",
)
BORN = Definition(
    start="born", born_from=dt.date(2000, 1, 1), born_to=dt.date(2030, 12, 31), mothers=True, follow="5y"
)
BABY = Variable(has="echild_mb.mother_baby", label="Linked to the mother", yes="Linked", none="Not linked")


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    about: dict[str, Any] = {"cohort": REFERRED, "pathways": RULES}
    return {
        "furthest_by_child.csv": Crosstab(
            title="Furthest state, child's mental health", rows=(CHILD,), columns=(FURTHEST,), **about
        ),
        "furthest_by_parent.csv": Crosstab(
            title="Furthest state, parent's mental health", rows=(PARENT,), columns=(FURTHEST,), **about
        ),
        "parent_and_child.csv": Crosstab(
            title="Mental health in one family", rows=(PARENT, OTHER), columns=(CHILD,), **about
        ),
        "protection_by_parent.csv": Ratios(
            title="Protection plan or care, by a parent's mental health",
            by=PARENT,
            outcome=PROTECTED,
            standard=(SEX, AGE),
            reference="No",
            **about,
        ),
        "time_to_service.csv": Curve(
            title="Time to a mental health service",
            cohort=REFERRED,
            pathways=beside("mental_health"),
            events=("mental_health",),
        ),
        "furthest_by_mother.csv": Crosstab(
            title="Furthest state, by the mother's mental health service",
            rows=(MOTHER,),
            columns=(FURTHEST,),
            **about,
        ),
        "from_birth.csv": Curve(
            title="From birth to a plan or care, mothers and babies",
            cohort=BORN,
            pathways=RULES,
            events=("cla", "cpp"),
            by=MOTHER,
            step="6m",
        ),
        "care_within_households.csv": Hazards(
            title="Protection plan after a referral, errors by household",
            event="cpp",
            by=(PARENT, SEX),
            cluster="household_id",
            **about,
        ),
        "households.csv": Households(
            title="Children and households, by a parent's mental health", by=PARENT, **about
        ),
        "furthest_by_mother_link.csv": Crosstab(
            title="Furthest state, by mother-baby link", rows=(BABY,), columns=(FURTHEST,), **about
        ),
    }
