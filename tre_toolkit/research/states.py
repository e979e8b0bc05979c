"""The states of a pathway as data: which rows of which return put a child into which state.

`states.toml` beside this file is the toolkit's reading of the statutory returns; a study with its own
reading passes the path of its own file.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tre_toolkit.errors import Problem, Problems, TreError, Where

STATES = Path(__file__).with_name("states.toml")
NONE = "none"  # the state of a child who is in no other


class Source(BaseModel):
    """Rows of one table that put a child into a state."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    table: str
    start: str
    end: str | None = None
    """None for what happens on one day (an offence, an exclusion)."""
    key: tuple[str, ...] = Field(min_length=1)
    unless: dict[str, tuple[str, ...]] = {}
    one_day: dict[str, tuple[str, ...]] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the source needs."""
        named = [self.start, *([self.end] if self.end else []), *self.key, *self.unless, *self.one_day]
        return tuple(dict.fromkeys(named))


class State(BaseModel):
    """One state, with its label, its colour in figures and the rows it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")
    source: tuple[Source, ...] = Field(min_length=1)


@cache
def states(path: Path = STATES) -> dict[str, State]:
    """The states by name, highest precedence first. Raises TreError when the file isn't right."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8")).get("state", [])
        known = [State.model_validate(one) for one in raw]
    except FileNotFoundError:
        raise TreError("there is no file of states here", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TreError(f"not TOML: {type(error).__name__}", where=str(path)) from None
    except ValidationError as error:
        found = [
            Problem(f"{'.'.join(map(str, one['loc']))}: {one['msg'].lower()}", Where(str(path)))
            for one in error.errors(include_input=False, include_url=False)
        ]
        raise Problems("the states are not right", found) from None
    named = {state.name: state for state in known}
    if len(named) != len(known) or NONE in named:
        raise TreError(f"a state's name stands twice, or is {NONE!r}", where=str(path))
    return named


def ordered(names: tuple[str, ...], path: Path = STATES) -> list[State]:
    """The named states in the order given. Raises TreError for a name that isn't a state."""
    known = states(path)
    unknown = [name for name in names if name not in known]
    if unknown or len(set(names)) != len(names):
        what = f"not a state: {', '.join(unknown)}" if unknown else "a state stands twice in the order"
        raise TreError(what, hint=f"the states are {', '.join(known)}")
    if not names:
        raise TreError("an order of no states", hint=f"the states are {', '.join(known)}")
    return [known[name] for name in names]
