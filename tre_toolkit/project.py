"""The project's declaration, `tre.toml`: what all parties sign before any data moves.

It names the project, its authorities and datasets, the token profile, and every departure from
the catalogue's default fate of a column. All authorities hold the same file: its digest goes into
every parcel, and parcels of different declarations are not linked. Each party signs it with its signer's key; the
signatures stand beside it in `tre.toml.sig`, and none of them holds for a declaration that was altered since.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.files import write_text
from tre_toolkit.signing import Signer, Verifier

Fate = Literal["token", "keep", "month", "year", "shifted", "days", "district", "area", "drop"]
DateFate = Literal["keep", "month", "year", "shifted", "days", "drop"]
NAME = "tre.toml"
SIGNED = "tre-declaration-v1"  # how a line of signatures begins
PURPOSE = "declaration"


class Limits(BaseModel):
    """What the project may at most expose before sealing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    smallest_group: int = 5
    """A row whose coarsened quasi-identifiers are shared by fewer children is counted as exposed."""
    most_exposed: float = Field(default=1.0, ge=0, le=1)
    """Share of a return's children that may be exposed in that sense; above it nothing is sealed (1: only told)."""
    common_tokens: float = Field(default=0.005, ge=0, le=1)
    """Share of a token column's records that may bear a token of ten or more: what a frequency attack can guess."""
    named: float = Field(default=0.01, ge=0, le=1)
    """Share of a token column's records whose name a frequency attack may get right beyond guessing blindly."""
    most_alike: float = Field(default=1.0, ge=0, le=1)
    """Share of a return's children that may stand in a large group with one value only of a sensitive column (1: only told)."""
    birthdays: float = Field(default=0.02, ge=0, le=1)
    """Share of a date column's rows that may stand at one fixed distance from the child's birth date, or on a birthday."""


class Project(BaseModel):
    """A declaration. `fates` maps "dataset.table.column" to a fate that replaces the catalogue's default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{2,40}$")
    title: str
    purpose: str
    authorities: dict[str, str]
    """Three-digit code to name."""
    datasets: tuple[str, ...]
    profile: Literal["strict", "standard", "research"] = "strict"
    packs: tuple[str, ...] = ("ons-srs",)
    """Disclosure rule packs the outputs must pass."""
    fates: dict[str, Fate] = {}
    dates: dict[str, DateFate] = {}
    """Dataset to the fate of its children's event dates that the catalogue would keep whole; `fates` goes before it."""
    anchors: dict[str, str] = {}
    """Dataset to "table.column": the date from which its dates of the fate `days` are counted, a child's earliest."""
    about: tuple[Literal["birth_year", "sex", "ethnicity"], ...] = ("birth_year", "sex", "ethnicity")
    """Coarse columns that go beside the tokens, by which the linkage report breaks its quality down."""
    adoption: Literal["apart", "together"] = "apart"
    """Apart: a child who was adopted gets no token that could lead from the one identity to the other."""
    shift_weeks: int = Field(default=26, ge=1, le=260)
    """Dates of the fate `shifted` move by a whole number of weeks up to this, the same for all dates of a child."""
    limits: Limits = Limits()

    @property
    def digest(self) -> str:
        """SHA-256 of the declaration's meaning: white space and comments don't count."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @classmethod
    def read(cls, path: Path) -> Project:
        """The declaration at `path` (a file, or a folder with a `tre.toml`). Raises TreError when it isn't right."""
        file = path / NAME if path.is_dir() else path
        try:
            return cls.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise TreError(
                "there is no project declaration here",
                where=str(file),
                hint="ask the project for its tre.toml",
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise TreError(f"not TOML: {type(error).__name__}", where=str(file)) from None
        except ValidationError as error:
            found = [
                Problem(f"{'.'.join(map(str, one['loc']))}: {one['msg'].lower()}", Where(str(file)))
                for one in error.errors(include_input=False, include_url=False)
            ]
            raise Problems("the project declaration is not right", found) from None


def signatures_of(path: Path) -> Path:
    """Where the signatures under the declaration at `path` stand."""
    file = path / NAME if path.is_dir() else path
    return file.with_name(f"{file.name}.sig")


def sign(path: Path, signer: Signer) -> Path:
    """Sign the declaration at `path` as it stands; signatures under another version of it go. Gives back their file.

    A line each: the form, the declaration's digest, the signer's public key, the signature in hex.
    """
    digest, file = Project.read(path).digest, signatures_of(path)
    public = str(signer.verifier).split()[1]
    kept = [line for line in _lines(file) if line[1] == digest and line[2] != public]
    signature = signer.sign(digest.encode(), purpose=PURPOSE).hex()
    text = "".join(" ".join(line) + "\n" for line in [*kept, [SIGNED, digest, public, signature]])
    return write_text(file, text, replace=True)


def check_signed(path: Path, trusted: Sequence[Verifier]) -> None:
    """Raise Problems unless every one of `trusted` signed the declaration at `path` as it stands."""
    digest, file = Project.read(path).digest, signatures_of(path)
    lines = _lines(file)
    problems = []
    for verifier in trusted:
        public = str(verifier).split()[1]
        theirs = [line for line in lines if line[2] == public]
        if any(line[1] == digest and _holds(verifier, digest, line[3]) for line in theirs):
            continue
        what = (
            f"the declaration was altered since {verifier.fingerprint} signed it"
            if theirs
            else f"{verifier.fingerprint} hasn't signed the declaration"
        )
        hint = "agree it anew: every party reads it and signs it with `tre project sign`"
        problems.append(Problem(what, Where(str(file)), hint))
    if problems:
        raise Problems("the declaration isn't the one that was agreed", problems)


def _holds(verifier: Verifier, digest: str, signature: str) -> bool:
    try:
        return verifier.verify(bytes.fromhex(signature), digest.encode(), purpose=PURPOSE)
    except ValueError:
        return False


def _lines(file: Path) -> list[list[str]]:
    """The whole lines of a file of signatures; none when there is no such file."""
    try:
        found = [line.split() for line in file.read_text(encoding="ascii", errors="replace").splitlines()]
    except FileNotFoundError:
        return []
    return [line for line in found if len(line) == 4 and line[0] == SIGNED]
