"""Care told as the SSDA903 return of one authority and year.

An episode stands in every year in which it lasted for a day, the same in each (DECOM, RNE, LS, CIN, PLACE and
its provider), open until the year in which it ends. A child is in the header with an episode in the year,
or as a care leaver in the year after.
"""

from __future__ import annotations

import numpy as np

from synth import columns as col
from synth import leavers, looked_after
from synth.care import LEGAL, REASONS, RNES
from synth.days import NEVER, year_end
from synth.draw import Ints
from synth.looked_after import DAYS, Told
from synth.people import ETHNIC_CODES, NO_UPN
from synth.providers import PLACES, REGISTER
from synth.world import World
from tre_toolkit.schema import Schema


def ssda903(world: World, authority: int, shape: Schema) -> dict[str, col.Sheet]:
    """The tables of the return, children in the order of their places."""
    told = looked_after.told(world, authority, shape.year)
    left = leavers.left(world, authority, shape.year)
    children = np.unique(np.concatenate([told.children, left.children]))
    tables = {"header": _header(world, told, children), "episodes": _episodes(world, told)}
    tables |= looked_after.modules(world, told)
    tables |= leavers.modules(world, authority, left)
    about = {shape.dataset.person_table: children}
    return {
        table.name: col.sheet(table, *tables.get(table.name, ({}, 0)), about=about.get(table.name))
        for table in shape.tables
    }


def _header(world: World, told: Told, children: Ints) -> tuple[dict[str, col.Column], int]:
    who, end = world.people.take(children), year_end(told.year)
    schooled = (world.school_from[children] <= end) & (who.no_upn == 0)
    young = world.school_from[children] > end
    reasons = (*NO_UPN, "UN1")
    import pyarrow as pa
    import pyarrow.compute as pc

    unknown = col.coded(reasons, np.where(young, reasons.index("UN1"), who.no_upn))
    upn = pc.if_else(pa.array(schooled), col.text(world.upn[children]), col.plain(unknown))
    sexes = ("M", "F") if told.year >= 2025 else ("1", "2")
    here = np.isin(children, told.children)
    born = looked_after.first_child(world, children)
    mother = np.where(born <= end, 1, 0)
    return {
        "CHILD": col.text(world.local_ids(children, told.authority)),
        "SEX": col.coded(sexes, who.female.astype(np.int64)),
        "DOB": col.dates(who.born, DAYS),
        "ETHNIC": col.coded(ETHNIC_CODES, who.ethnic),
        "UPN": upn,
        "MOTHER": col.coded(("0", "1"), np.where(who.female & here, mother, -1)),
        "MC_DOB": col.dates(np.where(here & (born <= end), born, NEVER), DAYS),
    }, len(children)


def _episodes(world: World, told: Told) -> tuple[dict[str, col.Column], int]:
    some, end = told.episodes, year_end(told.year)
    open_ = some.ended > end
    home = looked_after.home_places(world, told, some.child)
    post = world.home_places(some.child, told.authority, other=some.post)
    no_home = world.people.uasc[some.child]
    places, codes = _place_codes(told.year)
    provider = some.provider
    provider_codes = ("PR0", *dict.fromkeys(kind.provider for kind in REGISTER))
    of_kind = np.array([provider_codes.index(kind.provider) for kind in REGISTER])
    return {
        "CHILD": col.text(world.local_ids(some.child, told.authority)),
        "DECOM": col.dates(some.started, DAYS),
        "RNE": col.coded(RNES, some.rne),
        "LS": col.coded(LEGAL, some.legal),
        "CIN": col.coded(tuple(f"N{at}" for at in range(1, 9)), world.stays.need[some.stay]),
        "PLACE": col.coded(places, codes[some.place]),
        "PLACE_PROVIDER": col.coded(provider_codes, np.where(provider < 0, 0, of_kind[provider])),
        "DEC": col.dates(np.where(open_, NEVER, some.ended), DAYS),
        "REC": col.coded(some.rec, np.where(open_, -1, some.ending)),
        "REASON_PLACE_CHANGE": col.coded(REASONS, np.where(open_, -1, some.reason)),
        "HOME_POST": col.text(world.postcodes(home), no_home),
        "PL_POST": col.text(world.postcodes(post)),
        "URN": col.coded(looked_after.urns(world.plan.authorities[told.authority]), provider),
    }, len(some)


def _place_codes(year: int) -> tuple[tuple[str, ...], Ints]:
    """Supported accommodation is K3 from 2025 and was H5 before."""
    if year >= 2025:
        return PLACES, np.arange(len(PLACES))
    return tuple("H5" if code == "K3" else code for code in PLACES), np.arange(len(PLACES))
