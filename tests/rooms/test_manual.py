"""What is made from the code is as the code is now: the commands' pages, the import graph; and hints work when typed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.graph import contracts, svg
from helpers.pages import words

from tre_toolkit import manual
from tre_toolkit.cli import Rooms

ROOT = Path(__file__).parents[2]
SOURCES = [path for package in ("tre_toolkit", "pseudonymise", "synth", "disclosure") for path in sorted((ROOT / package).rglob("*.py"))]  # fmt: skip
AGAIN = "make reference"
COMMAND = re.compile(r"`(tre [a-z][^`]*)`")


def test_the_pages_of_the_commands_are_as_the_commands_are() -> None:
    folder = ROOT / "docs" / "reference" / "commands"
    made = manual.pages()
    assert {path.name for path in folder.glob("*.md")} == set(made), AGAIN
    stale = [name for name, text in made.items() if (folder / name).read_text(encoding="utf-8") != text]
    assert not stale, AGAIN


def test_every_option_of_every_command_stands_on_its_page() -> None:
    rooms = Rooms(name="tre", commands={})
    made = manual.pages()
    for name in rooms.list_commands(None):
        for typed, leaf in manual.leaves(rooms.get_command(None, name), (name,)):
            for parameter in leaf.params:
                assert manual.named(parameter) in made[f"{name}.md"], typed


def test_the_import_graph_is_drawn_from_the_contracts() -> None:
    told = contracts(ROOT / ".importlinter")
    drawn = (ROOT / "docs" / "images" / "imports.svg").read_text(encoding="utf-8")
    assert drawn == svg(told), AGAIN
    assert {"gate", "research", "linkage", "returns", "parcel"} <= {
        name for layer in told.layers for name in layer
    }


def test_another_contract_draws_another_graph() -> None:
    told = contracts(ROOT / ".importlinter")
    told.forbidden["gate"].remove("synth")
    assert svg(told) != (ROOT / "docs" / "images" / "imports.svg").read_text(encoding="utf-8")


def hints() -> Iterator[tuple[str, str]]:
    """Every `tre …` in backquotes, or at the start of a hint, that a message of ours tells a person to type."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
                # words of an answer, a table or a list of fixes; what spans lines is a docstring, and pages test those
                yield from (
                    (f"{path.relative_to(ROOT)}:{node.lineno}", c) for c in COMMAND.findall(node.value)
                )
            if not isinstance(node, ast.Call):
                continue
            for text in (_text(one.value) for one in node.keywords if one.arg in ("hint", "fix")):
                found = COMMAND.findall(text) + re.findall(r"^(tre [a-z][^`;,]*)", text)
                yield from ((f"{path.relative_to(ROOT)}:{node.lineno}", command) for command in found)


def _text(node: ast.expr) -> str:
    """A message's text with `X` where a value is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "X" for part in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.IfExp):
        return _text(node.body) + " ; " + _text(node.orelse)
    return ""


def parses(command: str) -> str | None:
    """What is wrong with a command line, by the words that name it and its options; None when it can be typed."""
    found: object = Rooms(name="tre", commands={})
    rest = words(command)[1:]
    while rest and not rest[0].startswith("-"):
        verbs = (
            found.get_command(None, rest[0])
            if isinstance(found, Rooms)
            else getattr(found, "commands", {}).get(rest[0])
        )
        if verbs is None:
            break
        found, rest = verbs, rest[1:]
    if isinstance(found, Rooms) and not (rest and rest[0].startswith("--")):
        return "no such command"
    if getattr(found, "commands", None) and rest and not isinstance(found, Rooms):
        return "no such verb"
    known = {"--help", "--version"} | {
        option for one in getattr(found, "params", []) for option in (*one.opts, *one.secondary_opts)
    }
    return next(
        (f"no option {word}" for word in rest if word.startswith("--") and word.split("=")[0] not in known),
        None,
    )


def test_every_hint_that_names_a_command_can_be_typed() -> None:
    told = list(hints())
    assert len(told) > 20
    wrong = [f"{where}: {command}: {fault}" for where, command in told if (fault := parses(command))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("command", ["tre nonsense", "tre key nonsense", "tre validate X --nonsense"])
def test_a_hint_that_could_not_be_typed_would_be_seen(command: str) -> None:
    assert parses(command)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_offers_commands_verbs_and_options(shell: str) -> None:
    tre = str(Path(sys.executable).with_name("tre"))

    def offered(line: str) -> str:
        asked = {"_TRE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": line, "COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_TYPER_COMPLETE_FISH_ACTION": "get-args"}  # fmt: skip
        done = subprocess.run([tre], env={"PATH": "", **asked}, capture_output=True, text=True)
        return done.stdout

    assert "pseudonymise" in offered("tre ps")
    assert "unwrap" in offered("tre key un")
    assert "--trust" in offered("tre verify --tr")
