"""The research room: a workspace, its cohorts and their pathways, described and never shown row by row.

`tre.open(path)` gives a `Workspace`; `tre.cohort(...)` says who is followed; `cohort.pathways(...)` says
through which states. All three are descriptions: their `repr` holds no row and no person. What comes
out of them is a table with its evidence, and figures are drawn only from tables that passed the checks.
"""

from __future__ import annotations

from tre_toolkit.lazy import from_homes

# public name -> where it lives; resolved on first use (PEP 562), so that importing the room costs nothing
_HOMES = {
    "open": "tre_toolkit.research.workspace",
    "Workspace": "tre_toolkit.research.workspace",
    "cohort": "tre_toolkit.research.cohorts",
    "Cohort": "tre_toolkit.research.cohorts",
    "Pathways": "tre_toolkit.research.pathways",
    "Definition": "tre_toolkit.research.cohorts",
    "Rules": "tre_toolkit.research.episodes",
    "Variable": "tre_toolkit.research.declared",
    "Crosstab": "tre_toolkit.research.declared",
    "output": "tre_toolkit.research.outputs",
    "save": "tre_toolkit.research.outputs",
    "Output": "tre_toolkit.research.outputs",
    "Ratios": "tre_toolkit.research.comparisons",
    "Hazards": "tre_toolkit.research.hazards",
    "Links": "tre_toolkit.research.links",
    "Households": "tre_toolkit.research.households",
    "Channels": "tre_toolkit.research.channels",
    "Variety": "tre_toolkit.research.variety",
    "Groups": "tre_toolkit.research.clusters",
    "assure": "tre_toolkit.research.assurance",
    "Example": "tre_toolkit.research.assurance",
    "Attrition": "tre_toolkit.research.measures",
    "Distribution": "tre_toolkit.research.overtime",
    "Transitions": "tre_toolkit.research.moves",
    "Rates": "tre_toolkit.research.moves",
    "Curve": "tre_toolkit.research.curves",
    "tabulate": "tre_toolkit.research.measures",
}
__all__ = list(_HOMES)  # names only

__getattr__ = from_homes(__name__, _HOMES)
