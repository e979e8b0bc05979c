"""The front door's own numbers: `tre --help`, `tre demo`, and (with --install) `make demo` from an empty environment.

The aims: help under 0.3 s with no pandas loaded, the demo with 2,000 children within 60 s on two cores, and
`make demo` from nothing within 4 minutes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
TRE = str(Path(sys.executable).with_name("tre"))


def seconds(command: list[str], folder: Path) -> float:
    started = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr}")
    return time.monotonic() - started


def loaded_by_help() -> set[str]:
    asked = "import sys; from tre_toolkit.cli import run; run(['--help']); print('|', *sorted(sys.modules))"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    return set(said.rsplit("|", 1)[1].split()) & {
        "pandas",
        "numpy",
        "duckdb",
        "pyarrow",
        "django",
        "lxml",
        "cryptography",
    }


def main() -> None:
    rows: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare = statistics.median(
            seconds([sys.executable, "-c", "import typer, rich"], folder) for _ in range(5)
        )
        helped = statistics.median(seconds([TRE, "--help"], folder) for _ in range(5))
        rows.append(("tre --help", f"{helped:.2f} s ({helped / bare:.1f} x `import typer, rich`)"))
        rows.append(("heavy modules loaded by --help", ", ".join(sorted(loaded_by_help())) or "none"))
        rows.append(
            (
                "tre demo, 2,000 children",
                f"{seconds([TRE, 'demo', '--children', '2000', '--into', 'j'], folder):.0f} s",
            )
        )
        if "--install" in sys.argv:
            clone = folder / "clone"
            subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
            rows.append(
                ("make demo from an empty environment", f"{seconds(['make', '-s', 'demo'], clone):.0f} s")
            )
    print("| what | measured |\n|---|---|")
    for what, measured in rows:
        print(f"| {what} | {measured} |")


if __name__ == "__main__":
    main()
