"""9: ethnic minority groups: eighteen groups where numbers allow, their broad groups where they don't."""

from __future__ import annotations

from typing import Any

from tre_toolkit.research.comparisons import Ratios
from tre_toolkit.research.declared import Crosstab, Declared, Variable
from tre_toolkit.research.hazards import Hazards
from tre_toolkit.research.links import Links
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import AGE, ETHNICITY, FURTHEST, KNOWN, REFERRED, RULES, SEX

ABOUT = About(
    name="ethnicity",
    title="Ethnic groups: how far, how soon, compared",
    asks="Do children of the eighteen ethnic groups come into plans and care in different measure, at the same age and sex?",
    needs=("cin_census", "ssda903"),
    limits=(
        "children known to services are compared with one another: how many of a group come to be known is another question",
        "groups roll up along the code book's tree when they are small, before anybody sees their outcome",
        "ethnicity is what returns say most often of a child",
    ),
)

CARE = Variable(furthest=("cla",), none="Not looked after", label="Looked after")
PROTECTED = Variable(furthest=("cpp",), none="No protection plan", label="Child protection plan")


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    known: dict[str, Any] = {"cohort": KNOWN, "pathways": RULES}
    referred: dict[str, Any] = {"cohort": REFERRED, "pathways": RULES}
    return {
        "furthest_by_ethnicity.csv": Crosstab(
            title="Furthest state, by ethnicity", rows=(ETHNICITY,), columns=(FURTHEST,), **known
        ),
        "care_ratio.csv": Ratios(
            title="Looked after, by ethnicity", by=ETHNICITY, outcome=CARE, standard=(SEX, AGE), **known
        ),
        "protection_ratio.csv": Ratios(
            title="Child protection plan, by ethnicity",
            by=ETHNICITY,
            outcome=PROTECTED,
            standard=(SEX, AGE),
            **known,
        ),
        "care_by_links.csv": Links(
            title="Looked after, by ethnicity, over ever surer links",
            by=ETHNICITY,
            outcome=CARE,
            standard=(SEX, AGE),
            **known,
        ),
        "care_hazard.csv": Hazards(
            title="Entry to care after a referral", event="cla", by=(ETHNICITY, SEX, AGE), **referred
        ),
    }
