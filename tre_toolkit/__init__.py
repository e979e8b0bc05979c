"""The whole life of linked children's-services data in a trusted research environment.

Researchers start here: `tre.open(workspace)`, `tre.cohort(...)`. Nothing heavy is loaded until it
is asked for, so `import tre_toolkit` costs nothing and works on the base install.
"""

from __future__ import annotations

from tre_toolkit.lazy import from_homes

__version__ = "0.1.0"

# public name -> where it lives; resolved on first use (PEP 562), so that no room is imported before it is needed
_HOMES = {
    "link": "tre_toolkit.linkage",
    "open": "tre_toolkit.research",
    "cohort": "tre_toolkit.research",
    "Workspace": "tre_toolkit.research",
    "TreError": "tre_toolkit.errors",
}
__all__ = [*_HOMES, "__version__"]

__getattr__ = from_homes(__name__, _HOMES)
