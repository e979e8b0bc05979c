"""Children's pathways: how far into the system children come, by ethnic group, and by which steps."""

from __future__ import annotations

from tre_toolkit.research.declared import Crosstab, Declared, Variable
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import ETHNICITY, FURTHEST, RULES

ABOUT = About(
    name="pathways",
    title="How far children come, and by which steps",
    asks="Of all children known to children's services: what is the furthest state each reached, and does it "
    "differ by ethnic group? Which way leads from referral over plans into care?",
    needs=("cin_census", "ssda903"),
    limits=(
        "a child is followed over the years of the workspace's returns only: earlier states are not seen",
        "a step counts when it was reached on an observed day; the order of the steps is not asked",
        "early help stands in no statutory return",
    ),
)

CONTACT = Variable(
    furthest=("cpp", "cin", "assessment", "referral"),
    told_as={
        "cpp": "assessment",
        "cin": "assessment",
    },  # nobody has a plan without an assessment, seen or not
    none="No referral seen",
    label="Contact",
)
PLAN = Variable(furthest=("cpp", "cin"), none="No plan", label="Plan")
CARE = Variable(furthest=("cla",), none="Not looked after", label="Care")


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    return {
        "furthest_by_ethnicity.csv": Crosstab(
            title="Furthest state reached, by ethnicity",
            rows=(ETHNICITY,),
            columns=(FURTHEST,),
            pathways=RULES,
        ),
        "state_flow.csv": Crosstab(
            title="From contact over plan to care", rows=(CONTACT, PLAN), columns=(CARE,), pathways=RULES
        ),
    }
