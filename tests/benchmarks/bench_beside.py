"""Invented children and tokens beside makers nobody else here is timed with: Faker, Mimesis, metasyn, polars-hash.

    python tests/benchmarks/bench_beside.py [--rows 20000] [--peers PYTHON]

Each way runs in a process of its own, all in turn, five times over; CPU seconds are of the work alone, memory is what
the process grew by. Ratios are theirs over ours, medians of the five. A table is ten columns of a child's; metasyn fits
itself to one and draws another. polars-hash has no key: it is the cost of a plain hash of the same values, not a token.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROUNDS = 5
WAY = """
import json, resource, sys, time
rows = int(sys.argv[1])
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""
TIMED = """
work = ready()
before, began = peak(), time.process_time()
made = work()
print(json.dumps({"cpu": time.process_time() - began, "mib": peak() - before, "rows": len(made)}))
"""
UPNS = 'values = [f"N{number * 7919 % 10**12:012d}" for number in range(rows)]'
WAYS: dict[str, dict[str, str]] = {
    "a table of children": {
        "ours": """
def ready():
    import bench_synth
    bench_synth.child_table(100)
    return lambda: bench_synth.child_table(rows)
""",
        "Faker": """
def ready():
    from faker import Faker
    fake = Faker("en_GB"); fake.seed_instance(1); fake.first_name()
    return lambda: [(fake.bothify("SYN########"), fake.bothify("?############"), fake.first_name(), fake.first_name(), fake.last_name(),
        fake.date_of_birth(minimum_age=0, maximum_age=17).isoformat(), fake.random_element("MF"), fake.random_element(("WBRI", "BAFR")),
        fake.postcode(), fake.random_int(1, 99)) for _ in range(rows)]
""",
        "Mimesis": """
def ready():
    from mimesis import Address, Code, Numeric, Person, Datetime
    from mimesis.locales import Locale
    who, where, code, number, day = Person(Locale.EN_GB, seed=1), Address(Locale.EN_GB, seed=1), Code(seed=1), Numeric(seed=1), Datetime(seed=1)
    who.first_name()
    return lambda: [(code.pin("SYN########"), code.pin("@############"), who.first_name(), who.first_name(), who.last_name(),
        day.date(2007, 2024).isoformat(), who.gender_code(), who.nationality(), where.postal_code(), number.integer_number(1, 99)) for _ in range(rows)]
""",
        "metasyn": """
def ready():
    import datetime, polars as pl, random
    from metasyn import MetaFrame
    draw = random.Random(1)
    frame = pl.DataFrame({"local": [f"SYN{n:08d}" for n in range(2000)], "upn": [f"N{n:012d}" for n in range(2000)],
        "given": [draw.choice("Ada Ben Cam Dee Eve".split()) for _ in range(2000)], "middle": [draw.choice("Fay Gus".split()) for _ in range(2000)],
        "surname": [draw.choice("Hay Ito Jay".split()) for _ in range(2000)], "born": [datetime.date(2010, 1, 1) + datetime.timedelta(n) for n in range(2000)],
        "sex": [draw.choice("MF") for _ in range(2000)], "ethnicity": [draw.choice(["WBRI", "BAFR"]) for _ in range(2000)],
        "postcode": [f"LS{n % 29} {n % 9}AB" for n in range(2000)], "number": [draw.randint(1, 99) for _ in range(2000)]})
    fitted = MetaFrame.fit_dataframe(frame)
    return lambda: fitted.synthesize(rows)
""",
    },
    "tokens of distinct values": {
        "ours": f"""
def ready():
    import pyarrow as pa
    from pseudonymise.tokens import tokenise
    {UPNS}
    column = pa.array(values); tokenise(column[:100], bytes(32))
    return lambda: tokenise(column, bytes(32))
""",
        "polars-hash (no key)": f"""
def ready():
    import polars as pl, polars_hash as plh
    {UPNS}
    frame = pl.DataFrame({{"value": values}})
    return lambda: frame.select(plh.col("value").chash.sha2_256())
""",
    },
}


def run(python: str, way: str, rows: int) -> dict[str, float] | None:
    """What one way took, or nothing when it can't be run."""
    words = [python, "-c", WAY + way + TIMED, str(rows)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=Path(__file__).parent)
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1], file=sys.stderr)
        return None
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=20_000)
    asked.add_argument("--peers", help="a Python that holds the peers; ours alone when it isn't named")
    given = asked.parse_args()
    print(f"{'work':<26} {'way':<22} {'rows':>8} {'CPU s':>8} {'MiB':>6} {'ours ×':>8}")
    for task, ways in WAYS.items():
        names = list(ways) if given.peers else ["ours"]
        found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
        for _ in range(ROUNDS):
            for name in names:
                took = run(sys.executable if name == "ours" else given.peers, ways[name], given.rows)
                found[name] += [took] if took else []
        for name, took in found.items():
            if not took:
                print(f"{task:<26} {name:<22} left out: it can't be run here")
                continue
            cpu, mib = (statistics.median(one[what] for one in took) for what in ("cpu", "mib"))
            ratio = statistics.median(
                theirs["cpu"] / ours["cpu"] for theirs, ours in zip(took, found["ours"], strict=False)
            )
            print(f"{task:<26} {name:<22} {given.rows:>8,} {cpu:>8.3f} {mib:>6.0f} {ratio:>8.1f}")
    if not given.peers:
        print("left out: Faker, Mimesis, metasyn and polars-hash (not named)")


if __name__ == "__main__":
    main()
