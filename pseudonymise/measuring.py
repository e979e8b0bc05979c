"""What an attacker could learn from the tokens of a return: every column measured, side by side where processes allow.

Only the heads of tokens are looked at (see `making`), a piece of a column at a time.
"""

from __future__ import annotations

from functools import partial

from pseudonymise import attack, exposure
from pseudonymise.making import Recipe, Tokens
from pseudonymise.profiles import Column
from pseudonymise.workers import side_by_side

SMALL = 1 << 16  # records whose columns are measured sooner than a process is begun


def measured(
    place: str, recipe: Recipe, tokens: Tokens, names: attack.Names, *, jobs: int = 1
) -> tuple[list[exposure.TokenExposure], list[attack.NameExposure]]:
    """How common the tokens of each column are, and what lists of names give away of each in which a name stands."""
    columns = [column for column in recipe.columns if column.name in tokens.heads]
    known = {part: names.told_apart(part, recipe.naming) for part in tokens.names}

    def one(number: int) -> tuple[exposure.TokenExposure, attack.NameExposure | None]:
        column = columns[number]
        heads = (heads for heads, _ in tokens.heads_of(column.name))
        return exposure.of_tokens(place, column.name, heads), _named(place, column, tokens, known)

    told = list(side_by_side(one, len(columns), jobs if tokens.records > SMALL else 1))
    return [common for common, _ in told], [named for _, named in told if named]


def _named(
    place: str, column: Column, tokens: Tokens, known: dict[str, attack.Listed | None]
) -> attack.NameExposure | None:
    part = attack.name_part(column)
    if part is None:
        return None
    return attack.of_names(place, column, partial(tokens.heads_of, column.name, part), known[part])
