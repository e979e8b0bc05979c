"""`tre doctor`: what is installed here, what is missing and how to get it, and whether what is here does its work.

Which libraries there are and which extra brings each is read from the package's own metadata, so this page of
the truth can't drift from `pyproject.toml`.
"""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Annotated

import typer

from tre_toolkit import __version__, console
from tre_toolkit.errors import FINDINGS

PACKAGE = "tre-toolkit"
FOR_WORK = ("tre", "splink", "sdv", "dp", "spark", "postgres")  # the others are for who changes the code
USE = {
    "base": "validate, plan, pseudonymise: everything in an authority",
    "tre": "link, recipe, check, protect, gate, synth: everything inside the TRE",
    "splink": "the second linkage engine",
    "sdv": "synthetic data fitted to real data (source-available, BUSL-1.1)",
    "dp": "synthetic data with a privacy budget",
    "spark": "workspaces beyond one machine",
    "postgres": "a gate on PostgreSQL",
}
REQUIREMENT = re.compile(r"^([\w.-]+)(?:\[[^]]*\])?\s*([^;]*?)\s*(?:;.*extra == ['\"](\w+)['\"].*)?$")
TOO_OLD, MISSING, FINE = "too old or too new", "missing", "there"


@dataclass(frozen=True, slots=True)
class Library:
    """One library of an extra, and what stands of it here."""

    extra: str
    name: str
    wanted: str
    found: str | None

    @property
    def state(self) -> str:
        if self.found is None:
            return MISSING
        return FINE if _within(self.found, self.wanted) else TOO_OLD


def libraries() -> list[Library]:
    """Every library that the package names, the base's first, with the version found."""
    found = []
    for line in requires(PACKAGE) or []:
        parts = REQUIREMENT.match(line)
        if parts and parts[1] != PACKAGE and (parts[3] in (None, *FOR_WORK)):
            found.append(Library(parts[3] or "base", parts[1], parts[2], _version(parts[1])))
    return sorted(
        found,
        key=lambda one: (one.extra != "base", FOR_WORK.index(one.extra) if one.extra in FOR_WORK else -1),
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _within(found: str, wanted: str) -> bool:
    """Whether a version keeps `>=a,<b`: compared by numbers, which is all our own bounds hold."""
    ours = _numbers(found)
    for clause in filter(None, wanted.split(",")):
        parts = re.match(r"\s*(>=|<|==)\s*([\d.]+)", clause)
        if parts is None:
            continue
        bound = _numbers(parts[2])
        size = max(len(ours), len(bound))
        mine, theirs = (tuple((*one, *[0] * size)[:size]) for one in (ours, bound))
        if not {">=": mine >= theirs, "<": mine < theirs, "==": mine == theirs}[parts[1]]:
            return False
    return True


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.split("+")[0])[:4])


def extras(found: list[Library]) -> Iterator[tuple[str, str, str]]:
    """Each extra, what stands of it, and how to get the rest."""
    for extra in dict.fromkeys(one.extra for one in found):
        bad = [one.name for one in found if one.extra == extra and one.state != FINE]
        wanted = PACKAGE if extra == "base" else f"'{PACKAGE}[{extra}]'"
        yield (
            extra,
            "complete" if not bad else f"wants {', '.join(bad)}",
            f"pip install {wanted}" if bad else "",
        )


def machine(found: list[Library]) -> dict[str, str]:
    """What isn't a library: the interpreter, the engine's switch, completion, and what a gate may use."""
    facts = {
        "tre-toolkit": __version__,
        "Python": f"{platform.python_version()} ({sys.executable})",
        "words": "UTF-8"
        if sys.getfilesystemencoding().lower() == "utf-8"
        else f"{sys.getfilesystemencoding()}: names of files may not be read; set PYTHONUTF8=1",
        "engine": engine(),
        "completion": "on" if _completes() else "off: tre --install-completion",
    }
    if any(one.name.lower() == "django" and one.found for one in found):
        facts["browser"] = (
            _where("chromium", "chromium-browser", "google-chrome")
            or "none: the gate's pages need one; only the tests need it here"
        )
        facts["PostgreSQL"] = (
            _where("postgres", "initdb", *_debian())
            or "none here: a gate keeps itself in SQLite, or names a server"
        )
    return facts


def engine() -> str:
    """Whether the engine is there, with the optimiser off that loses rows in DuckDB 2.0."""
    from tre_toolkit.engine import Engine

    try:
        with Engine() as duck:
            off = str(duck.rows("SELECT current_setting('disabled_optimizers') AS off").at[0, "off"])
    except ModuleNotFoundError:
        return "missing: pip install tre-toolkit"
    return f"DuckDB {_version('duckdb')}, " + (
        "common_subplan is off, as it must be"
        if "common_subplan" in off
        else "BROKEN: common_subplan is on and may lose rows"
    )


def _completes() -> bool:
    home = Path.home()
    return any(
        (home / place).exists()
        for place in (".bash_completions/tre.sh", ".zfunc/_tre", ".config/fish/completions/tre.fish")
    )


def _where(*names: str) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


def _debian() -> list[str]:
    return [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The answer as one JSON value.")] = False,
) -> None:
    """Say what is installed here, what is missing and how to get it.

    Missing extras are no fault: install what your work needs. The exit status is 1 when something that every command
    needs is missing, of the wrong version or broken.

    Example: `tre doctor`
    """
    found = libraries()
    facts, told = machine(found), list(extras(found))
    well = (
        all(one.state == FINE for one in found if one.extra == "base")
        and "common_subplan is off" in facts["engine"]
    )
    if as_json:
        listed = [
            {
                "extra": one.extra,
                "name": one.name,
                "wanted": one.wanted,
                "found": one.found,
                "state": one.state,
            }
            for one in found
        ]
        console.answer_json({"well": well, "machine": facts, "libraries": listed})
    else:
        console.answer(console.lines_of(facts))
        console.answer_table(
            ["extra", "state", "what it is for", "how to get it"],
            [[extra, state, USE[extra], how] for extra, state, how in told],
        )
        wrong = [one for one in found if one.state == TOO_OLD]
        for one in wrong:
            console.answer(f"{one.name} {one.found} is here, {one.wanted} is wanted")
        console.answer(
            "all that the authority's commands need is here"
            if well
            else "something that every command needs is missing or broken"
        )
    if not well:
        raise typer.Exit(FINDINGS)
