"""Recipes of a session: what it made from a table it opened is made again by the checker's side, or from a shell.

A recipe names what is made, the table, and columns and settings by name; `MAKERS` says for each kind which names it
has and how the session is called. It stands in an output's evidence, or in a TOML file that `tre tabulate` runs.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from disclosure import evidence as evidences
from disclosure.atomic import write_bytes
from disclosure.evidence import KIND
from disclosure.sessions.sources import column_of, formula_columns, open_table, plain_formula
from tre_toolkit.errors import MisuseError, TreError

if TYPE_CHECKING:
    from disclosure.sessions.output import Output
    from disclosure.sessions.session import Session

AGAIN = "again"
MOST_BINS = 1_000
Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Maker:
    """One kind of figure: its arguments that name columns (one, or a list), its settings, and the call."""

    call: Callable[[Session, pd.DataFrame, Told], Any]
    columns: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


def _col(frame: pd.DataFrame, told: Told, name: str) -> pd.Series | None:
    return None if told.get(name) is None else frame[str(told[name])]


def _cols(frame: pd.DataFrame, told: Told, name: str) -> list[pd.Series]:
    return [frame[column] for column in told[name]]


def _some(told: Told, *names: str) -> dict[str, Any]:
    return {name: told[name] for name in names if name in told}


def _crosstab(s: Session, frame: pd.DataFrame, told: Told) -> None:
    s.crosstab(
        _cols(frame, told, "rows"), _cols(frame, told, "columns"), _col(frame, told, "values"),
        aggfunc=told.get("measure"), weights=_col(frame, told, "weights"),
        structural_zeros=[tuple(pair) for pair in told.get("structural_zeros", ())],
        name=AGAIN, **_some(told, "margins", "normalize"),
    )  # fmt: skip


def _pivot(s: Session, frame: pd.DataFrame, told: Told) -> None:
    s.pivot_table(
        frame, told["values"], list(told["rows"]), list(told["columns"]) if told.get("columns") else None,
        aggfunc=told.get("measure", "mean"), name=AGAIN, **_some(told, "margins", "q"),
    )  # fmt: skip


def _groups(s: Session, frame: pd.DataFrame, told: Told) -> None:
    s.groupby(frame, list(told["rows"])).size(name=AGAIN)


def _model(kind: str) -> Callable[[Session, pd.DataFrame, Told], None]:
    def fit(s: Session, frame: pd.DataFrame, told: Told) -> None:
        more = {"status": frame[told["status"]]} if kind == "phreg" else {}
        getattr(s, kind)(told["formula"], frame, name=AGAIN, **more)

    return fit


MAKERS: Mapping[str, Maker] = {
    "crosstab": Maker(
        _crosstab, optional=("values", "weights"), lists=("rows", "columns"),
        settings=("measure", "margins", "normalize", "structural_zeros"),
    ),
    "pivot_table": Maker(
        _pivot, columns=("values",), lists=("rows", "columns"), settings=("measure", "margins", "q")
    ),
    "groups": Maker(_groups, lists=("rows",)),
    "hist": Maker(
        lambda s, f, t: s.hist(f[t["values"]], t.get("bins", 10), by=_col(f, t, "by"), name=AGAIN),
        columns=("values",), optional=("by",), settings=("bins",),
    ),
    "bar": Maker(lambda s, f, t: s.bar(f[t["values"]], name=AGAIN), columns=("values",)),
    "scatter": Maker(
        lambda s, f, t: s.scatter(f[t["x"]], f[t["y"]], name=AGAIN, **_some(t, "bins")),
        columns=("x", "y"), settings=("bins",),
    ),
    "box": Maker(
        lambda s, f, t: s.box(f[t["values"]], by=_col(f, t, "by"), name=AGAIN, **_some(t, "whiskers")),
        columns=("values",), optional=("by",), settings=("whiskers",),
    ),
    "kaplan_meier": Maker(
        lambda s, f, t: s.kaplan_meier(
            f[t["durations"]], f[t["event"]], _col(f, t, "by"), name=AGAIN, **_some(t, "merge")
        ),
        columns=("durations", "event"), optional=("by",), settings=("merge",),
    ),
    "cumulative_incidence": Maker(
        lambda s, f, t: s.cumulative_incidence(
            f[t["durations"]], f[t["event"]], _col(f, t, "by"), name=AGAIN, **_some(t, "merge")
        ),
        columns=("durations", "event"), optional=("by",), settings=("merge",),
    ),
    **{kind: Maker(_model(kind), settings=("formula",)) for kind in ("ols", "logit", "probit", "poisson")},
    "phreg": Maker(_model("phreg"), columns=("status",), settings=("formula",)),
    "correlation": Maker(
        lambda s, f, t: s.correlation(f[list(t["columns"])], name=AGAIN), lists=("columns",)
    ),
    "gini": Maker(lambda s, f, t: s.gini(f[t["values"]], name=AGAIN), columns=("values",)),
    "odds_ratio": Maker(
        lambda s, f, t: s.odds_ratio(f[t["exposed"]], f[t["happened"]], name=AGAIN),
        columns=("exposed", "happened"),
    ),
}  # fmt: skip
_HEAD = frozenset(["kind", "dataset_digest", "table", "where", "bands", "unit", "made", "packs"])
# what a setting must be, so that a recipe somebody wrote is refused by name
_SETTINGS: Mapping[str, Callable[[Any], bool]] = {
    "measure": lambda given: isinstance(given, str),
    "margins": lambda given: isinstance(given, bool),
    "normalize": lambda given: isinstance(given, bool) or given in ("all", "index", "columns"),
    "structural_zeros": lambda given: all(len(pair) == 2 for pair in given),
    "q": lambda given: 0 <= float(given) <= 1,
    "bins": lambda given: 0 < (given if isinstance(given, int) else len(list(map(float, given)))) <= MOST_BINS,
    "whiskers": lambda given: len(given) == 2 and all(0 <= share <= 1 for share in given),
    "merge": lambda given: isinstance(given, bool),
    "formula": lambda given: plain_formula(given) is None,
}  # fmt: skip


def is_session_recipe(path: Path) -> bool:
    """Whether a file is a session's recipe: evidence that holds one, or a TOML file that is one."""
    try:
        return _told(path).get("kind") == KIND
    except TreError:
        return False


def derive(path: Path, workspace: Path, into: Path, *, memory: str | None = None) -> Path:
    """Make what a recipe says over a workspace, and write it with its evidence.

    With `memory` ("2GB") a table that wouldn't fit is refused. Raises TreError when the workspace is another one, or
    the recipe can't be read or followed.
    """
    told = _told(path)
    maker = _checked(told, path)
    frame = _opened(told, maker, workspace, memory, path)
    output = _made(frame, told, maker, path)
    if output.table is None or output.grid is None:
        raise TreError("the recipe makes no table", where=str(path))
    from disclosure.protection import csv_of

    content = csv_of(output.table, output.grid)
    write_bytes(into, content)
    try:
        evidences.write(into, content, {**output.evidence(), "made_by": "tre tabulate"})
    except BaseException:
        into.unlink(missing_ok=True)
        raise
    return into


def _told(path: Path) -> dict[str, Any]:
    """The recipe in a file, with the packs its evidence was judged by."""
    try:
        if path.suffix != ".json":
            return tomllib.loads(path.read_text(encoding="utf-8"))
        told = json.loads(path.read_bytes())
        return {"packs": [pack["name"] for pack in told.get("packs") or ()], **dict(told["recipe"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise TreError("the recipe can't be read", where=str(path)) from None


def _checked(told: Told, path: Path) -> Maker:
    """The maker of a recipe, whose names and settings are of their kinds."""
    maker = MAKERS.get(str(told.get("made")))
    if maker is None:
        raise TreError("nothing is made so", where=str(path), hint="made is one of " + ", ".join(MAKERS))
    known = {*_HEAD, *maker.columns, *maker.optional, *maker.lists, *maker.settings}
    if strange := sorted({*told} - known):
        raise TreError(
            f"the recipe has an unknown {strange[0]!r}", where=str(path), hint=", ".join(sorted(known))
        )
    wrong = [name for name in ("table", "unit", *maker.columns) if not isinstance(told.get(name), str)]
    wrong += [name for name in maker.optional if not isinstance(told.get(name, ""), str)]
    wrong += [name for name in maker.lists if not _words(told.get(name, []))]
    wrong += [name for name in maker.settings if name in told and not _sound(name, told[name])]
    wrong += ["formula"] if "formula" in maker.settings and "formula" not in told else []
    if maker.lists and not any(told.get(name) for name in maker.lists):
        wrong.append(maker.lists[0])
    if wrong:
        raise TreError(f"the recipe's {wrong[0]!r} is missing or not what it must be", where=str(path))
    return maker


def _words(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(word, str) for word in given)


def _sound(name: str, given: Any) -> bool:
    try:
        return _SETTINGS[name](given)
    except (TypeError, ValueError):
        return False


def _opened(told: Told, maker: Maker, workspace: Path, memory: str | None, path: Path) -> pd.DataFrame:
    """The table with the columns a recipe names, and no other."""
    try:
        where = [(str(column), str(sign), value) for column, sign, value in told.get("where", ())]
        bands = {
            str(title): (str(of[0]), [float(end) for end in of[1]])
            for title, of in dict(told.get("bands", {})).items()
        }
    except (TypeError, ValueError, IndexError, KeyError):
        raise TreError("the recipe's filters or bands can't be read", where=str(path)) from None
    names = [told["unit"], *(told[name] for name in (*maker.columns, *maker.optional) if name in told)]
    names += [column for name in maker.lists for column in told.get(name, ())]
    names += formula_columns(told["formula"]) if "formula" in told else []
    frame = open_table(workspace, told["table"], where=where, bands=bands, columns=names, memory=memory)
    wanted = told.get("dataset_digest")
    if wanted is not None and wanted != frame.attrs["tre_source"]["dataset_digest"]:
        raise TreError("the workspace isn't the one the recipe was run over", where=str(workspace))
    for name in names:
        column_of(frame, name, told["table"])
    return frame


def _made(frame: pd.DataFrame, told: Told, maker: Maker, path: Path) -> Output:
    from disclosure.sessions.session import session

    s = session(pack=list(told.get("packs") or ()) or None, unit=told["unit"], data=frame)
    try:
        maker.call(s, frame, told)
    except (MisuseError, TreError):
        raise
    except (ValueError, TypeError, np.linalg.LinAlgError, ArithmeticError) as error:
        # a message of pandas or statsmodels could hold a value: only what it is called is told
        raise TreError(
            f"the recipe can't be followed over these data ({type(error).__name__})",
            where=str(path),
            hint="are its columns of the kind it needs?",
        ) from None
    return s.outputs[AGAIN]
