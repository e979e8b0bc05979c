"""Words the recipes share: the usual rules, cohorts and variables."""

from __future__ import annotations

from tre_toolkit.research.cohorts import Definition
from tre_toolkit.research.declared import Variable
from tre_toolkit.research.episodes import Rules

CARE_ORDER = ("cla", "cpp", "cin", "assessment", "referral")
RULES = Rules(order=CARE_ORDER, bridge={"cla": 1})
"""All five states of the two returns; two stays in care a day apart are one (rule of the period of care)."""

KNOWN = Definition()
REFERRED = Definition(start="first", state="referral")
IN_CARE = Definition(start="first", state="cla")

ETHNICITY = Variable(column="ethnicity")
SEX = Variable(column="sex")
AUTHORITY = Variable(column="authority")
AGE = Variable(age=True, bands=(1, 5, 10, 16), label="Age")
NEED = Variable(column="cin_census.cin_details.PrimaryNeedCode", label="Primary need")
FURTHEST = Variable(furthest=CARE_ORDER, none="None of these", label="Furthest state")
ATTAINMENT = Variable(column="npd_attainment.ks4.KS4_ATT8", bands=(20, 40, 60), label="Attainment 8")


def factor(label: str, *codes: str) -> Variable:
    """Whether an assessment in any observed year named one of these factors."""
    return Variable(has="cin_census.assessment_factors.AssessmentFactors", codes=codes, label=label)


def beside(*states: str) -> Rules:
    """The usual rules, with states of a second channel added below the five."""
    return RULES.model_copy(update={"order": (*CARE_ORDER, *states)})
