"""Look for identifiers where none should be: in the columns that stay.

A shifted column, a note typed into a code, an export with the wrong header: each would carry a
child's number, address or name out under an innocent title. Every value that stays and is text or a
long number is held against the shapes of a UPN, an NHS number, a postcode and a UPRN: one match
stops the run. Text that isn't a code is held against names as well, those of the batch's own
children and the commonest of the country: one row in a hundred stops it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pseudonymise import standardise
from tre_toolkit.errors import Problem, Where

if TYPE_CHECKING:
    import pyarrow as pa

NAMED = 0.01  # share of rows with a name in them that is no accident
SHORTEST = 4  # letters of a name that is looked for: shorter ones are words and codes
HINT = "drop the column in the project's declaration, or mend the extract"

_COMMON = """
    OLIVER GEORGE HARRY JACK JACOB NOAH CHARLIE MUHAMMAD MOHAMMED THOMAS OSCAR WILLIAM JAMES LEO ALFIE HENRY JOSHUA
    FREDDIE ARCHIE ETHAN ISAAC ALEXANDER JOSEPH EDWARD SAMUEL DANIEL LOGAN THEO LUCAS HARRISON BENJAMIN MATTHEW
    OLIVIA AMELIA ISLA EMILY MIA ISABELLA SOPHIA GRACE LILY FREYA EVIE SOPHIE CHARLOTTE FLORENCE ALICE
    JESSICA WILLOW EMMA HANNAH CHLOE FATIMA AISHA MARYAM ZAINAB LAUREN MEGAN REBECCA SARAH LAURA
    SMITH JONES TAYLOR BROWN WILLIAMS WILSON JOHNSON DAVIES PATEL ROBINSON WRIGHT THOMPSON EVANS WALKER WHITE
    ROBERTS GREEN HALL WOOD JACKSON CLARKE KHAN LEWIS HARRIS CLARK AHMED HUSSAIN SINGH BEGUM COOPER HUGHES EDWARDS
"""
COMMON_NAMES = frozenset(word for word in _COMMON.split() if len(word) >= SHORTEST)


def identifiers(values: pa.Array, where: Where) -> Iterator[Problem]:
    """One problem for each kind of identifier found among `values` (text); never the value itself."""
    import pyarrow as pa
    import pyarrow.compute as pc

    distinct = pc.unique(pc.drop_null(pc.cast(values, pa.string())))
    if not len(distinct):
        return
    upn = standardise.upn_parts(distinct)
    shapes = {
        "a UPN": pc.coalesce(upn["upn"], upn["upn_temp"]),
        "an NHS number": standardise.nhs_parts(distinct)["nhs"],
        "a full postcode": standardise.postcode_parts(distinct)["postcode"],
        "a UPRN": pc.if_else(
            pc.match_substring_regex(distinct, r"^\s*[0-9]{11,12}\s*$"),
            distinct,
            pa.scalar(None, pa.string()),
        ),
    }
    for kind, found in shapes.items():
        count = len(found) - found.null_count
        if count:
            yield Problem(f"what stays of this column looks like {kind}", where, HINT, count=count)


def named(values: pa.Array, known: pa.Array) -> tuple[int, int]:
    """How many of `values` hold one of the names `known` (see `dictionary`), and how many there are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    there = pc.drop_null(pc.cast(values, pa.string()))
    if not len(there):
        return 0, 0
    encoded = pc.dictionary_encode(there)
    words = pc.split_pattern_regex(pc.fill_null(standardise.names(encoded.dictionary), ""), " ")
    hit = pc.is_in(pc.list_flatten(words), known)
    owner = pc.list_parent_indices(words).filter(hit)
    marked = pc.is_in(pa.array(range(len(encoded.dictionary)), owner.type), owner)
    return pc.sum(marked.take(encoded.indices)).as_py() or 0, len(there)


def names(rows: int, of: int, where: Where) -> Iterator[Problem]:
    """A problem when at least one in a hundred of a column's values holds a name: `rows` of the `of` there are."""
    if of and rows >= NAMED * of:
        yield Problem("what stays of this column holds names of people", where, HINT, count=rows)


def dictionary(own: Iterable[str | None]) -> pa.Array:
    """The names that are looked for: the given ones of four letters or more, and the commonest of the country."""
    import pyarrow as pa

    return pa.array(sorted(COMMON_NAMES | {name for name in own if name and len(name) >= SHORTEST}))
