"""The documentation speaks of commands and options that exist, and names no place of any one machine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit.cli import Rooms

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(tre [^`\n]+)`")
OPTION = re.compile(r"--[a-z][a-z-]*")


def typed(text: str) -> Iterator[str]:
    """The `tre` commands of a page: lines of code blocks, continued by a backslash, and code within a line."""
    for block in FENCE.findall(text):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            words = line.strip().removeprefix("$ ")
            if words.startswith("tre ") and not words.startswith("tre ."):
                yield words
    yield from INLINE.findall(FENCE.sub("", text))


def resolved(words: list[str]) -> tuple[Any, list[str]]:
    """The command that `words` name, and the words after its name; None where there is no such command."""
    command: Any = Rooms(name="tre", commands={})
    while words and (getattr(command, "commands", None) or isinstance(command, Rooms)):
        if words[0].startswith("-"):
            return command, words
        found = (
            command.get_command(None, words[0])
            if isinstance(command, Rooms)
            else command.commands.get(words[0])
        )
        if found is None:
            return None, words
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_on_a_page_exists_with_its_options(page: Path) -> None:
    wrong = []
    for line in typed(page.read_text(encoding="utf-8")):
        line = re.split(r"\s[|#;]\s|\s&&\s|…|\.\.\.", line)[0]
        line += '"' * (line.count('"') % 2)  # what was left out ended within quotes
        try:
            words = shlex.split(line)[1:]
        except ValueError:
            wrong.append(f"not a command line: {line}")
            continue
        first = words[0].split("|")[0] if words else ""
        command, rest = resolved([first, *words[1:]] if first else [])
        if command is None:
            wrong.append(f"no such command: {line}")
            continue
        if isinstance(command, Rooms):
            continue  # an option of `tre` itself
        known = {
            opt for parameter in command.params for opt in (*parameter.opts, *parameter.secondary_opts)
        } | {"--help"}
        wrong += [
            f"no option {option}: {line}" for option in OPTION.findall(" ".join(rest)) if option not in known
        ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_names_a_place_of_one_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"(?<![\w.])/(?:home|root|work|Users)/\w+", text)


def test_every_promise_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "explanation" / "safety.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(re.findall(r"^\| \d+ \|", page, re.MULTILINE)) == 10
    assert len(named) >= 10
    for file, test in named:
        path = ROOT / file
        assert path.is_file(), f"{file} is gone"
        assert f"def {test}(" in path.read_text(encoding="utf-8"), f"{test} is gone from {file}"


def test_every_page_stands_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
    named = set(re.findall(r"- ([\w/.-]+\.md)$", navigation, re.MULTILINE))
    pages = {str(page.relative_to(ROOT / "docs")) for page in ROOT.glob("docs/**/*.md")}
    assert named == pages
