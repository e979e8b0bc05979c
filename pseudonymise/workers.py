"""Work side by side in forked processes, in order, with little of it in hand at a time.

Forked, because a child process then has the keys without anyone sending them: nothing secret passes
through a pipe, a file or a command line.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.pool
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
AHEAD = 2  # pieces in hand for each process

_work: Callable[[int], Any] | None = None  # set just before forking, so that the children inherit it


def side_by_side(work: Callable[[int], T], pieces: int, jobs: int) -> Iterator[T]:
    """`work(0)`, `work(1)` … in order; with several `jobs` in that many processes."""
    if jobs <= 1 or pieces <= 1:
        yield from map(work, range(pieces))
        return
    global _work  # the one way to hand a closure with keys to a forked child
    _work = work
    try:
        with _pool(min(jobs, pieces)) as pool:
            _work = None
            waiting = [pool.apply_async(_do, (number,)) for number in range(min(pieces, jobs * AHEAD))]
            for number in range(pieces):
                yield waiting.pop(0).get()
                following = number + jobs * AHEAD
                if following < pieces:
                    waiting.append(pool.apply_async(_do, (following,)))
    finally:
        _work = None


def _pool(processes: int) -> multiprocessing.pool.Pool:
    with warnings.catch_warnings():
        # Python 3.12 warns of forking beside threads: Arrow's own are idle here, and the children start none
        warnings.simplefilter("ignore", DeprecationWarning)
        return multiprocessing.get_context("fork").Pool(processes)


def _do(number: int) -> Any:
    if _work is None:
        raise RuntimeError("no work was inherited")
    return _work(number)
