"""What must hold of a batch before anything is made of it: one authority, one kind of children, no surprise.

A refresh must continue the series it belongs to. The log knows under which key and cleaning rules
the project's former parcels were made; with other ones the new tokens would match none of the old,
so the run refuses unless the controller begins a new series on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pseudonymise import rows, standardise
from pseudonymise.keys import Key
from pseudonymise.people import clean_ids
from pseudonymise.planning import token_fields
from pseudonymise.rows import text
from tre_toolkit import audit
from tre_toolkit.errors import TreError, Where
from tre_toolkit.project import Project

if TYPE_CHECKING:
    from tre_toolkit.returns import Return

BEGUN = "parcel begun"  # the log's name for a counter that is used up, whatever becomes of the parcel
SEALED = "parcel sealed"  # the log's name for a parcel that left
INVENTED = "999"  # the authority in the UPN of every synthetic child; never issued
# What ends one identity and begins another: column of a return to the codes that say "adopted".
ADOPTED = {"REC": {"E11", "E12"}, "ReasonForClosure": {"RC1"}}


def authority_of(returns: Sequence[Return], named: str | None, project: Project) -> str:
    """Whose the returns are. Raises TreError when they are of several, of none, or of one outside the project."""
    found = {return_.authority for return_ in returns if return_.authority} | ({named} if named else set())
    if not returns:
        raise TreError("there is no return here", hint="name the files or folders that hold them")
    if len(found) > 1:
        raise TreError(
            f"returns of several authorities in one parcel: {', '.join(sorted(found))}",
            hint="make a parcel for each authority",
        )
    if not found:
        raise TreError(
            "the returns don't say whose they are", hint="name the authority's three digits with --authority"
        )
    whose = found.pop()
    if whose not in project.authorities:
        raise TreError(
            f"the project's declaration doesn't name authority {whose}",
            hint=f"it names {', '.join(sorted(project.authorities))}",
        )
    return whose


def is_synthetic(returns: Sequence[Return]) -> bool:
    """Whether the batch is of invented children. Raises TreError when some are and some aren't."""
    marks = {return_.synthetic for return_ in returns}
    if len(marks) > 1:
        raise TreError(
            "synthetic and real returns in one batch", hint="never mix them: make two parcels of two projects"
        )
    for return_ in returns:
        invented, issued = _upns(return_)
        if return_.synthetic and issued:
            raise TreError(
                "a return marked synthetic holds UPNs that were issued to real children",
                where=Where(return_.dataset),
                hint="take the mark SYNTHETIC.json away if the return is real",
            )
        if not return_.synthetic and invented:
            raise TreError(
                "a real return holds UPNs of authority 999, which mark invented children",
                where=Where(return_.dataset),
                hint="find out where these rows come from before anything leaves",
            )
    return marks == {True}


def series(log: Path, project: Project, key: Key, *, new: bool) -> int:
    """The next counter of this project's series of parcels.

    Raises TreError when the last one was made under another key or other cleaning rules and `new` is false.
    """
    if not log.exists():
        return 1
    ours = [event for event in audit.events(log) if event.facts.get("project") == project.id]
    left = [event.facts for event in ours if event.name == SEALED]
    if left and not new:
        hint = "tokens would match none of the former parcels; --new-series if that is meant, and send all years again"
        if left[-1]["standardiser"] != standardise.VERSION:
            raise TreError(
                f"the cleaning rules have changed: the last parcel was made by {left[-1]['standardiser']}, "
                f"this toolkit has {standardise.VERSION}",
                hint=hint,
            )
        if left[-1]["key_commitment"] != key.commitment:
            raise TreError("the last parcel of this project was made under another key", hint=hint)
    return 1 + max((int(event.facts["counter"]) for event in ours if event.name == BEGUN), default=0)


def adopted(returns: Sequence[Return]) -> frozenset[str]:
    """Local numbers, in their clean form, of children who were adopted in any of the returns."""
    import pyarrow.compute as pc

    found: set[str] = set()
    for return_ in returns:
        for table in return_.schema.tables:
            if table.name not in return_.tables or not table.person:
                continue
            for column in sorted(ADOPTED.keys() & {field.name for field in table.fields}):
                for chunk in rows.chunks(return_, table.name, [table.person, column]):
                    ended = chunk[chunk[column].isin(ADOPTED[column])]
                    found |= set(pc.drop_null(clean_ids(text(ended[table.person]))).to_pylist())
    return frozenset(found)


def apart_from_parcels(own_map: Path, parcels: Sequence[Path]) -> None:
    """Raise TreError when the authority's own map would lie in a parcel's folder or anywhere below it, or stands already."""
    if {path.resolve().parent for path in parcels} & set(own_map.resolve().parents):
        raise TreError(
            "the map of your own children would lie beside the parcel or below its folder, and folders are handed over whole",
            where=str(own_map),
            hint="name a folder that stays with you, and another one for the parcel",
        )
    if own_map.exists() or own_map.is_symlink():
        raise TreError("something stands here already", where=str(own_map), hint="name another place")


def read_list(path: Path) -> frozenset[str]:
    """Local numbers, one a line, of children whose records stay behind. Raises TreError when there is no such file."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise TreError("there is no such file", where=str(path)) from None
    except UnicodeDecodeError:
        raise TreError("this is not a list in UTF-8, one number a line", where=str(path)) from None
    return frozenset(line.strip().upper() for line in lines if line.strip())


def _upns(return_: Return) -> tuple[int, int]:
    """How many valid UPNs of the return are of authority 999, and how many of any other."""
    import pyarrow.compute as pc

    invented = issued = 0
    fields = token_fields(return_.schema)
    for table, field in [*fields.get("upn", []), *fields.get("former_upn", [])]:
        if table.name not in return_.tables or field.name not in rows.columns(return_, table.name):
            continue
        for cells in rows.cells(return_, table.name, field.name):
            found = standardise.upn_parts(cells)
            valid = pc.drop_null(pc.coalesce(found["upn"], found["upn_temp"]))
            marked = pc.sum(pc.equal(pc.utf8_slice_codeunits(valid, 1, 4), INVENTED)).as_py() or 0
            invented, issued = invented + marked, issued + len(valid) - marked
    return invented, issued
