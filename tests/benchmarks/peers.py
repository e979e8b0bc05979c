"""The peers, each in a virtual environment of its own under .bench/, made when it is first asked for.

None of them is ever imported by the project, or by a benchmark in the project's own environment: some pin old pandas, some
bring a compiler's worth of libraries. `benchmarks.toml` says what each environment holds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / ".bench" / "peers"
VERSIONS = (
    "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
)


def prepare(name: str, packages: list[str]) -> Path | None:
    """The Python of an environment with these packages; None, and a word on it, where it can't be made."""
    folder = KEPT / name
    python, wanted, done = folder / "bin" / "python", "\n".join(packages), folder / "made-for"
    if done.is_file() and done.read_text() == wanted:
        return python
    print(f"making the environment of {name}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    words = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *packages]
    if subprocess.run(words).returncode:
        print(f"left out: {name} can't be installed here", flush=True)
        return None
    done.write_text(wanted)
    return python


def versions(python: Path, packages: list[str]) -> str:
    """The packages asked for and the versions that stand there."""
    said = subprocess.run([str(python), "-c", VERSIONS], capture_output=True, text=True, check=True).stdout
    held = {name.lower().replace("_", "-"): version for name, version in json.loads(said).items()}
    names = [package.split("<")[0].split(">")[0].split("=")[0].lower() for package in packages]
    return ", ".join(f"{name} {held[name]}" for name in names if name in held)
