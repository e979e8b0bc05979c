"""Look for identifiers where none should be: in the columns that stay.

A shifted column, a note typed into a code, an export with the wrong header: each would carry a
child's number or address out under an innocent name. Every value that stays and is text or a long
number is held against the shapes of a UPN, an NHS number, a postcode and a UPRN; one match stops the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pseudonymise import standardise
from tre_toolkit.errors import Problem, Where

if TYPE_CHECKING:
    import pyarrow as pa


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
            yield Problem(
                f"what stays of this column looks like {kind}",
                where,
                "drop the column in the project's declaration, or mend the extract",
                count=count,
            )
