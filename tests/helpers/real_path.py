"""A synthetic twin by the path real data take: returns are pseudonymised, sealed, linked and put into a workspace.

    walked = walk(folder, Plan(("990", "991"), children=200, years=(2025,), seed=1), ("cin_census", "echild", "crosswalk"))

`twin` gives the same world under its true persons, with nothing linked. Here persons are those that linkage found; the truth
is beside them: which invented person stands behind each record of the spine.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import pseudonymise
from pseudonymise.options import Options
from synth import Plan, World, invent
from synth.mothers import mother_persons, mothers
from synth.tell import draft, wanted
from synth.truth import persons, truth
from tre_toolkit.linkage.run import link
from tre_toolkit.linkage.spine import Spine, read_spine
from tre_toolkit.linkage.workspace import make_workspace
from tre_toolkit.parcel import RecipientKey
from tre_toolkit.project import Limits, Project
from tre_toolkit.signing import Signer

TRE, SIGNER = RecipientKey(bytes(range(96))), Signer(bytes(range(64)))  # thrown away after the test
PROJECT = "invented"


@dataclass(frozen=True, slots=True)
class Walked:
    """`true` has the columns of a spine's place, its person_id, and `person`, who it truly is."""

    workspace: Path
    spine: Spine
    world: World
    true: pd.DataFrame

    @property
    def mother_of(self) -> pd.Series:
        """True child to true mother."""
        import numpy as np

        them, people = mothers(self.world), np.arange(len(self.world.people))
        told = mother_persons(self.world, np.arange(len(them)), them).astype(str)
        found = pd.Series(
            np.append(told, "")[them.of], index=persons(self.world, people).astype(str), dtype="object"
        )
        return found[found != ""]


def walk(folder: Path, plan: Plan, datasets: Collection[str]) -> Walked:
    """The whole path, into `folder`: a parcel of each authority, a spine and a workspace."""
    folder.mkdir(parents=True, exist_ok=True)
    world, key = invent(plan), pseudonymise.Key(bytes(range(32)), PROJECT)
    declared = Project(
        id=PROJECT,
        title="Invented",
        purpose="Tests.",
        authorities={code: code for code in plan.authorities},
        datasets=tuple(datasets),
        limits=Limits(common_tokens=1, named=1, birthdays=1),
    )
    parcels, known = [], []
    for at, code in enumerate(plan.authorities):
        drafts = [draft(world, at, shape) for shape in wanted(plan.years, tuple(datasets))]
        known += [truth(world, one).to_pandas() for one in drafts]
        parcels.append(folder / f"{code}.parcel")
        pseudonymise.pseudonymise(
            [one.finished() for one in drafts],
            declared,
            key,
            to=TRE.recipient,
            signer=SIGNER,
            into=parcels[-1],
            log=folder / f"{code}.log",
            options=Options(truth_map=folder / f"{code}.map"),
        )
    trusted = [SIGNER.verifier]
    link(parcels, key=TRE, trusted=trusted, into=folder / "spine")
    spine = read_spine(folder / "spine")
    make_workspace(spine, parcels, key=TRE, trusted=trusted, into=folder / "workspace")
    place = ["authority", "dataset", "period"]
    maps = pd.concat([pd.read_csv(folder / f"{code}.map", dtype=str) for code in plan.authorities])
    rows = spine.frame.astype({"record_id": str}).merge(maps, on=[*place, "record_id"], validate="1:1")
    true = rows.merge(pd.concat([one for one in known if len(one)]), on=[*place, "local_id"], validate="1:1")
    return Walked(folder / "workspace", spine, world, true)
