"""7: the dual system: from care into justice."""

from __future__ import annotations

from tre_toolkit.research.channels import Channels
from tre_toolkit.research.cohorts import Definition
from tre_toolkit.research.curves import Curve
from tre_toolkit.research.declared import Crosstab, Declared, Variable
from tre_toolkit.research.hazards import Hazards
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import CARE_ORDER, ETHNICITY, REFERRED, RULES, SEX, beside

ABOUT = About(
    name="dual_system",
    title="From children's services into justice",
    asks="How many children known to services come to an offence or into custody, how soon, and does it differ by how far "
    "they came and by ethnic group?",
    needs=("cin_census", "ssda903", "moj_dfe"),
    limits=(
        "nobody offends before ten, the age of criminal responsibility: children enter observation then",
        "an offence is one that was recorded: policing differs between groups and places",
    ),
    disclosure="Criminal records are of the most sensitive data: expect the gate to ask for a higher threshold.",
)

TEENAGERS = REFERRED.model_copy(update={"age_from": 10, "age_to": 17})
FROM_CARE = Definition(start="first", state="cla", age_from=10, age_to=17)
JUSTICE = Variable(furthest=("custody", "offence"), none="No offence seen", label="Justice")
FURTHEST = Variable(furthest=CARE_ORDER, none="None of these", label="Furthest state")


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    both = beside("custody", "offence")
    return {
        "justice_by_furthest.csv": Crosstab(
            title="Justice, by furthest state",
            cohort=TEENAGERS,
            pathways=both,
            rows=(FURTHEST,),
            columns=(JUSTICE,),
        ),
        "justice_by_ethnicity.csv": Crosstab(
            title="Justice, by ethnicity",
            cohort=TEENAGERS,
            pathways=both,
            rows=(ETHNICITY,),
            columns=(JUSTICE,),
        ),
        "care_to_offence.csv": Curve(
            title="From entry to care to an offence or custody",
            cohort=FROM_CARE,
            pathways=both,
            events=("custody", "offence"),
        ),
        "beside_justice.csv": Channels(
            title="Services and custody, side by side",
            cohort=TEENAGERS,
            pathways=RULES,
            second=("custody",),
            step="6m",
            steps=2,
        ),
        "offence_by_group.csv": Hazards(
            title="First offence by sex and ethnicity",
            cohort=TEENAGERS,
            pathways=both,
            event="offence",
            by=(SEX, ETHNICITY),
        ),
    }
