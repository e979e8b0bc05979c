"""`tre validate` beside the Data to Insight validators: the same failing rows, and how much quicker.

    python tests/benchmarks/bench_validate.py [--peer PYTHON] [--samples FOLDER] [--copies 40] [--million]

Rows are compared rule by rule on the real-format samples in every collection year both know, on the planted
defects of tests/vectors/returns/witnesses.json, and on synthetic returns a few cells of whose every column are spoilt. CPU seconds are of whole processes (reading, rules and answer);
the peer is timed both as it ships and with the deep copy for each rule that its results need. Without
`--peer` a virtual environment with the peers is made beside this file.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import runpy
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
SAMPLES = HERE.parents[2] / "shared" / "samples"
OURS = """
import sys, json, time, io, contextlib, resource
from tre_toolkit.cli import run
told = io.StringIO()
with contextlib.redirect_stdout(told):
    run(["validate", *sys.argv[1:], "--json"])
usage = resource.getrusage(resource.RUSAGE_SELF)
answer = json.loads(told.getvalue())
print(json.dumps({"returns": answer["returns"], "cpu": time.process_time(), "megabytes": usage.ru_maxrss // 1024}))
"""


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--peer", type=Path)
    wanted.add_argument("--samples", type=Path, default=SAMPLES)
    wanted.add_argument(
        "--copies", type=int, default=0, help="times the sample's children, for the large set"
    )
    wanted.add_argument("--quick", action="store_true", help="leave out the samples in every year")
    wanted.add_argument("--only-own", action="store_true", help="defects in our synthetic returns alone")
    wanted.add_argument("--million", action="store_true", help="a million episodes, ours alone")
    given = wanted.parse_args()
    peer = given.peer or environment()
    if not given.samples.is_dir():
        sys.exit("the shared samples are not here")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        if not given.quick and not given.only_own:
            same_rows(peer, given.samples, work)
        if not given.only_own:
            planted_defects(peer, work)
        our_own(peer, work)
        if given.only_own:
            return
        speed(peer, given.samples / "d2i_903_fake", work, "the sample (5,050 episodes)")
        if given.copies:
            grown = grow(given.samples / "d2i_903_fake", work / "large", given.copies)
            speed(peer, grown, work, f"{given.copies} times the sample ({given.copies * 5050:,} episodes)")
        if given.million:
            grown = grow(given.samples / "d2i_903_fake", work / "million", 198)
            last = grow(given.samples / "d2i_903_fake", work / "before" / "2024", 198)
            for words in ([], ["--last", str(last.parent)], ["--last", str(last.parent), "--memory", "1GB"]):
                mine = ours([str(grown), "--year", "2025", *words], rows=False)
                print(
                    f"\n999,900 episodes {words[::2]}: {mine['cpu']:.1f} s CPU, {mine['megabytes']:,} MB at most"
                )


def environment() -> Path:
    """The peers' own virtual environment, made on first use."""
    folder = HERE / "peers" / ".venv-validators"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        listed = [
            line for line in (HERE / "peers" / "validators.txt").read_text().splitlines() if line[:1] != "#"
        ]
        subprocess.run([str(python), "-m", "pip", "install", "-q", *filter(None, listed)], check=True)
    return python


def ours(words: list[str], *, rows: bool = True) -> dict:
    listed = ["--rows"] if rows else []
    done = subprocess.run([sys.executable, "-c", OURS, *words, *listed], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def theirs(peer: Path, words: list[str], work: Path) -> dict:
    out = work / "peer.json"
    subprocess.run(
        [str(peer), str(HERE / "peers" / "validators.py"), *words[:3], str(out), *words[3:]], check=True
    )
    return json.loads(out.read_text())


def same_rows(peer: Path, samples: Path, work: Path) -> None:
    """Print, for each sample and year, how many rules agree row by row, and every rule that doesn't."""
    print("| sample | year | both run | same rows | differ | peer crashes or skips | only ours |")
    print("|---|---|---|---|---|---|---|")
    differing: dict[tuple[str, str], Counter] = {}
    for name, place, paths in (
        ("ssda903", "d2i_903_fake", ["d2i_903_fake"]),
        (
            "cin_census",
            "d2i_cin_fake",
            [path.name for path in sorted((samples / "d2i_cin_fake").glob("*.xml"))],
        ),
    ):
        for path in paths:
            file = samples / place if name == "ssda903" else samples / place / path
            for year in range(2023, 2028):
                if (
                    name == "cin_census"
                ):  # the peer takes the period from the header's date, whatever rule 100 says
                    file = dated(samples / place / path, year, work)
                mine = by_rule(ours([str(file), "--year", str(year)])["returns"][0])
                asked = mine.pop("asked")
                rules = theirs(peer, [name, str(file), str(year)], work)["rules"]
                row = compare(name, year, mine, rules, asked, differing)
                print(f"| {path} | {year} | " + " | ".join(str(number) for number in row) + " |")
    from tre_toolkit.schema import dataset

    notes = {
        (name, rule.id): rule.note
        for name in ("ssda903", "cin_census")
        for rule in dataset(name).rules
        if rule.note
    }
    print("\n| return | rule | rows only ours | rows only the peer's | why |\n|---|---|---|---|---|")
    for (name, rule), count in sorted(differing.items()):
        print(f"| {name} | {rule} | {count['ours']:,} | {count['peer']:,} | {notes.get((name, rule), '')} |")


def planted_defects(peer: Path, work: Path) -> None:
    """The witness of every rule before the peer's same rule: does it name the same rows?"""
    from tre_toolkit.errors import TreError
    from tre_toolkit.schema import dataset

    vectors = HERE.parent / "vectors" / "returns"
    found = runpy.run_path(str(vectors / "find_witnesses.py"), run_name="witnesses")
    lookups = {
        (name, rule.id)
        for name in ("ssda903", "cin_census")
        for rule in dataset(name).rules
        if rule.scope == "needs-lookup"
    }
    asked, todo = [], []
    for number, one in enumerate(json.loads((vectors / "witnesses.json").read_text())):
        if (one["dataset"], one["rule"]) in lookups and one["dataset"] == "ssda903":
            continue  # the peer brings lists of its own
        tables = found["apply"](one)
        try:
            place, last = files_of(one, tables, work / f"w{number}", found["BASE"])
        except TreError:
            continue  # a row below a deleted one: no document can hold it
        asked.append(one)
        todo.append([one["dataset"], str(place), one["year"], last and str(last), one["rule"]])
    listed = work / "list.json"
    listed.write_text(json.dumps(todo))
    answers = theirs(peer, ["many", str(listed), "-"], work)["rules"]
    verdicts: Counter = Counter()
    print("\n| return | rule | year | ours | the peer's |\n|---|---|---|---|---|")
    for one, answer in zip(asked, answers, strict=True):
        first = flagged(one["dataset"], one["rule"], one["year"])
        if answer is None or isinstance(answer, str):
            verdicts["no such rule, crashed or skipped"] += 1
            told = answer or "has no such rule"
        else:
            here = {0} if one["rule"] in WHOLE else set(one["rows"].get(first, []))
            there = (
                ({0} if any(answer.values()) else set())
                if one["rule"] in WHOLE
                else set(answer.get(first, []))
            )
            verdicts["same rows" if here == there else "other rows"] += 1
            if here == there:
                continue
            told = str(sorted(there))
        print(f"| {one['dataset']} | {one['rule']} | {one['year']} | {one['rows'].get(first)} | {told} |")
    print(f"\nplanted defects: {len(asked)} put before both; {dict(verdicts)}")


def our_own(peer: Path, work: Path) -> None:
    """Synthetic returns with a few spoilt cells in every column, and last year's: do both name the same rows?"""
    from validate_damage import synthetic

    print(
        "\n| synthetic return with defects | both run | fire here | same rows | differ | peer crashes or skips |"
    )
    print("|---|---|---|---|---|---|")
    differing: dict[tuple[str, str], Counter] = {}
    for name, (place, last) in synthetic(work).items():
        before = ["--last", str(last)] if name == "ssda903" else []
        mine = by_rule(ours([str(place), "--year", "2025", "--authority", "990", *before])["returns"][0])
        unasked = mine.pop("asked")
        words = [name, str(place), "2025", *([str(last)] if before else [])]
        rules = theirs(peer, words, work)["rules"]
        both, same, differ, quiet, _ = compare(name, 2025, mine, rules, unasked, differing)
        fire = sum(rule in rules and not isinstance(rules[rule], str) for rule in mine)
        print(f"| {name} | {both} | {fire} | {same} | {differ} | {quiet} |")
    print("\n| return | rule | rows only ours | rows only the peer's |\n|---|---|---|---|")
    for (name, rule), count in sorted(differing.items()):
        print(f"| {name} | {rule} | {count['ours']:,} | {count['peer']:,} |")


def files_of(one: dict, tables: dict, folder: Path, base: dict) -> tuple[Path, Path | None]:
    """The changed return in files the peer can read, and last year's."""
    from tre_toolkit.returns import find, read, validate, write

    now = {name: rows for name, rows in tables.items() if not name.endswith("_last")}
    if one["dataset"] == "cin_census":  # an added row stands elsewhere in a document than at the table's end
        [path] = write(base["as_return"](one["dataset"], one["year"], tables=now), folder)
        again = replace(read(find([path])[0]), synthetic=False)
        one["rows"] = {
            found.table: found.rows.tolist() for found in validate(again, only={one["rule"]}).findings
        }
        return path, None
    before = {name[:-5]: rows for name, rows in tables.items() if name.endswith("_last")}
    write(base["as_return"](one["dataset"], one["year"], tables=now), folder)
    last = folder.with_name(folder.name + "last")
    write(base["as_return"](one["dataset"], one["year"] - 1, tables=before), last)
    return folder, last


def flagged(name: str, rule: str, year: int) -> str:
    """The table whose rows a rule names first."""
    from tre_toolkit.schema import schema

    return next((one.flags[0] for one in schema(name, year).rules if one.id == rule), "")


def dated(file: Path, year: int, work: Path) -> Path:
    """A copy of a census with the reference date of `year`."""
    copy = work / f"{year}_{file.name}"
    text = re.sub(r"<ReferenceDate>.*?<", f"<ReferenceDate>{year}-03-31<", file.read_text())
    copy.write_text(re.sub(r"<Year>.*?<", f"<Year>{year}<", text))
    return copy


def by_rule(report: dict) -> dict:
    found: dict = {"asked": None}
    for one in report["findings"]:
        found.setdefault(one["rule"], {})[one["table"]] = set(one["rows"])
    unasked = {one["rule"] for part in ("skipped", "waived", "crashed") for one in report[part]}
    found["asked"] = unasked
    return found


def compare(name: str, year: int, mine: dict, rules: dict, unasked: set[str], differing: dict) -> list[int]:
    same = differ = quiet = both = 0
    for rule, answer in rules.items():
        if isinstance(answer, str):
            quiet += 1
            continue
        if rule in unasked:
            continue
        both += 1
        here = mine.get(rule, {})
        there = {table: set(rows) for table, rows in answer.items() if rows}
        if "return" in there or (name == "cin_census" and rule in WHOLE):  # about the whole return: yes or no
            here, there = ({"return": {0}} if here else {}), ({"return": {0}} if there else {})
        # the peer also lists the rows of other tables it read: the table the rule is about is compared
        first = flagged(name, rule, year)
        tables = set(here) | {first, "return"}
        there = {table: rows for table, rows in there.items() if table in tables}
        if here == there:
            same += 1
            continue
        differ += 1
        count = differing.setdefault((name, rule), Counter())
        for table in {*here, *there}:
            count["ours"] += len(here.get(table, set()) - there.get(table, set()))
            count["peer"] += len(there.get(table, set()) - here.get(table, set()))
    return [both, same, differ, quiet, len(set(mine) - set(rules))]


WHOLE = {"2883", "2886Q", "2887Q", "2888Q"}


def grow(sample: Path, folder: Path, copies: int) -> Path:
    """The sample's children many times over, under new numbers."""
    folder.mkdir(parents=True)
    for path in sample.glob("*.csv"):
        head, *rows = path.read_text(encoding="utf-8-sig").splitlines()
        with (folder / path.name).open("w") as out:
            out.write(head + "\n")
            for copy in range(copies):
                out.write("".join(f"{copy}x{row}\n" for row in rows))
    return folder


def speed(peer: Path, folder: Path, work: Path, what: str) -> None:
    mine = ours([str(folder), "--year", "2025"])
    shipped = theirs(peer, ["ssda903", str(folder), "2025", "--shared"], work)["cpu"]
    alone = theirs(peer, ["ssda903", str(folder), "2025"], work)["cpu"]
    print(f"\n{what}: tre validate {mine['cpu']:.2f} s CPU, {mine['megabytes']:,} MB at most")
    print(f"  peer as shipped {shipped:.1f} s ({shipped / mine['cpu']:.1f} times)")
    print(f"  peer, a copy for each rule {alone:.1f} s ({alone / mine['cpu']:.1f} times)")
    print(f"  memory of this driver: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
