"""Households: children under one roof in the same year, by the address's token.

Two records of one period that carry one UPRN token share a roof; where the UPRN is missing, the token of
postcode and house number stands in, unless that house holds several UPRNs (flats). A household goes on from
year to year while somebody stays in it; a family that moves in after another has left is another household.
An address with many children at once is communal (a home, a hostel, a school) and no household at all.
`strict` parcels hold no bare address token: there, surname with UPRN finds members of one surname only.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tre_toolkit.linkage.cluster import components
from tre_toolkit.linkage.people import name_clusters
from tre_toolkit.linkage.records import NONE, Codes, Records, mix, text_codes

COMMUNAL = 10  # children at one address in one period from which it is taken to be communal
BARE, SURNAME, HOUSE, ELSEWHERE = "uprn", "surname+uprn", "house", "another record of the child"


@dataclass(frozen=True, slots=True)
class Households:
    """`household`: a number for each record, -1 where its address isn't known or is communal.

    `communal`: how many records are at communal addresses; `by`: how many got their household by which token.
    """

    household: Codes
    communal: int
    by: dict[str, int]


def households(records: Records, person: Codes) -> Households:
    """The household of each record; `person` is the number of its person."""
    period = text_codes(records.about["period"].str[:4].tolist())
    address, by = _address(records)
    address, by = _from_elsewhere(address, by, mix(person + 1, period))
    at_once = mix(address, period)
    crowd = (
        pd.DataFrame({"at": at_once, "person": person})
        .groupby("at")["person"]
        .transform("nunique")
        .to_numpy()
    )
    communal = (address != NONE) & (crowd >= COMMUNAL)
    known = (address != NONE) & ~communal
    rows = np.flatnonzero(known)
    # under one roof in one period, or one person at one address in several
    stays = mix(address[rows], person[rows] + 1)
    left, right = zip(_star(at_once[rows]), _star(stays), strict=True)
    joined = components(len(rows), np.concatenate(left), np.concatenate(right))
    household = np.full(len(records), -1, dtype=np.int64)
    household[rows] = rows[joined]
    return Households(
        household,
        int(communal.sum()),
        {name: int((by[known] == name).sum()) for name in np.unique(by[known])},
    )


def household_ids(records: Records, homes: Households, key: bytes) -> np.ndarray:
    """The household id of each record (`H` and twelve signs), None where it has no household."""
    known = np.flatnonzero(homes.household >= 0)
    ids = np.full(len(records), None, dtype=object)
    if len(known):
        own = hmac.digest(key, b"household", "sha256")  # no person's id and household's id are alike
        ids[known] = name_clusters(records.take(known), homes.household[known], own, letter="H")
    return ids


def _address(records: Records) -> tuple[Codes, np.ndarray]:
    """The code of each record's address, and by which token it is known."""
    bare = records.of(BARE)
    uprn, name = (bare, BARE) if bare.any() else (records.of(SURNAME), SURNAME)
    house = records.of(HOUSE)
    by = np.where(uprn != NONE, name, HOUSE).astype(object)
    # a house number whose records name one UPRN in all periods is that UPRN
    told = pd.DataFrame({"house": house, "uprn": uprn})
    told = told[(told["house"] != NONE) & (told["uprn"] != NONE)].drop_duplicates()
    several = set(told.loc[told["house"].duplicated(keep=False), "house"])
    known = told[~told["house"].isin(several)].sort_values("house")
    through = _looked_up(house, known["house"].to_numpy(), known["uprn"].to_numpy())
    alone = np.where(np.isin(house, list(several)), NONE, house)
    return np.where(uprn != NONE, uprn, np.where(through != NONE, through, alone)), by


def _from_elsewhere(address: Codes, by: np.ndarray, stay: Codes) -> tuple[Codes, np.ndarray]:
    """A record without an address takes the one that another record of its person gives for the period, if it is one only."""
    known = pd.DataFrame({"stay": stay, "address": address})[address != NONE].drop_duplicates()
    only = known[~known["stay"].duplicated(keep=False)].sort_values("stay")
    found = _looked_up(stay, only["stay"].to_numpy(), only["address"].to_numpy())
    taken = (address == NONE) & (found != NONE)
    return np.where(taken, found, address), np.where(taken, ELSEWHERE, by)


def _looked_up(asked: Codes, known: Codes, answer: Codes) -> Codes:
    """For each code asked the answer beside it among `known` (sorted), `NONE` where there is none."""
    if len(known) == 0:
        return np.zeros(len(asked), dtype=np.int64)
    place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[place] == asked, answer[place], NONE)


def _star(codes: Codes) -> tuple[Codes, Codes]:
    """Pairs of each thing with the first of its code."""
    first = pd.Series(np.arange(len(codes))).groupby(codes).transform("min").to_numpy(dtype=np.int64)
    return first, np.arange(len(codes), dtype=np.int64)
