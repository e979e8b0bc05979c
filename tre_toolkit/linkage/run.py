"""One linkage run: records in, persons out, and what was refused on the way told.

`link_records` is the whole of it as a function of plain arrays; `link` is the same between files:
parcels in, a spine folder with its report out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from tre_toolkit.errors import TreError
from tre_toolkit.files import new_folder
from tre_toolkit.linkage import clerical
from tre_toolkit.linkage.engines import Joined, join
from tre_toolkit.linkage.households import Households, household_ids, households
from tre_toolkit.linkage.intake import enter_all, take_in
from tre_toolkit.linkage.model.classes import as_lists, as_model
from tre_toolkit.linkage.mothers import Mothers, mothers
from tre_toolkit.linkage.people import name_clusters, project_key, renamed
from tre_toolkit.linkage.records import Records, stack
from tre_toolkit.linkage.refresh import (
    MERGED,
    SPLIT,
    carried_ids,
    earlier_persons,
    events_between,
    held_codes,
)
from tre_toolkit.linkage.room import Room
from tre_toolkit.linkage.room import room as room_for
from tre_toolkit.linkage.rule_sets import BRIDGE
from tre_toolkit.linkage.rules import told_twice
from tre_toolkit.linkage.spine import MOTHER, Spine, read_spine, write_spine
from tre_toolkit.parcel import RecipientKey
from tre_toolkit.signing import Verifier


@dataclass(frozen=True, slots=True)
class Linked:
    """What a run found. `spine` has a row for each record, in the order of `records`."""

    records: Records
    spine: pd.DataFrame
    joined: Joined
    homes: Households
    events: pd.DataFrame | None = None
    """What changed for earlier persons, when there was an earlier run."""
    mothers: Mothers | None = None
    """Mothers, where some record names one or tells of a birth."""


def link_records(
    records: Records,
    *,
    key: bytes,
    engine: str = "auto",
    rules: str = "exact",
    threshold: float | str | None = None,
    previous: Spine | None = None,
    decided: pd.DataFrame | None = None,
    relearn: bool = False,
    room: Room | None = None,
    spark: str | None = None,
) -> Linked:
    """Find the persons among `records`; ids are keyed to `key`, and those of the `previous` spine are kept.

    The earlier persons stay as they are and the earlier model is used again, unless `relearn` asks for everything
    anew. `decided` are a reviewer's decisions, as `clerical.decisions` gives them. `room` says where large arrays are
    put, `spark` the address of a cluster for Splink.
    """
    earlier = None if previous is None else earlier_persons(records, previous)
    held = None if earlier is None or relearn else held_codes(earlier)
    learnt = None if previous is None or relearn else as_model(previous.facts.get("model"))
    told = None if decided is None or decided.empty else clerical.decided_rows(records, decided)
    joined = join(
        records,
        engine=engine,
        rules=rules,
        threshold=threshold,
        held=held,
        decided=told,
        learnt=learnt,
        room=room,
        spark=spark,
    )
    spine = records.about[["parcel", "authority", "dataset", "period", "record_id"]].copy()
    ids = name_clusters(records, joined.cluster, key)
    if earlier is not None:
        ids = carried_ids(ids, joined.cluster, earlier, renamed(ids, key, set(earlier.dropna())))
    spine["person_id"] = ids
    homes = households(records, joined.cluster)
    spine["household_id"] = household_ids(records, homes, key)
    if previous is not None:
        at = (homes.household >= 0).nonzero()[0]
        then = earlier_persons(records, previous, column="household_id").iloc[at].reset_index(drop=True)
        now = spine["household_id"].to_numpy(object)[at]
        spine.loc[spine.index[at], "household_id"] = carried_ids(
            now, homes.household[at], then, renamed(now, key, set(then.dropna()))
        )
    theirs = mothers(records, ids, key)
    if theirs is not None:
        spine[MOTHER] = theirs.of
    spine["step"], spine["weight"], spine["band"] = joined.step, joined.weight, joined.band
    events = None if earlier is None else events_between(earlier, spine["person_id"])
    return Linked(records, spine, joined, homes, events, theirs)


def link(
    parcels: Sequence[Path],
    *,
    key: RecipientKey,
    trusted: Sequence[Verifier],
    into: Path,
    report: Path | None = None,
    engine: str = "auto",
    rules: str = "exact",
    threshold: float | str | None = None,
    previous: Path | None = None,
    decisions: Path | None = None,
    truth: Path | None = None,
    truth_maps: Sequence[Path] = (),
    book: Path | None = None,
    relearn: bool = False,
    memory: str | None = None,
    spark: str | None = None,
) -> Spine:
    """Link the parcels at these paths and write a spine folder at `into`, its report inside it (and in `report`).

    `previous` is the spine of an earlier run over some of these parcels: its ids are kept, and `events.parquet`
    in the new spine tells what changed (nothing but what was decided, unless `relearn`). `decisions` is a spine whose review list was worked through. `book` is the
    receiver's book of parcels: an older one sent again is refused, and new ones are entered when the spine is written.
    `memory` ("1GB") limits what the run takes: the rest is put into a private folder beside `into`, and the spine is the
    same. `spark` is the address of a cluster for Splink.

    Raises TreError when a parcel doesn't verify or the parcels may not be linked together; nothing is written then.
    """
    from tre_toolkit.linkage import page, quality, tables
    from tre_toolkit.linkage.report import counts_of, report_on

    before = None if previous is None else read_spine(previous)
    with room_for(memory, beside=into.absolute().parent, folder=spark is not None) as room:
        taken = take_in(
            [Path(one) for one in parcels],
            key=key,
            trusted=trusted,
            previous=before.facts if before else None,
            book=book,
            sparing=memory is not None,
        )
        if truth is not None and not taken.facts["synthetic"]:
            raise TreError("a truth file can only be had for synthetic children", hint="leave --truth out")
        records, taken = stack(taken.tables, room=room), replace(taken, tables=())
        linked = link_records(
            records,
            key=_key_of(taken.facts),
            engine=engine,
            rules=rules,
            threshold=threshold,
            previous=before,
            decided=None if decisions is None else clerical.decisions(decisions),
            relearn=relearn,
            room=room,
            spark=spark,
        )
        told = report_on(linked, taken.about, taken.facts)
        if truth is not None:
            known = quality.true_persons(linked.spine, truth, truth_maps)
            told["truth"] = quality.score(linked.spine["person_id"], known)
        follows = {} if before is None else {"follows": before.facts["sha256"]}
        spine = Spine(linked.spine, {**taken.facts, **_tally(linked), **follows})
        with new_folder(into, mode=0o700) as folder:
            write_spine(spine, folder)
            review = clerical.pairs_to_review(linked.records, linked.joined, _key_of(taken.facts))
            if linked.joined.found is not None:
                review.to_parquet(folder / clerical.LIST, index=False)
            if linked.events is not None:
                linked.events.to_parquet(folder / "events.parquet", index=False)
            page.write(told, folder)
            if report is not None:
                axes, marks = counts_of(linked, taken.about)
                with new_folder(report) as beside:
                    page.write(told, beside)
                    tables.write(axes, marks, beside / "tables", synthetic=taken.facts["synthetic"])
            if book is not None:
                enter_all(taken.fresh, book)
    return spine


def _key_of(facts: Mapping[str, Any]) -> bytes:
    return project_key(facts["project"], facts["project_digest"], facts["key_commitment"])


def _tally(linked: Linked) -> dict[str, Any]:
    return {
        "records": len(linked.records),
        "persons": int(linked.spine["person_id"].nunique()),
        "conflicts": linked.joined.conflicts["reason"].value_counts().sort_index().to_dict(),
        "households": int(linked.spine["household_id"].nunique()),
        "left_out": [dict(one) for one in linked.joined.left_out],
        "settings": dict(linked.joined.settings),
        **({} if linked.joined.found is None else {"model": as_lists(linked.joined.found.fit.model)}),
        **({} if linked.events is None else {"events": _changed(linked.events)}),
        **(
            {"numbers of two": told_twice(linked.records, BRIDGE)}
            if linked.records.of("number").any()
            else {}
        ),
        **({} if linked.mothers is None else {"mothers": dict(linked.mothers.counts)}),
    }


def _changed(events: pd.DataFrame) -> dict[str, int]:
    """How many persons came of mergers, and how many earlier persons were split."""
    return {
        MERGED: int(events.loc[events["event"] == MERGED, "person_id"].nunique()),
        SPLIT: int(events.loc[events["event"] == SPLIT, "before"].nunique()),
    }
