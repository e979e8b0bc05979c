"""Every command that can take over a second shows a bar, and what it counts comes out at the total it began with.

Each command is written down once: played here, read here, or in how it needs no bar. One that stands nowhere fails the
first test; one whose work forgets to call back, or calls back too often, fails the second.
"""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from helpers.journey import QUESTION, Played

from tre_toolkit import cli, console, manual

# played: how many units there are, None where the work is one query or one search
PLAYED: dict[str, tuple[str, Callable[[Path], int | None]]] = {
    "check": ("outputs/safe/state_flow.csv --pack dfe-cin", lambda at: 2),
    "protect": ("outputs/state_flow.csv --pack dfe-cin --method round --into made.csv", lambda at: None),
    "tabulate": ("question.toml --workspace workspace --into made-table.csv", lambda at: None),
    "verify": ("release --trust gate/gate.pub", lambda at: _files(at / "release")),
    "audit verify": ("gate/audit.log", lambda at: _lines(at / "gate/audit.log")),
    "audit export": ("gate/audit.log --into made.jsonl", lambda at: _lines(at / "gate/audit.log")),
    "gate backup": ("--gate gate --into made.tar", lambda at: 2 * _files(at / "gate/blobs")),
    "gate doctor": ("--gate gate", lambda at: _files(at / "gate/blobs") + _lines(at / "gate/audit.log")),
}
# their work is played elsewhere at length: read here for the bar it is given
READ = {
    "validate", "plan", "pseudonymise", "synth", "link", "workspace", "recipe run", "request submit", "release make", "gate restore",
}  # fmt: skip
QUICK = {
    "one request, one account or one file of the gate": """request new; request add; request remove; request status; request withdraw;
        request comment; request exception; request describe; request retract; review queue; review show; review file; review changes;
        review download; review vote; review return; review decide; review reject; review unblock; review exception; release recall;
        gate new; gate migrate; gate figures; gate prove; gate user add; gate user list; gate user role; gate user close; gate user open;
        gate user password; gate second-factor enrol; gate second-factor remove; gate second-factor reset""",
    "works until it is stopped": "gate serve; gate signer",
    "tells each step itself": "demo",
    "a key, a declaration or a page of words": """doctor; explain; schema list; schema show; schema rules; schema check; schema export; schema docs;
        project sign; project verify; key new; key share; key join; key wrap; key unwrap; key rotate; key hello; key compare; key show;
        key destroy; key certificate; parcel new-key; parcel show; recipe list""",
    "one file, table or folder, with nothing to count": """parcel verify; parcel take-in; schema harmonise; clerical; recipe draw; recipe report;
        recipe combine""",
}  # fmt: skip


@dataclass
class Bar:
    """A bar that was begun: what there was to do, and how much of it was said to be done."""

    total: int | None
    done: int = 0

    def __call__(self, units: int) -> None:
        self.done += units


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Bar]:
    begun: list[Bar] = []

    @contextmanager
    def progress(what: str, total: int | None = None, *, unit: str = "") -> Iterator[Bar]:
        begun.append(Bar(total))
        yield begun[-1]

    monkeypatch.setattr(console, "progress", progress)
    return begun


@pytest.fixture(scope="module")
def folder(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journey's folder of one's own, with a question beside it."""
    at = tmp_path_factory.mktemp("bars") / "journey"
    shutil.copytree(played.folder, at)
    (at / "question.toml").write_text(QUESTION)
    return at


@cache
def commands() -> dict[str, Callable[..., object]]:
    rooms = cli.Rooms(name="tre", commands={})
    return {
        " ".join(typed): inspect.unwrap(leaf.callback)
        for name in rooms.list_commands(None)
        for typed, leaf in manual.leaves(rooms.get_command(None, name), (name,))
    }


def test_every_command_has_a_bar_or_it_is_said_why_not() -> None:
    quick = [name.strip() for names in QUICK.values() for name in names.split(";")]
    assert sorted([*PLAYED, *READ, *quick]) == sorted(commands())


@pytest.mark.parametrize("name", PLAYED)
def test_a_bar_counts_to_its_total(
    name: str, folder: Path, bars: list[Bar], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    words, total = PLAYED[name]
    wanted = total(folder)
    assert wanted != 0
    ended = cli.run([*name.split(), *words.split()])
    assert ended == 0 or name == "gate doctor"  # who also looks at this machine's disk
    assert [bar.total for bar in bars] == [wanted]
    assert bars[0].done == (wanted or 0)


@pytest.mark.parametrize("name", sorted(READ))
def test_a_command_gives_its_work_a_bar(name: str) -> None:
    module = inspect.getsource(inspect.getmodule(commands()[name]))  # type: ignore[arg-type]
    act = inspect.getsource(commands()[name])
    helpers = [part for part in module.split("\n\n\n") if part.startswith("def _") and part[4:].split("(")[0] + "(" in act]  # fmt: skip
    assert any("console.progress(" in text for text in (act, *helpers))


def _files(folder: Path) -> int:
    return sum(path.is_file() and not path.name.startswith(".") for path in folder.rglob("*"))


def _lines(path: Path) -> int:
    return len(path.read_bytes().splitlines())
