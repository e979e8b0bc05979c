"""From the cells of some records to the parts their tokens are made of: which rule cleans what.

A rule sees values one by one, so it makes no difference how many records are cleaned together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pseudonymise import births, standardise

if TYPE_CHECKING:
    import pyarrow as pa

# domains whose rule needs nothing but the column
RULES: dict[str, Callable[[pa.Array], dict[str, pa.Array]]] = {
    "upn": standardise.upn_parts,
    "former_upn": lambda cells: {"former_upn": standardise.upn_parts(cells)["upn"]},
    "surname": standardise.surname_parts,
    "sex": standardise.sex,
    "postcode": standardise.postcode_parts,
    "uprn": standardise.uprn,
    "nhs": standardise.nhs_parts,
    "uln": standardise.uln,
    **births.RULES,
}


def clean(raw: Mapping[str, pa.Array], *, year: int, numberings: Mapping[str, str]) -> dict[str, pa.Array]:
    """The parts of some records, null where nothing usable stands.

    `raw` maps a domain of the catalogue to its cells (text, a birth date as date32), a value a record; `year` is the
    return's; `numberings` names, for each domain that holds a number of somebody's, what tells it apart from the same
    digits elsewhere.
    """
    parts: dict[str, pa.Array] = {}
    for domain, rule in RULES.items():
        if domain in raw:
            parts |= rule(raw[domain])
    if "given" in raw:
        parts |= standardise.given_parts(raw["given"], *([raw["middle"]] if "middle" in raw else []))
    if {"given", "surname"} <= set(parts):
        parts["names_sorted"] = standardise.names_sorted(parts["given"], parts["surname"])
    if "birth_date" in raw:
        parts |= standardise.birth_parts(raw["birth_date"], year=year)
    for word, numbering in numberings.items():
        parts[word] = standardise.local_ids(raw[word], numbering)
    return parts
