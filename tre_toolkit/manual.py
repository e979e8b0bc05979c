"""The reference pages of the commands, made from the commands themselves.

`python -m tre_toolkit.manual docs/reference/commands` writes them again; a test holds the pages against the commands.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from tre_toolkit.cli import GROUP, PANELS, Rooms

EXITS = """
| status | means |
|---|---|
| 0 | done; nothing to object |
| 1 | refused, or something was found: an error in a return, a verdict that isn't PASS, a release that doesn't verify |
| 2 | the command was put wrongly: nothing was tried |
| 130 | stopped by Ctrl-C: nothing was left behind |
"""
INDEX = f"""# Commands

Made from the commands themselves. Each has a page with every verb, option and one example; `--help` after a command says the same.

{{listed}}

## Exit status
{EXITS}
## What every command does

* Answers stand on standard output, word of the work and refusals on standard error.
* `--json` gives one JSON value and nothing else. A command that reports has its own form (see its page's reference);
  any other gives `{{{{"command", "status", "answer": [lines], "tables": [{{{{"title", "columns", "rows"}}}}]}}}}`. A refusal leaves
  standard output empty.
* `--quiet` keeps word of the work and progress bars to itself; a refusal is told all the same.
* Colours and bars are for a terminal only, and `NO_COLOR` turns colours off. A bar comes after a second, with rate and time left.
* A refusal says what, where, and in a line `hint:` what to do. It never repeats what stands in a cell.
* A passphrase comes from `--passphrase-file`, a file only you can read, or is asked for. It is never an option or a variable.
* What a command writes is whole or not there, whatever stops it.

## Completion

`tre --install-completion` lets Tab complete commands and options in bash, zsh, fish and PowerShell, from the next shell on;
`tre --show-completion` prints what it would install.
"""


def pages() -> dict[str, str]:
    """Every page by its file name."""
    rooms = Rooms(name="tre", commands={})
    made, listed = {}, []
    offered = {found.name for found in entry_points(group=GROUP)}
    for panel, names in PANELS.items():
        listed += [f"### {panel}", "", "| command | what it does |", "|---|---|"]
        for name in (name for name in names if name in offered):
            command = rooms.get_command(None, name)
            made[f"{name}.md"] = page(name, command, panel)
            listed.append(f"| [`tre {name}`]({name}.md) | {summary(command)} |")
        listed.append("")
    return {"index.md": INDEX.format(listed="\n".join(listed).rstrip()), **made}


def page(name: str, command: Any, panel: str) -> str:
    """One command with all its verbs."""
    verbs = list(leaves(command, (name,)))
    lines = [f"# tre {name}", "", f"*{panel}.* {summary(command)}.", ""]
    if len(verbs) > 1:
        lines += ["| verb | what it does |", "|---|---|"]
        lines += [
            f"| [`tre {' '.join(words)}`](#{anchor(words)}) | {summary(leaf)} |" for words, leaf in verbs
        ]
        lines.append("")
    for words, leaf in verbs:
        lines += section(words, leaf, alone=len(verbs) == 1)
    lines += [
        "Exit status: 0 done, 1 refused or found, 2 put wrongly, 130 stopped ([more](index.md#exit-status)).",
        "",
    ]
    return "\n".join(lines)


def section(words: tuple[str, ...], leaf: Any, *, alone: bool) -> list[str]:
    """One verb: what it is for, an example, and a table of what it takes."""
    typed = " ".join(("tre", *words))
    lines = [] if alone else [f"## {typed}", ""]
    lines += [*prose(leaf.help), "", "| takes | | what it is |", "|---|---|---|"]
    lines += [
        f"| {named(one)} | {nature(one)} | {escaped(getattr(one, 'help', '') or '')} |" for one in leaf.params
    ]
    return [*lines, ""]


def leaves(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each verb of a command that does something, with the words that reach it."""
    verbs = getattr(command, "commands", None)
    if not verbs:
        yield words, command
    for name, verb in (verbs or {}).items():
        yield from leaves(verb, (*words, name))


def summary(command: Any) -> str:
    """The first sentence of a command's help."""
    first = " ".join((command.help or "").split("\n\n")[0].split())
    return escaped(re.split(r"\.(?:\s|$)", first)[0].rstrip("."))


def prose(text: str) -> list[str]:
    """A command's help as Markdown: its example as code."""
    parts = []
    for paragraph in text.split("\n\n"):
        line = " ".join(paragraph.split())
        example = re.fullmatch(r"Examples?: `?(.*?)`?", line)
        parts.append(f"Example: `{example[1]}`" if example else escaped(line))
    return ["\n\n".join(part for part in parts if part)]


def named(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}{'…' if parameter.nargs == -1 else ''}`"
    return ", ".join(f"`{option}`" for option in (*parameter.opts, *parameter.secondary_opts))


def nature(parameter: Any) -> str:
    """Whether it must be given, and else what holds."""
    if parameter.required:
        return "needed"
    default = parameter.default
    if getattr(parameter, "multiple", False):
        return "any number"
    if default in (None, False, "", ()) or callable(default):
        return ""
    return "on" if default is True else f"default `{default}`"


def anchor(words: tuple[str, ...]) -> str:
    return "-".join(("tre", *words))


def escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def write(folder: Path) -> None:
    """Write every page, and take away those of commands that are gone."""
    from tre_toolkit.files import write_text

    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for path in folder.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        write_text(folder / name, text, replace=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
