"""An output in a researcher's hands: the file and its evidence, its verdict, and its figure once it passes.

    save(workspace, declared, "outputs/table.csv")    tabulate, and write the file with its evidence
    output("outputs/table.safe.csv")                  take up one that stands there

In a notebook an output shows its table and figure when the check passes, and otherwise only why not.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tre_toolkit.errors import TreError
from tre_toolkit.research.declared import Declared
from tre_toolkit.research.evidence import read_evidence, write_output
from tre_toolkit.research.measures import tabulate
from tre_toolkit.research.workspace import Workspace


@dataclass(frozen=True)
class Output:
    """A file with its evidence. Its `repr` shows its name and its verdict."""

    path: Path
    packs: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<output {self.path.name}: {self.verdict}>"

    @property
    def verdict(self) -> str:
        """What the check says now: PASS, REVIEW or FAIL, under the packs its evidence names and `packs`."""
        import disclosure

        told = read_evidence(self.path)
        named = [str(pack.get("name")) for pack in told.get("packs", ()) if isinstance(pack, dict)]
        return str(disclosure.check_file(self.path, [*named, *self.packs] or None).verdict)

    def draw(self, into: str | Path, *, kind: str | None = None) -> Path:
        """Write its figure, an .svg or a .png. Raises TreError when it doesn't pass."""
        from tre_toolkit.research.figures import draw_table

        return draw_table(self.path, Path(into), kind=kind, packs=self.packs)

    def _repr_html_(self) -> str:
        from tre_toolkit.research.figures import figure
        from tre_toolkit.research.figures.shown import read_shown
        from tre_toolkit.research.notebook import card

        told = read_evidence(self.path)
        facts = [("file", self.path.name), ("made by", str(told.get("made_by", "")))]
        synthetic = bool(told.get("synthetic"))
        try:
            shown = read_shown(self.path, self.packs)
        except TreError as refusal:
            return card(
                "output", self.path.stem, [*facts, ("not shown", refusal.problem.what)], synthetic=synthetic
            )
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
        cells = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>" for line in lines
        )
        drawn = figure(shown).replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)
        below = f"<div>{drawn}</div><details><summary>The table</summary><table>{cells}</table></details>"
        return card("output that passes", shown.title, facts, synthetic=synthetic, below=below)


def output(path: str | Path, *, packs: tuple[str, ...] = ()) -> Output:
    """The output at `path`. Raises TreError when no evidence of these very bytes stands beside it."""
    found = Output(Path(path), packs)
    read_evidence(found.path)
    return found


def save(
    workspace: Workspace, declared: Declared, path: str | Path, *, packs: tuple[str, ...] = ()
) -> Output:
    """Make a declared table and write it with its evidence, not yet checked. Raises TreError when something stands there."""
    return Output(
        write_output(Path(path), tabulate(workspace, declared), declared, workspace, made_by="tre tabulate"),
        packs,
    )
