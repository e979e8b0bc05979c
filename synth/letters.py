"""Errors of writing on whole columns of words: typing slips, lost accents, broken dates and numbers."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synth.draw import Draws, Index
from synth.ids import UPN_LETTERS, upn_text

Words = NDArray[np.object_]
WIDTH = 40
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def typo(draws: Draws, stream: str, who: Index, words: Words) -> Words:
    """One slip a word: a letter lost, doubled, replaced, or changed over with its neighbour."""
    codes = words.astype(f"U{WIDTH}").view(np.uint32).reshape(len(words), WIDTH) if len(words) else None
    if codes is None:
        return words
    length = (codes > 0).sum(axis=1)
    place = np.minimum((draws.uniform(stream, who, 1) * length).astype(np.int64), np.maximum(length - 1, 0))
    slip = draws.pick(stream, who, [1, 1, 1, 1], 2)
    steps = np.tile(np.arange(WIDTH), (len(words), 1))
    at = place[:, None]
    take = np.where((slip == 0)[:, None] & (steps >= at), np.minimum(steps + 1, WIDTH - 1), steps)
    take = np.where((slip == 1)[:, None] & (steps > at), steps - 1, take)
    over = (slip == 3) & (place + 1 < length)
    take = np.where(over[:, None] & (steps == at), steps + 1, take)
    take = np.where(over[:, None] & (steps == at + 1), steps - 1, take)
    made = np.take_along_axis(codes, take, axis=1)
    letter = ord("a") + draws.between(stream, who, 0, 25, 3)
    replaced = (slip == 2)[:, None] & (steps == at)
    made = np.where(replaced, letter[:, None], made).astype(np.uint32)
    text = np.ascontiguousarray(made).view(f"U{WIDTH}").ravel().astype(object)
    return np.where(length > 1, text, words)


def plain(words: Words) -> Words:
    """Without accents, as many systems keep names: Łukasz becomes Lukasz."""
    return np.array([_plain(word) for word in words.tolist()], dtype=object)


@cache
def _plain(word: str) -> str:
    bare = "".join(one for one in unicodedata.normalize("NFKD", word) if not unicodedata.combining(one))
    return bare.translate(str.maketrans("łŁøØđĐəƏıİ", "lLoOdDeEiI"))


def split_dates(words: Words, style: str) -> NDArray[Any]:
    """Year, month and day of each word, by the style's own places."""
    import pandas as pd

    days = pd.to_datetime(pd.Series(words, dtype="str"), format=style, errors="coerce")
    return np.column_stack([days.dt.year.fillna(0), days.dt.month.fillna(0), days.dt.day.fillna(0)]).astype(
        np.int64
    )


def join_dates(parts: NDArray[Any], words: Words, style: str) -> Words:
    """The words with these years, months and days, where they make a date; as they were elsewhere."""
    import pandas as pd

    table = pd.DataFrame(parts, columns=["year", "month", "day"])
    days = pd.to_datetime(table, errors="coerce")
    made = days.dt.strftime(style).to_numpy(dtype=object)
    return np.where(days.notna().to_numpy(), made, words)


def temporary_upns(draws: Draws, stream: str, who: Index, words: Words) -> Words:
    """Another number of the same school and year, ending in a letter, with its right check letter."""
    body = words.astype("S13").view(np.uint8).reshape(len(words), 13)[:, 1:].copy() if len(words) else None
    if body is None:
        return words
    alphabet = np.frombuffer(UPN_LETTERS.encode(), dtype=np.uint8)
    for at in (9, 10):
        body[:, at] = ord("0") + draws.between(stream, who, 0, 9, at)
    body[:, 11] = alphabet[draws.between(stream, who, 0, len(alphabet) - 1, 11)]
    full = np.array([len(word) == 13 for word in words.tolist()], dtype=bool)
    return np.where(full, upn_text(body).astype(str).astype(object), words)


def wrong_digit(draws: Draws, stream: str, who: Index, words: Words) -> Words:
    """One of the last four digits another one: the check letter finds it."""
    if not len(words):
        return words
    body = words.astype("S13").view(np.uint8).reshape(len(words), 13).copy()
    at = 9 + draws.between(stream, who, 0, 3)
    rows = np.arange(len(words))
    digit = body[rows, at]
    isdigit = (digit >= ord("0")) & (digit <= ord("9"))
    body[rows, at] = np.where(
        isdigit, ord("0") + (digit - ord("0") + draws.between(stream, who, 1, 9, 1)) % 10, digit
    )
    full = np.array([len(word) == 13 for word in words.tolist()], dtype=bool)
    made = np.ascontiguousarray(body).view("S13").ravel().astype(str).astype(object)
    return np.where(full & isdigit, made, words)
