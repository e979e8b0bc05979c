"""Identifiers that are right in form and belong to nobody.

* UPN: authority number 999, which no authority has; the check letter is right.
* NHS number: the 999 block, set aside for test patients; then the rest of the 9-series.
* Postcode: outward codes QZ1 to QZ9, which the format rules make impossible.
* Local id: `SYN` and digits.

Where each range is documented and how sure that is: docs/explanation/synthetic-marks.md.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from synth.draw import Index, feistel
from tre_toolkit.errors import TreError

UPN_AUTHORITY = "999"
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
UPN_CAPACITY = 10**9
DFE_TEST_SCHOOL = 1999  # establishment of the DfE's own published test pupils: left out
NHS_EXCLUDED = ("9999999999", "9990548609")  # typed for 'missing'; a published production test patient
NHS_BLOCK = 10**6  # numbers 999 000 000x to 999 999 999x, before the check digit
POSTCODES = 36_000
INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
LOCAL_CAPACITY = 10**8

Text = NDArray[np.bytes_]  # fixed-width ASCII


def upns(counters: Index, *, key: int) -> Text:
    """Permanent UPNs of authority 999, unique for counters below 10**9."""
    _check_room(counters, UPN_CAPACITY, "UPNs")
    body = feistel(counters, size=UPN_CAPACITY, key=key)
    while (test := body // np.uint64(10**5) == np.uint64(DFE_TEST_SCHOOL)).any():
        body[test] = feistel(body[test], size=UPN_CAPACITY, key=key)
    letters = np.frombuffer(UPN_LETTERS.encode(), dtype=np.uint8)
    made = np.empty((len(counters), 13), dtype=np.uint8)
    made[:, 0] = letters[_upn_check(body)]
    made[:, 1:4] = np.frombuffer(UPN_AUTHORITY.encode(), dtype=np.uint8)
    made[:, 4:] = _digits(body, 9)
    return _text(made)


def _upn_check(body: Index) -> NDArray[np.int64]:
    """Which check letter follows from nine digits behind the authority's number: characters 2 to 13 weigh 2 to 13."""
    total = np.full(
        len(body), sum(int(one) * (2 + at) for at, one in enumerate(UPN_AUTHORITY)), dtype=np.int64
    )
    rest = body
    for last in (13, 9, 5):
        left = rest // np.uint64(10_000)
        total += _weighed(last)[(rest - left * np.uint64(10_000)).astype(np.int64)]
        rest = left
    return total % 23


@cache
def _weighed(last: int) -> NDArray[np.int64]:
    """For every four digits their sum, the last one weighing `last`, the others one less each."""
    places: NDArray[np.int64] = np.arange(10_000)[:, None] // np.array([1000, 100, 10, 1]) % 10
    return places @ np.arange(last - 3, last + 1)


def upn_text(characters: NDArray[np.uint8]) -> Text:
    """UPNs from their characters 2 to 13 (n by 12 bytes), the check letter put in front."""
    letters = np.frombuffer(UPN_LETTERS.encode(), dtype=np.uint8)
    worth = np.zeros(256, dtype=np.float32)  # sums stay below 4,000: exact, and quicker than whole numbers
    worth[letters] = np.arange(len(letters))
    worth[ord("0") : ord("9") + 1] = np.arange(10)
    check = letters[(worth[characters] @ np.arange(2, 14, dtype=np.float32)).astype(np.int64) % 23]
    return _text(np.hstack([check[:, None], characters]))


def nhs_numbers(counters: Index, *, key: int) -> Text:
    """NHS numbers of the 999 block, in the rest of the 9-series when the block runs out."""
    block = _valid_nhs(counters, size=NHS_BLOCK, first=999_000_000, key=key)
    return block


def _valid_nhs(counters: Index, *, size: int, first: int, key: int) -> Text:
    _check_room(counters, 909_089, "NHS numbers of the 999 block")
    # rank -> nine digits whose check digit exists: the usable ones are counted once, 1,000,000 at most
    everyone = np.arange(size, dtype=np.int64) + first
    check = _nhs_check(everyone)
    usable = everyone[check < 10]
    usable = usable[~np.isin(usable, [int(number[:9]) for number in NHS_EXCLUDED])]
    chosen = usable[feistel(counters, size=len(usable), key=key).astype(np.int64)]
    digits = _digits(chosen.astype(np.uint64), 9)
    last = (_nhs_check(chosen) + ord("0")).astype(np.uint8)[:, None]
    return _text(np.hstack([digits, last]))


def _nhs_check(nine: NDArray[np.int64]) -> NDArray[np.int64]:
    places = nine[:, None] // 10 ** np.arange(8, -1, -1) % 10
    check = 11 - (places * np.arange(10, 1, -1)).sum(axis=1) % 11
    return np.where(check == 11, 0, check)


def postcodes(places: Index) -> Text:
    """Postcodes of the impossible districts QZ1 to QZ9; `places` is taken modulo 36,000."""
    place = (places % np.uint64(POSTCODES)).astype(np.int64)
    district, sector, unit = place // 4000, place // 400 % 10, place % 400
    letters = np.frombuffer(INWARD_LETTERS.encode(), dtype=np.uint8)
    made = np.empty((len(place), 7), dtype=np.uint8)
    made[:, :2] = np.frombuffer(b"QZ", dtype=np.uint8)
    made[:, 2] = ord("1") + district
    made[:, 3] = ord(" ")
    made[:, 4] = ord("0") + sector
    made[:, 5], made[:, 6] = letters[unit // 20], letters[unit % 20]
    return _text(made)


def local_ids(counters: Index, *, key: int) -> Text:
    """An authority's own numbers of children: SYN and eight digits, in no order."""
    _check_room(counters, LOCAL_CAPACITY, "local ids")
    digits = _digits(feistel(counters, size=LOCAL_CAPACITY, key=key), 8)
    return _text(np.hstack([np.tile(np.frombuffer(b"SYN", dtype=np.uint8), (len(counters), 1)), digits]))


def numbered(prefix: str, numbers: Index, width: int) -> Text:
    """`prefix` and a number of fixed width."""
    front = np.tile(np.frombuffer(prefix.encode(), dtype=np.uint8), (len(numbers), 1))
    return _text(np.hstack([front, _digits(numbers, width)]))


def _digits(numbers: Index, width: int) -> NDArray[np.uint8]:
    """Decimal digits as bytes, four at a time from a table."""
    groups, rest = [], numbers
    for _ in range(-(-width // 4)):
        left = rest // np.uint64(10_000)
        four = _fours()[(rest - left * np.uint64(10_000)).astype(np.int64)]
        groups.append(four.view(np.uint8).reshape(-1, 4))
        rest = left
    digits: NDArray[np.uint8] = np.hstack(groups[::-1])[:, -width:]
    return digits


@cache
def _fours() -> NDArray[np.uint32]:
    """The four bytes of every number below 10,000, in one word each."""
    numbers = np.arange(10_000)[:, None] // np.array([1000, 100, 10, 1]) % 10
    digits = (numbers + ord("0")).astype(np.uint8)
    return np.ascontiguousarray(digits).view(np.uint32).ravel()


def _text(characters: NDArray[np.uint8]) -> Text:
    width = characters.shape[1]
    return np.ascontiguousarray(characters).view(f"S{width}").ravel()


def _check_room(counters: Index, capacity: int, what: str) -> None:
    if len(counters) and int(counters.max()) >= capacity:
        raise TreError(f"more children than there are synthetic {what} ({capacity:,})", hint="ask for fewer")
