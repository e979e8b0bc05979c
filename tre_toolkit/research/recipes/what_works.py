"""11: what works: a programme rolled out in some authorities before others."""

from __future__ import annotations

from tre_toolkit.research.declared import Declared
from tre_toolkit.research.panels import EventStudy, Panel
from tre_toolkit.research.recipes import About
from tre_toolkit.research.studies import RULES

ABOUT = About(
    name="what_works",
    title="What works: a staggered roll-out",
    asks="Did entries to care change in the months after a programme began, beside authorities where it hadn't yet?",
    needs=("cin_census", "ssda903"),
    also=("programme",),
    limits=(
        "authorities are few: errors clustered on fewer than thirty of them are too small",
        "the definition's digest is registered before outcomes are looked at; referrals stand as the outcome that shouldn't move",
    ),
    disclosure="Effects rest on all entries of all authorities; monthly counts of one authority are not released.",
)


def tables() -> dict[str, Declared]:
    """The declared tables by file name."""
    started = "programme.roll_out.started"
    return {
        "care_by_year.csv": Panel(
            title="Children entering care, by authority and year", entered="cla", pathways=RULES
        ),
        "effect_on_care.csv": EventStudy(
            title="Entries to care around the roll-out", entered="cla", rollout=started, pathways=RULES
        ),
        "effect_on_referrals.csv": EventStudy(
            title="Referrals around the roll-out (shouldn't move)",
            entered="referral",
            rollout=started,
            pathways=RULES,
        ),
    }
