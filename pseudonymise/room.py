"""How much memory a run takes at least, and what it keeps in memory of what is allowed beyond that.

The rows of the returns, the cells of the children, their tokens and what stays of each table wait in files without a
name (see `spill` and the reader's spool). What is left are numbers: who a row is about, in which order rows leave.
So a run's need can be told from the numbers of rows as soon as the returns are read, before anything is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pseudonymise import rows
from pseudonymise.planning import person_tables
from tre_toolkit.errors import MisuseError
from tre_toolkit.keyfile import STANDARD
from tre_toolkit.returns.room import bytes_of

if TYPE_CHECKING:
    from tre_toolkit.returns import Return

FIXED = (
    600 * 2**20
)  # Python and its libraries, the opening of a key (Argon2id), a chunk of rows, a stretch of children
OPENING = (
    100 * 2**20
)  # what is there when a key is opened, beside what its Argon2id fills (43 MiB measured): 256 MiB, of a --strong one 1 GiB
WORKER = 150 * 2**20  # a process of its own that makes tokens
ROW = 32  # bytes: whose a row is, its new number and its place; the largest table is held, the others' owners
CHILD = 160  # bytes: order, number, birth date, shift, and one column of cells at a time
SHARE = 32  # of what is allowed, this part is kept before files are begun


def held(memory: str | None) -> int | None:
    """Bytes that the rows of each return, and what is made of all, keep in memory before files are begun; None for no limit."""
    return None if memory is None else bytes_of(memory) // SHARE


def check_opening(memory: str | None, keys: Mapping[Path, int]) -> None:
    """Raise MisuseError when a key file can't be opened within `memory` ("1GB"). `keys`: file to the bytes its opening fills."""
    if memory is None:
        return
    largest = max(keys, key=lambda path: keys[path])
    needed = OPENING + keys[largest]
    if needed > bytes_of(memory):
        raise MisuseError(
            f"opening this key file takes {_told(needed)}, before a return is read",
            where=str(largest),
            hint=f"--memory {_told(needed, '')}"
            + ("; a key made without --strong takes less" if keys[largest] > STANDARD.memory * 1024 else ""),
        )


def check(memory: str | None, returns: Iterable[Return], *, jobs: int) -> None:
    """Raise MisuseError when a run of these returns needs more than `memory` ("1GB"); nothing has been made then."""
    if memory is None:
        return
    read = list(returns)
    needed = FIXED + jobs * WORKER * (jobs > 1) + len(read) * bytes_of(memory) // SHARE
    needed += max((_of(return_) for return_ in read), default=0)
    if needed > bytes_of(memory):
        raise MisuseError(
            f"these returns need {_told(needed)} at least",
            hint=f"--memory {_told(needed, '')}, or fewer --jobs",
        )


def _told(needed: int, between: str = " ") -> str:
    """An amount in whole hundreds of megabytes, rounded up, as it can be typed when nothing stands between."""
    told = -(-needed // 10**8) * 100
    return f"{told:,}{between}MB" if between else f"{told}MB"


def _of(return_: Return) -> int:
    """What the numbers of one return's rows and children take, which are forgotten before the next."""
    counts = {
        table.name: rows.count(return_, table.name)
        for table in return_.schema.tables
        if table.name in return_.tables
    }
    named = [table.name for table in person_tables(return_.schema)]
    children = max((counts.get(name, 0) for name in named), default=0)
    return ROW * sum(counts.values()) + CHILD * children
