"""What the gate's pages of documentation say is what the code does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from tre_toolkit.gate import cli
from tre_toolkit.gate.policies import ROLES, Role
from tre_toolkit.gate.states import Action, State, diagram
from tre_toolkit.gate.verify import REASONS

HOUSE = Path(__file__).parents[3]
DOCS = HOUSE / "docs"
PAGES = [
    *(
        DOCS / f"how-to/checker/{name}.md"
        for name in ("review", "release", "recall", "verify", "second-factor")
    ),
    *(DOCS / f"how-to/administrator/{name}.md" for name in ("set-up", "keep")),
    *(DOCS / "reference" / f"{name}.md" for name in ("request", "release", "audit-log", "roles")),
    DOCS / "explanation/threat-model.md",
    DOCS / "explanation/satre.md",
]
APPS = {name: getattr(cli, name) for name in ("request", "review", "release", "gate", "audit")}


def options_of(words: list[str]) -> set[str]:
    """The options of the command that `words` name."""
    if words[0] == "verify":
        app = typer.Typer()
        app.command()(cli.verify)
        command: Any = typer.main.get_command(app)
    else:
        command = typer.main.get_group(APPS[words[0]])
        for word in words[1:]:
            if not hasattr(command, "commands"):
                break
            command = command.commands[word]
    return {name for p in command.params for name in (*p.opts, *p.secondary_opts)}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_command_in_the_docs_exists_with_its_options(page: Path) -> None:
    for line in re.findall(r"^\$ tre (.+)$|`tre ([^`]+)`", page.read_text(encoding="utf-8"), re.MULTILINE):
        words = shlex.split(line[0] or line[1])
        if words[0] in ("protect", "check", "tabulate"):
            continue
        known = options_of(words)
        assert {w for w in words if w.startswith("--")} <= known, words


def test_the_diagram_of_states_is_the_codes() -> None:
    text = (DOCS / "reference/request.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{diagram()}\n```" in text
    for state in State:
        assert f"| `{state}` |" in text


def test_the_table_of_roles_is_the_codes() -> None:
    text = (DOCS / "reference/roles.md").read_text(encoding="utf-8")
    for action in Action:
        row = next(line for line in text.splitlines() if line.startswith(f"| {action.replace('_', ' ')} |"))
        ticks = [cell.strip() == "yes" for cell in row.split("|")[2 : 2 + len(Role)]]
        assert ticks == [role in ROLES[action] for role in Role], action


def test_every_reason_of_a_refused_release_is_explained() -> None:
    text = (DOCS / "how-to/checker/verify.md").read_text(encoding="utf-8")
    for reason in REASONS:
        assert f"`{reason}`" in text


def test_every_abuse_case_names_a_test_that_exists() -> None:
    text = (DOCS / "explanation/threat-model.md").read_text(encoding="utf-8")
    named = dict(re.findall(r"^\| (A\d\d) \|.*`(test_\w+)` \|$", text, re.MULTILINE))
    assert sorted(named) == [f"A{n:02d}" for n in range(1, 45)]
    tests = "".join(
        p.read_text()
        for p in [*(HOUSE / "tests/unit/gate").glob("test_*.py"), *(HOUSE / "tests/web").glob("test_*.py")]
    )
    for case, name in named.items():
        assert f"def {name}(" in tests, case


def test_every_picture_in_the_docs_is_there_and_used() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    used = set(re.findall(r"pictures/([\w-]+\.png)", text))
    assert used == {p.name for p in (DOCS / "how-to/checker/pictures").glob("*.png")}


def test_every_command_has_help_and_an_example() -> None:
    def walk(group: Any, at: str) -> None:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                walk(command, f"{at} {name}")
            else:
                assert f"Example: tre {at} {name}" in (command.help or ""), (at, name)

    for name, app in APPS.items():
        walk(typer.main.get_group(app), name)
    assert "Example: tre verify" in (cli.verify.__doc__ or "")
