"""`tre demo`: the whole journey on invented children, played by the same commands a person would type.

The journey imports no room. Each stage runs `tre` as a process of its own, shows the command and
what it said, and keeps both for the page that is written at the end (`demo_page`). Where a refusal
is the point of a command, the journey expects it, and stops when it doesn't come.
"""

from __future__ import annotations

import json
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tre_toolkit.console import err, out
from tre_toolkit.errors import TreError
from tre_toolkit.files import new_folder, write_text

if TYPE_CHECKING:
    from rich.console import Console

AUTHORITIES = {"990": "Marshland", "991": "Fenmere"}  # no authority in England has these codes
YEARS = "2023-2025"
FIRST, LAST = 12, 6  # lines of one command's answer that are shown at the terminal
TABLE = "outputs/furthest_by_ethnicity"
FLOW = "outputs/state_flow"
PACK = ("--pack", "dfe-cin")
CONTEXT = "Aggregate tables of invented children for the demonstration; no child is described."


@dataclass(frozen=True)
class Played:
    """One command as typed, what it said, and how it ended."""

    words: tuple[str, ...]
    status: int
    said: str
    seconds: float

    @property
    def typed(self) -> str:
        return shlex.join(("tre", *self.words))


@dataclass
class Stage:
    """One station of the journey."""

    title: str
    who: str
    place: str
    story: str
    saw: str = ""
    hid: str = ""
    played: list[Played] = field(default_factory=list)


class Journey:
    """A folder, and the commands played in it."""

    def __init__(self, folder: Path, console: Console, *, children: int, seed: int) -> None:
        self.folder, self.console, self.children, self.seed = folder, console, children, seed
        self.stages: list[Stage] = []
        self.headlines: list[tuple[str, str]] = []  # a number, and what it counts

    def stage(self, title: str, *, who: str, place: str, story: str) -> Stage:
        self.stages.append(Stage(title, who, place, story))
        self.console.rule(f"{len(self.stages)} {title}", align="left", style="cyan")
        self.console.print(f"{who}, {place}: {story}", style="dim", markup=False)
        return self.stages[-1]

    def tre(self, *words: str, ends: int = 0) -> Played:
        """Play one command, show it, and insist on how it ends."""
        return self.together([words], ends=ends)[0]

    def together(self, commands: Sequence[Sequence[str]], *, ends: int = 0) -> list[Played]:
        """Play commands side by side (two authorities work at the same time), and show them in order."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            played = list(pool.map(lambda words: run_tre(tuple(words), self.folder), commands))
        for one in played:
            self.stages[-1].played.append(one)
            show(one, self.console)
            if one.status != ends:
                raise TreError(
                    f"the journey stopped: a command ended with status {one.status}, not {ends}",
                    where=one.typed,
                    hint="its own word stands above",
                )
        return played

    def ask(self, *words: str, ends: int = 0) -> Any:
        """The JSON answer of a command that isn't part of the story."""
        quiet = run_tre((*words, "--json"), self.folder)
        if quiet.status != ends:
            raise TreError(f"the journey stopped: status {quiet.status}, not {ends}", where=quiet.typed)
        return json.loads(quiet.said)

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


def run_tre(words: tuple[str, ...], folder: Path) -> Played:
    """One `tre` process, and all it said."""
    started = time.monotonic()
    command = [sys.executable, "-c", "from tre_toolkit.cli import main; main()", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    return Played(words, done.returncode, done.stdout + done.stderr, time.monotonic() - started)


def show(played: Played, console: Console) -> None:
    console.print(f"$ {played.typed}", style="bold", markup=False)
    for line in shortened(played.said, FIRST, LAST):
        console.print(f"  {line}", markup=False)
    console.print(f"  {played.seconds:.1f} s", style="dim")


def shortened(said: str, first: int, last: int) -> list[str]:
    """The first and last lines of an answer, with the number of those between."""
    lines = said.strip("\n").splitlines()
    if len(lines) <= first + last + 1:
        return lines
    return [*lines[:first], f"… {len(lines) - first - last:,} more lines", *lines[-last:]]


def demo(
    children: Annotated[int, typer.Option(min=200, help="Children to invent in each authority.")] = 2000,
    into: Annotated[Path, typer.Option(help="A new folder for everything the journey makes.")] = Path(
        "demo-journey"
    ),
    seed: Annotated[int, typer.Option(help="The same seed invents the same children.")] = 1,
) -> None:
    """Play the whole journey on two invented authorities: from returns to a signed release.

    Example: `tre demo --children 2000 --into demo-journey`
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from tre_toolkit.demo_page import write_page

    started = time.monotonic()
    console = out()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed} of {task.total}"),
        TimeElapsedColumn(),
    )
    with (
        new_folder(into) as part,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        journey = Journey(part, console, children=children, seed=seed)
        for play in bar.track(STAGES, description="stages"):
            play(journey)
        write_page(journey, part / "index.html")
    console.rule("The end", align="left", style="cyan")
    console.print(
        f"{children:,} children in each of {len(AUTHORITIES)} authorities, {time.monotonic() - started:.0f} seconds."
    )
    console.print(f"the release  {into / 'release'}", markup=False)
    console.print(
        f"check it     tre verify {into / 'release'} --trust {into / 'gate/gate.pub'}", markup=False
    )
    console.print(
        f"the page     {into / 'index.html'} (open it in a browser; it needs no network)", markup=False
    )
    err().print("Everything above is invented. No child is described.", style="dim")


# -- the stages, in order --------------------------------------------------------------------------------


def invent(journey: Journey) -> None:
    journey.stage(
        "Invent two authorities",
        who="Anyone",
        place="anywhere",
        story="Synthetic returns from the schemas alone, with siblings, twins and children who move between authorities.",
    )
    codes = [word for code in AUTHORITIES for word in ("--authority", code)]
    journey.tre(
        "synth", "cin_census", "ssda903", "school_census", *codes, "--years", YEARS,
        "--children", str(journey.children), "--seed", str(journey.seed), "--into", "invented",
    )  # fmt: skip


def validate(journey: Journey) -> None:
    journey.stage(
        "Validate the returns",
        who="Data controllers",
        place="in each authority",
        story="The DfE's own rules, by number, before anything is done with the returns.",
    )
    journey.together([("validate", f"invented/{code}") for code in AUTHORITIES])


def make_keys(journey: Journey) -> None:
    journey.stage(
        "Make keys",
        who="Data controllers and the TRE",
        place="each at home",
        story="One random project key, handed to the second authority under its public key; signing keys; the TRE's own key.",
    )
    for holder in (*AUTHORITIES, "tre", "gate-secrets"):
        (journey.folder / holder).mkdir()
        write_text(journey.folder / holder / "passphrase", secrets.token_urlsafe(24) + "\n", mode=0o600)
    first, second = AUTHORITIES
    journey.together(
        [("parcel", "new-key", "signer", f"{code}/signer.key", *secret(code)) for code in AUTHORITIES]
        + [("parcel", "new-key", "transport", f"{second}/transport.key", *secret(second))]
        + [("parcel", "new-key", "transport", "tre/tre.key", *secret("tre"))]
    )
    key = f"{first}/project.key"
    journey.tre("key", "new", "--project", "invented/tre.toml", "--into", key, *secret(first))
    journey.tre(
        "key",
        "wrap",
        "--key",
        key,
        "--to",
        f"{second}/transport.key.pub",
        "--into",
        "project.wrapped",
        *secret(first),
    )
    journey.tre(
        "key", "unwrap", "project.wrapped", "--transport", f"{second}/transport.key", "--into", f"{second}/project.key", *secret(second)
    )  # fmt: skip


def plan(journey: Journey) -> None:
    journey.stage(
        "Agree the plan",
        who="Data controllers",
        place="in each authority",
        story="Every column of every return and its fate, printed for an information governance lead to sign. It writes nothing.",
    )
    first = next(iter(AUTHORITIES))
    journey.tre("plan", f"invented/{first}", "--project", "invented/tre.toml")


def pseudonymise(journey: Journey) -> None:
    journey.stage(
        "Pseudonymise and seal",
        who="Data controllers",
        place="in each authority",
        story="Identifiers become keyed tokens, dates of birth become months, and what is left is sealed for the TRE and signed.",
    )
    journey.together(
        [
            (
                "pseudonymise", f"invented/{code}", "--project", "invented/tre.toml", "--key", f"{code}/project.key",
                "--signer", f"{code}/signer.key", "--to", "tre/tre.key.pub", "--into", f"{code}/{code}.parcel",
                *secret(code), "--truth-map", f"{code}/truth-map.csv",
            )
            for code in AUTHORITIES
        ]
    )  # fmt: skip
    for code in AUTHORITIES:
        journey.tre("parcel", "verify", f"{code}/{code}.parcel", "--trust", f"{code}/signer.key.pub")


def link(journey: Journey) -> None:
    journey.stage(
        "Link on tokens",
        who="The linker",
        place="in the linkage zone",
        story="Records join on tokens alone, and the tokens end here. The truth is known for invented children, so the links are scored.",
    )
    maps = [word for code in AUTHORITIES for word in ("--truth-map", f"{code}/truth-map.csv")]
    journey.tre("link", *parcels(), "--into", "spine", "--truth", "invented/truth.csv", *maps)
    journey.tre("workspace", "spine", *parcels(), "--into", "workspace")


def follow(journey: Journey) -> None:
    journey.stage(
        "Follow pathways",
        who="A researcher",
        place="in the TRE workspace",
        story="From first referral, through plans, to care and beyond: who got how far, and by which steps.",
    )
    journey.tre("recipe", "run", "pathways", "--workspace", "workspace", "--into", "outputs")


def check(journey: Journey) -> None:
    journey.stage(
        "Check the outputs",
        who="A researcher",
        place="in the TRE workspace",
        story="The statistical disclosure checker looks at each file. Small numbers stop a table, and it says which and why.",
    )
    journey.tre("check", f"{TABLE}.csv", f"{FLOW}.csv", *PACK, ends=1)


def protect(journey: Journey) -> None:
    journey.stage(
        "Protect the tables",
        who="A researcher",
        place="in the TRE workspace",
        story="Small cells are hidden, and others with them, so that no hidden number can be worked out from the totals.",
    )
    for name in (TABLE, FLOW):
        journey.tre("protect", f"{name}.csv", "--method", "suppress", *PACK, "--into", f"{name}.safe.csv")
    journey.tre("check", f"{TABLE}.safe.csv", f"{FLOW}.safe.csv", *PACK)
    journey.tre("recipe", "draw", f"{FLOW}.safe.csv", "--into", f"{FLOW}.svg")


def request(journey: Journey) -> None:
    journey.stage(
        "Ask for release",
        who="A researcher",
        place="at the gate",
        story="Files are bound to their digests, with the context a checker needs.",
    )
    journey.tre("gate", "new", "gate", *PACK, *secret("gate-secrets"))
    for name, (role, person) in PEOPLE.items():
        write_text(journey.folder / "gate-secrets" / name, secrets.token_urlsafe(18) + "\n", mode=0o600)
        login = ("--password-file", f"gate-secrets/{name}")
        journey.tre("gate", "user", "add", name, "--gate", "gate", "--role", role, "--person", person, *login)
    journey.tre(
        "request",
        "new",
        *at_gate("ada"),
        "--title",
        "Pathways, furthest state and flow",
        "--context",
        CONTEXT,
    )
    journey.tre("request", "add", "1", f"{TABLE}.safe.csv", f"{FLOW}.safe.csv", *at_gate("ada"))
    journey.tre("request", "submit", "1", *at_gate("ada"))


def decide(journey: Journey) -> None:
    journey.stage(
        "Two people decide",
        who="Output checkers",
        place="at the gate",
        story="The author can't vote on her own work. Two others look at the same bytes, each without seeing the other's vote.",
    )
    journey.tre("review", "vote", "1", "--approve", "--note", "my own work", *at_gate("ada"), ends=1)
    journey.tre(
        "review",
        "vote",
        "1",
        "--approve",
        "--note",
        "small cells hidden; attack finds nothing",
        *at_gate("ben"),
    )
    journey.tre("review", "vote", "1", "--approve", "--note", "checked against the evidence", *at_gate("cam"))


def release(journey: Journey) -> None:
    journey.stage(
        "Release and verify",
        who="The release officer, then any recipient",
        place="at the gate, then anywhere",
        story="A signed bag leaves. Whoever gets it can check every byte offline; one changed byte is refused.",
    )
    journey.tre("release", "make", "1", *at_gate("dee"), *secret("gate-secrets"), "--into", "release")
    journey.tre("verify", "release", "--trust", "gate/gate.pub")
    with_one_byte_changed(
        journey.folder / "release",
        lambda: journey.tre("verify", "release", "--trust", "gate/gate.pub", ends=1),
    )
    journey.tre("audit", "verify", "gate/audit.log")


STAGES: tuple[Callable[[Journey], None], ...] = (
    invent, validate, make_keys, plan, pseudonymise, link, follow, check, protect, request, decide, release,
)  # fmt: skip
PEOPLE = {
    "ada": ("researcher", "Ada Researcher"),
    "ben": ("checker", "Ben Checker"),
    "cam": ("checker", "Cam Checker"),
    "dee": ("release_officer", "Dee Officer"),
}


def secret(holder: str) -> tuple[str, str]:
    return "--passphrase-file", f"{holder}/passphrase"


def at_gate(name: str) -> tuple[str, ...]:
    return "--gate", "gate", "--as", name, "--password-file", f"gate-secrets/{name}"


def parcels() -> tuple[str, ...]:
    trust = [word for code in AUTHORITIES for word in ("--trust", f"{code}/signer.key.pub")]
    return (
        *(f"{code}/{code}.parcel" for code in AUTHORITIES),
        "--key",
        "tre/tre.key",
        *trust,
        *secret("tre"),
    )


def with_one_byte_changed(bag: Path, act: Callable[[], object]) -> None:
    """Change one byte of a released file, act, and put it back."""
    file = sorted((bag / "data").rglob("*.csv"))[0]
    whole = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    try:
        act()
    finally:
        file.write_bytes(whole)
