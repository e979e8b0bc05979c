"""The session itself: makes outputs, keeps them, attacks them together, writes them.

    with disclosure.session(pack=["dfe-cin", "ons-srs"], unit="child", ledger="releases.ledger") as s:
        table = s.crosstab(frame.authority, frame.need, margins=True)

Leaving the block writes what was made (with `into`) and records in the ledger what passed. What a session hands back
are plain pandas frames: they are for the researcher's eyes; only what is written has been judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd

from disclosure import evidence as evidences
from disclosure.atomic import sha256, write_bytes
from disclosure.check import check_file
from disclosure.compare import entry_of
from disclosure.counting import Units, units_of
from disclosure.findings import Finding, Level, Verdict, html_table, verdict_of
from disclosure.joint import Released
from disclosure.ledger import Ledger, open_ledger
from disclosure.methods import Wishes
from disclosure.packs import Pack, Rules, chain
from disclosure.protection import Protected, csv_of, protect_table
from disclosure.sessions.figures import Figures
from disclosure.sessions.models import Models
from disclosure.sessions.output import Output
from disclosure.sessions.sources import SOURCE, Where, open_table
from disclosure.sessions.times import Times
from disclosure.sessions.together import Together
from disclosure.shown import Ints, read_cells
from disclosure.sums import protect_sums
from tre_toolkit.errors import MisuseError, TreError


class Session(Figures, Models, Times, Together):
    """What was made so far, and the rules, unit and ledger it is judged by."""

    def __init__(
        self,
        rules: Rules,
        *,
        unit: str | None,
        ledger: Ledger | None,
        data: pd.DataFrame | None,
        into: Path | None,
    ) -> None:
        self.rules = rules
        self.unit = unit
        self.ledger = ledger
        self.data = data
        self.into = into
        self.outputs: dict[str, Output] = {}
        self._opened: list[pd.DataFrame] = []
        self._people = pd.Index([])
        self._numbered: dict[int, tuple[Units, Ints]] = {}

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self.into is not None:
            self.write(self.into)

    def __repr__(self) -> str:
        return f"<session, {len(self.outputs)} outputs>"

    def _repr_html_(self) -> str:
        rows = [(name, output.verdict.verdict) for name, output in self.outputs.items()]
        return html_table(("output", "verdict"), rows)

    # ------------------------------------------------------------ who rows are about

    def units_behind(self, *parts: Any, unit: Any = None, frame: pd.DataFrame | None = None) -> Units | None:
        """Who the rows are about: given, a column of the frame or the session's data, or the index's name."""
        found = unit
        if isinstance(found, str) or found is None:
            name = found or self.unit
            found = None
            if name is not None:
                found = _column(name, frame, [*reversed(self._opened), self.data], parts)
            if found is None and isinstance(unit, str):
                raise MisuseError(f"no column {name!r} says who the rows are about")
        if found is None:
            return None
        return units_of(found)

    @property
    def unit_word(self) -> str:
        """What a unit is called in messages."""
        return "household" if self.unit and "household" in self.unit else "child"

    # ------------------------------------------------------------ outputs

    def keep(self, output: Output) -> Output:
        """Keep an output under its name; a name used again gets a number."""
        name, number = output.name, 2
        while name in self.outputs:
            name, number = f"{output.name}-{number}", number + 1
        output = replace(output, name=name)
        self.outputs[name] = output
        return output

    def findings(self) -> list[Finding]:
        """Everything found so far, the attack on all outputs together included."""
        found = [finding for output in self.outputs.values() for finding in output.verdict.findings]
        return [*found, *self.together().findings]

    @property
    def verdict(self) -> Verdict:
        """The verdict on everything made so far."""
        verdict = verdict_of([], packs=self.rules.named())
        for output in self.outputs.values():
            verdict = verdict.and_(output.verdict)
        return verdict.and_(self.together())

    def open(
        self, workspace: Path | str, table: str, *, where: Where = (),
        bands: Mapping[str, tuple[str, Sequence[float]]] | None = None, memory: str | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """A table of a workspace; what is made from its columns can be made again by the checker's side.

        With `memory` ("2GB") a table that would take more than a third of it is refused.
        """
        self._opened.append(open_table(workspace, table, where=where, bands=bands, memory=memory))
        return self._opened[-1]

    def attach(self, path: Path | str, *, reason: str = "") -> Verdict:
        """Take a ready-made file in: it is opened, checked and attacked like any other."""
        path = Path(path)
        verdict = check_file(path, self.rules, against=self.ledger)
        self.keep(Output(path.name, None, verdict, {"attached": path.name, "reason": reason}))
        return verdict

    def protect(
        self, name: str, *, method: str = "suppress", key: bytes | None = None, seconds: float = 60.0
    ) -> Protected:
        """Protect a table made here; the protected one takes its place."""
        output = self.outputs.get(name)
        if output is None or output.table is None or output.grid is None:
            raise MisuseError(f"no table is called {name!r} here", hint="tables: " + ", ".join(self.outputs))
        if output.table.kind == "sum" and output.amounts is not None and method == "suppress":
            done = protect_sums(
                output.table, output.grid, output.amounts, self.rules, seconds=seconds, told=output.evidence(),
                families=output.families,
            )  # fmt: skip
            self.outputs[name] = replace(
                output, frame=done.frame(), verdict=done.verdict, table=done.table, grid=done.printed_grid(),
                families=tuple(done.verdict.findings),
            )  # fmt: skip
            return done
        wishes = Wishes(seconds=seconds, key=key, keys=output.keys)
        done = protect_table(
            output.table, output.grid, self.rules, method=method, wishes=wishes, told=output.evidence()
        )
        self.outputs[name] = replace(
            output, frame=done.frame(), verdict=done.verdict, table=done.table, grid=done.printed_grid()
        )
        return done

    # ------------------------------------------------------------ leaving

    def write(self, into: Path) -> list[Path]:
        """Write every table with its evidence into a folder; record in the ledger what passed.

        Nothing that fails is written. Raises TreError naming what was held back, after writing the rest.
        """
        into.mkdir(parents=True, exist_ok=True)
        together = self.together()
        held = {finding.file.split(" row ")[0].split(" column ")[0] for finding in together.findings}
        written, refused = [], []
        for name, output in self.outputs.items():
            if output.table is None or output.grid is None:
                continue
            if output.verdict.level is Level.FAIL or name in held:
                refused.append(name)
                continue
            content = csv_of(output.table, output.grid)
            path = write_bytes(into / f"{name}.csv", content)
            evidences.write(path, content, output.evidence())
            written.append(path)
            self._record(output, sha256(content))
        if refused:
            raise TreError(
                "held back because it doesn't pass: " + ", ".join(refused), hint="session.findings() says why"
            )
        return written

    def _record(self, output: Output, digest: str) -> None:
        if (
            self.ledger is None
            or output.table is None
            or not output.verdict.passed
            or self.ledger.has(digest)
        ):
            return
        cells = read_cells(output.table.shown, [self.rules.symbol])
        parts: Sequence[Released | None] = output.released() or [None]
        for at, released in enumerate(parts):
            entry = entry_of(
                output.table, cells, number=len(self.ledger.entries) + 1,
                digest=digest if not at else f"{digest}#{at}", scope=dict(output.recipe),
            )  # fmt: skip
            if released is not None:
                people = np.flatnonzero(released.member)
                entry = replace(entry, name=released.name, people=people, cell=released.member[people])
            self.ledger.add(entry)


def session(
    *,
    pack: Sequence[str | Pack | Path] | str | None = None,
    unit: str | None = None,
    ledger: Path | str | Ledger | None = None,
    data: pd.DataFrame | None = None,
    into: Path | str | None = None,
) -> Session:
    """Open a session. `unit` names the column (or index) that says which child a row is about.

    Without a unit every output is for review: rows were counted, not children.
    """
    kept = open_ledger(Path(ledger)) if isinstance(ledger, str | Path) else ledger
    return Session(chain(pack), unit=unit, ledger=kept, data=data, into=Path(into) if into else None)


def _column(
    name: str, frame: pd.DataFrame | None, known: Sequence[pd.DataFrame | None], parts: Sequence[Any]
) -> Any:
    """Who rows are about: of the frame, of the index, or of the known frame whose rows these are."""
    if frame is not None and name in frame.columns:
        return frame[name]
    for part in parts:
        index = getattr(part, "index", None)
        if index is None:
            continue
        if name in (index.names or ()):
            return index.get_level_values(name)
        for data in known:
            if data is None or name not in data.columns or not index.equals(data.index):
                continue
            if data.attrs.get(SOURCE) == getattr(part, "attrs", {}).get(SOURCE):
                return data[name]
    return None
