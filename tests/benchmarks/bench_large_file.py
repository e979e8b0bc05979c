"""A file of 2 GB before `tre validate`: time, and the most memory the process ever held.

    python tests/benchmarks/bench_large_file.py [--bytes 2000000000] [--memory 2GB] [--form xml|csv]

The file is a children in need census (XML) or the list of reviews of an SSDA903 return (CSV), of invented children many
times over under new numbers, made in a temporary folder and removed. A smaller file of a tenth goes first: memory must
not follow the length.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RUN = """
import sys, json, time, io, contextlib, resource
from tre_toolkit.cli import run
told = io.StringIO()
with contextlib.redirect_stdout(told):
    run(["validate", *sys.argv[1:], "--json"])
usage = resource.getrusage(resource.RUSAGE_SELF)
[one] = json.loads(told.getvalue())["returns"]
kept = {name: one[name] for name in ("rows_read", "rows_refused", "rules_asked", "errors")}
print(json.dumps({**kept, "cpu": time.process_time(), "megabytes": usage.ru_maxrss // 1024}))
"""


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--bytes", type=int, default=2 * 10**9)
    wanted.add_argument("--memory", default="2GB")
    wanted.add_argument("--form", choices=["xml", "csv"], default=None)
    given = wanted.parse_args()
    print(
        "| file | bytes | rows read | refused | rules | CPU s | MB at most |\n|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as name:
        for form in [given.form] if given.form else ["xml", "csv"]:
            for size in (given.bytes // 10, given.bytes):
                path = {"xml": document, "csv": reviews}[form](Path(name), size)
                words = [str(path), "--year", "2025", "--authority", "990", "--memory", given.memory]
                done = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True)
                if done.returncode:
                    sys.exit(done.stderr)
                told = json.loads(done.stdout)
                print(
                    f"| {form} | {path.stat().st_size:,} | {told['rows_read']:,} | {told['rows_refused']:,} |"
                    f" {told['rules_asked']} | {told['cpu']:.0f} | {told['megabytes']:,} |",
                    flush=True,
                )
                path.unlink()


def document(folder: Path, size: int) -> Path:
    """A census of at least `size` bytes."""
    tre = Path(sys.executable).with_name("tre")
    made = folder / f"made{size}"
    words = [
        "synth",
        "cin_census",
        "--authority",
        "990",
        "--years",
        "2025",
        "--seed",
        "1",
        "--children",
        "2000",
    ]
    subprocess.run([str(tre), *words, "--into", str(made)], check=True, capture_output=True)
    [source] = made.rglob("*.xml")
    head, rest = source.read_text().split("<Children>", 1)
    children, tail = rest.rsplit("</Children>", 1)
    path = folder / "cin_census_990_2025.xml"
    with path.open("w") as file:
        file.write(f"{head}<Children>")
        copy = 0
        while file.tell() < size:
            file.write(re.sub(r"<LAchildID>SYN", f"<LAchildID>SYN{copy}", children))
            copy += 1
        file.write(f"</Children>{tail}")
    return path


def reviews(folder: Path, size: int) -> Path:
    """A list of reviews of at least `size` bytes."""
    path = folder / "reviews.csv"
    with path.open("w") as file:
        file.write("CHILD,DOB,REVIEW,REVIEW_CODE\n")
        copy = 0
        while file.tell() < size:
            file.write(
                "".join(f"SYN{copy:04d}{row:06d},01/01/2015,01/06/2024,PN1\n" for row in range(20_000))
            )
            copy += 1
    return path


if __name__ == "__main__":
    main()
