"""How good and how quick linkage on tokens is, beside Splink 5 on clear text and anonlink, on the same invented children.

    python tests/benchmarks/bench_link.py --splink PYTHON --anonlink PYTHON --febrl PYTHON [--children N] [--seeds 1,2,3] [--into FILE.json]
    python tests/benchmarks/bench_link.py --curve 10000,50000,200000,1000000 [--kept FOLDER]     cost by size, ours only
    python tests/benchmarks/bench_link.py --spark 'local[1]' --children 250      Splink on Spark and on DuckDB: the same pairs

Each peer runs in a Python of its own (a virtual environment that holds it); a peer that isn't named is left out and
said so. Times are CPU seconds of each process. Nothing here is timed by the test suite.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import linkage_disk  # noqa: E402
import linkage_population as made  # noqa: E402

from tre_toolkit.linkage.households import households  # noqa: E402
from tre_toolkit.linkage.model.engine import find  # noqa: E402
from tre_toolkit.linkage.mother_baby import mothers_of  # noqa: E402

PEERS = HERE / "link_peers"
DECILES = np.linspace(0, 1, 11)


def quality(left, right, true, home=None, *, matches: int) -> dict:
    """Precision, recall and F1 of pairs across the two files; false links among children of one household."""
    right_ones = true[left] == true[right]
    precision, recall = float(right_ones.mean()) if len(left) else 1.0, float(right_ones.sum() / matches)
    told = {
        "pairs": len(left),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(precision + recall, 1e-12),
    }
    if home is not None:
        told["false twin links"] = int((~right_ones & (home[left] == home[right])).sum())
    return {name: round(value, 5) if isinstance(value, float) else value for name, value in told.items()}


def calibration(probability, right_ones) -> float:
    """Mean |predicted - true| over deciles of probability, weighted by pairs (of those at 0.01 or more)."""
    carried = probability >= 0.01
    frame = pd.DataFrame({"p": probability[carried], "t": right_ones[carried]})
    groups = frame.groupby(np.digitize(frame["p"], DECILES))
    gap = (groups["p"].mean() - groups["t"].mean()).abs()
    return round(float((gap * groups.size()).sum() / len(frame)), 5)


def missed_by_group(found: set, a: pd.DataFrame, b: pd.DataFrame) -> dict[str, float]:
    """Share of true pairs missed in each ethnic group."""
    pairs = a.reset_index().merge(b.reset_index(), on="person")
    hit = [(one, two) in found for one, two in zip(pairs["index_x"], pairs["index_y"], strict=True)]
    missed = pd.Series(hit).groupby(pairs["group_x"]).mean().rsub(1)
    return {
        **{str(name): round(float(value), 4) for name, value in missed.items()},
        "all": round(1 - float(np.mean(hit)), 4),
    }


def across(cluster, split: int):
    """Pairs of records of the two files (left first) that share a cluster."""
    left = pd.DataFrame({"c": cluster[:split], "left": np.arange(split)})
    right = pd.DataFrame({"c": cluster[split:], "right": np.arange(len(cluster) - split)})
    met = left.merge(right, on="c")
    return met["left"].to_numpy(), met["right"].to_numpy()


def ours(a: pd.DataFrame, b: pd.DataFrame, parts, *, profile: str = "strict") -> dict:
    records = made.records(*parts, profile=profile)
    started = time.process_time()
    found = find(records, records.source)
    spent = time.process_time() - started
    true = np.concatenate([a["person"], b["person"]])
    home = np.concatenate([a["household"], b["household"]])
    matches = _matches(a, b)
    left, right = across(found.persons.cluster, len(a))
    right_ones = true[found.across.left] == true[found.across.right]
    over = found.across.over(0.9)
    return {
        "persons": quality(left, right + len(a), true, home, matches=matches),
        "pairs at 0.9": quality(over.left, over.right, true, home, matches=matches),
        "threshold": found.threshold,
        "estimated precision": round(found.tried[found.threshold], 5),
        "calibration": calibration(found.across.probability, right_ones),
        "missed": missed_by_group(set(zip(left.tolist(), right.tolist(), strict=True)), a, b),
        "cpu": round(spent, 2),
    }


def splink(python: str, a, b, parts, *, settings: str = "children") -> dict:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{name}.parquet") for name in ("left", "right", "out")]
        for part, path in zip(parts, paths[:2], strict=True):
            clear = part.astype(object).where(part.notna(), None).assign(row=np.arange(len(part)))
            clear.to_parquet(path)
        told = _peer([python, PEERS / "splink_clear.py", *paths, settings])
        pairs = pd.read_parquet(paths[2])
    true_a, true_b = a["person"].to_numpy(), b["person"].to_numpy()
    right_ones = true_a[pairs["left"]] == true_b[pairs["right"]]
    both, home = np.concatenate([true_a, true_b]), np.concatenate([a["household"], b["household"]])
    matches = _matches(a, b)
    out = {}
    for threshold in (0.5, 0.9, 0.95, 0.99):
        kept = pairs[pairs["probability"] >= threshold]
        out[f"pairs at {threshold}"] = quality(
            kept["left"].to_numpy(), kept["right"].to_numpy() + len(a), both, home, matches=matches
        )
        if threshold == 0.9:
            out["missed"] = missed_by_group(set(zip(kept["left"], kept["right"], strict=True)), a, b)
    return {
        **out,
        "calibration": calibration(pairs["probability"].to_numpy(), right_ones),
        "cpu": told["cpu"],
    }


def anonlink(python: str, a, b, parts) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{name}.csv") for name in ("left", "right", "out")]
        for part, path in zip(parts, paths[:2], strict=True):
            part.fillna("").to_csv(path, index=False)
        told = _peer([python, PEERS / "anonlink_clk.py", *paths])
        pairs = pd.read_csv(paths[2])
    both, home = np.concatenate([a["person"], b["person"]]), np.concatenate([a["household"], b["household"]])
    tries = {
        name: quality(
            one["left"].to_numpy(), one["right"].to_numpy() + len(a), both, home, matches=_matches(a, b)
        )
        for name, one in pairs.groupby(["schema", "threshold"])
    }
    best = max(tries, key=lambda name: tries[name]["f1"])
    return {
        "best of all tries, with hindsight": {"schema": best[0], "threshold": float(best[1]), **tries[best]},
        "cpu": told["cpu"],
    }


def febrl(python: str, splink_python: str | None) -> dict:
    """FEBRL4: 5,000 records against 5,000, no twins, one number."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, str(PEERS / "febrl4.py"), folder], check=True)
        frames = [pd.read_csv(Path(folder, f"febrl4_{name}.csv"), dtype=str) for name in ("left", "right")]
    frames = [frame.sample(frac=1, random_state=1).reset_index(drop=True) for frame in frames]
    a, b = (
        pd.DataFrame(
            {
                "person": frame["rec_id"].str.split("-").str[1].astype(int),
                "household": range(len(frame)),
                "group": "all",
            }
        )
        for frame in frames
    )
    parts = [_febrl_parts(frame) for frame in frames]
    told = {"ours": ours(a, b, parts), "standard": ours(a, b, parts, profile="standard")}
    if splink_python:
        told["splink"] = splink(splink_python, a, b, parts, settings="febrl")
    return told


def _febrl_parts(frame: pd.DataFrame) -> pd.DataFrame:
    date = frame["date_of_birth"].str.strip()
    typed = pd.DataFrame(
        {
            "given": frame["given_name"].str.strip(), "middle": None, "surname": frame["surname"].str.strip(), "sex": None,
            "birth_date": date.str[:4] + "-" + date.str[4:6] + "-" + date.str[6:8], "postcode": None, "house": None, "uprn": None,
            "upn": None, "former_upn": None, "upn_temp": None, "nhs": None, "uln": None,
        }
    ).astype("str")  # fmt: skip
    parts = made.parts(typed)
    number, post, house, street = (
        frame[name].str.strip() for name in ("soc_sec_id", "postcode", "street_number", "address_1")
    )
    parts["nhs"] = parts["nhs_any"] = number  # the number has no check digit
    parts["postcode"], parts["postcode_district"] = post, post.str[:3]
    parts["house"], parts["uprn"] = (
        post + "/" + house,
        house + " " + street,
    )  # the address as a key of its own
    return parts


def families(children: int, seed: int) -> dict:
    """Households over both files, and mothers with their babies (normal and hard)."""
    a, b = made.invent(children, seed)
    records = made.records(made.parts(a), made.parts(b))
    found = households(records, find(records, records.source).persons.cluster).household
    home = np.concatenate([a["home"], b["home"]])
    frame = pd.DataFrame({"found": np.where(found < 0, -1 - np.arange(len(found)), found), "true": home})

    def pairs(columns: list[str]) -> int:
        sizes = frame.groupby(columns).size()
        return int((sizes * (sizes - 1) // 2).sum())

    right, linked, meant = pairs(["found", "true"]), pairs(["found"]), pairs(["true"])
    told = {
        "households": {
            "precision": round(right / linked, 4),
            "recall": round(right / meant, 4),
            "f1": round(2 * right / (linked + meant), 4),
        }
    }
    for mess in (1.0, 2.0):
        babies, deliveries, truth = made.births(children, seed, mess=mess)
        met = mothers_of(babies, deliveries)
        hit = int((truth[met["baby"]] == met["delivery"]).sum())
        precision, recall = hit / len(met), hit / int((truth >= 0).sum())
        told[f"mother-baby, mess {mess:.0f}"] = {
            "precision": round(precision, 4),
            "recall": round(recall, 4),
            "f1": round(2 * precision * recall / (precision + recall), 4),
        }
    return told


def summary(report: dict) -> str:
    """The figures side by side, as a Markdown table."""
    lines = [
        "| population | F1 | precision | false twin links | calibration | CPU s | Splink F1 | precision | twins | calibration | CPU s | F1 ratio | standard F1 | ratio | anonlink F1 |",
        "|---" * 15 + "|",
    ]
    for name, told in report.items():
        mine = told.get("ours")
        if not mine:
            continue
        theirs = told.get("splink", {})
        at = theirs.get("pairs at 0.9", {})
        other = told.get("anonlink", {}).get("best of all tries, with hindsight", {})
        persons = mine["persons"]
        bare = told.get("standard", {}).get("persons", {}).get("f1", "")
        ratio = round(persons["f1"] / at["f1"], 4) if at else ""
        bare_ratio = round(bare / at["f1"], 4) if at and bare else ""
        cells = [name, persons["f1"], persons["precision"], persons.get("false twin links", ""), mine["calibration"], mine["cpu"],
                 at.get("f1", ""), at.get("precision", ""), at.get("false twin links", ""), theirs.get("calibration", ""), theirs.get("cpu", ""), ratio, bare, bare_ratio, other.get("f1", "")]  # fmt: skip
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def curve(sizes: list[int], kept: Path) -> list[dict]:
    """Cost by size: each population made once and kept, each linkage a process of its own, so that peak memory is its own."""
    rows = []
    for size in sizes:
        if not (kept / str(size)).exists():
            linkage_disk.keep(size, kept / str(size))
        told = subprocess.run(
            [sys.executable, __file__, "--one", str(kept / str(size))],
            check=True,
            capture_output=True,
            text=True,
        )
        rows.append(json.loads(told.stdout.splitlines()[-1]))
        print(json.dumps(rows[-1]), flush=True)
    return rows


def one_size(folder: Path) -> dict:
    """Link the population kept in `folder`: what it costs, and how right it is."""
    records, true = linkage_disk.load(folder)
    split = int((records.source == 0).sum())
    before = _peak()
    started, clock = time.process_time(), time.monotonic()
    found = find(records, records.source)
    spent, wall = time.process_time() - started, time.monotonic() - clock
    peak = _peak()
    left, right = across(found.persons.cluster, split)
    one, two = (pd.Series(part).value_counts() for part in (true[:split], true[split:]))
    told = quality(left, right + split, true, matches=int((one * two).dropna().sum()))
    return {
        "records": [split, len(records) - split],
        **told,
        "threshold": found.threshold,
        "cpu": round(spent, 1),
        "wall": round(wall, 1),
        "peak GB": round(peak, 2),
        "of which the records": round(before, 2),
        "pairs looked at": int(found.patterns.count.sum()),
    }


def _peak() -> float:
    """GB that this process held at most (`ru_maxrss` would take over what its parent held)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 2**20


def on_spark(url: str, children: int) -> dict:
    """Splink's pairs on Spark beside those on DuckDB (so few children that both take every pair for a sample). No test:
    Splink asks some 280 queries, and Spark plans each anew, whatever is in them: over a minute of a processor."""
    from tre_toolkit.linkage.room import room
    from tre_toolkit.linkage.splink_engine import database, find_pairs

    a, b = made.invent(children, 27, overlap=0.5)
    records = made.records(made.parts(a), made.parts(b))
    found, took = {}, {}
    for name, address in (("DuckDB", None), ("Spark", url)):
        clock = time.monotonic()
        with room(folder=True) as place:
            found[name] = find_pairs(
                records, records.source, api=database(room=place, spark=address), least=0.5
            )
        took[name] = round(time.monotonic() - clock, 1)
    both = found["DuckDB"].merge(found["Spark"], on=["left", "right"], how="outer")
    return {
        "pairs": {name: len(pairs) for name, pairs in found.items()},
        "in one only": int(both.isna().any(axis=1).sum()),
        "largest difference of probability": float(
            (both["probability_x"] - both["probability_y"]).abs().max()
        ),
        "wall": took,
    }


def _matches(a: pd.DataFrame, b: pd.DataFrame) -> int:
    return int((a["person"].value_counts() * b["person"].value_counts()).dropna().sum())


def _peer(words: list) -> dict:
    told = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)
    return json.loads(told.stdout.strip().splitlines()[-1])


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--splink", "--anonlink", "--febrl", "--into", "--curve"):
        asked.add_argument(name)
    asked.add_argument("--spark", metavar="URL")
    asked.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked.add_argument("--kept", type=Path, help="where populations of the curve are kept, for the next time")
    asked.add_argument("--children", type=int, default=30_000)
    asked.add_argument("--seeds", default="11,12,13")
    asked.add_argument("--mess", default="1,2")
    chosen = asked.parse_args()
    if chosen.one:
        print(json.dumps(one_size(chosen.one)))
        return
    if chosen.spark:
        print(json.dumps(on_spark(chosen.spark, chosen.children)))
        return
    report: dict = {}
    if chosen.curve:
        with tempfile.TemporaryDirectory() as folder:
            kept = chosen.kept or Path(folder)
            report["curve"] = curve([int(size) for size in chosen.curve.split(",")], kept)
    else:
        for mess in filter(None, chosen.mess.split(",")):
            for seed in filter(None, chosen.seeds.split(",")):
                a, b = made.invent(chosen.children, int(seed), mess=float(mess))
                parts = [made.parts(a), made.parts(b)]
                told = {
                    "records": [len(a), len(b)],
                    "true pairs": _matches(a, b),
                    "ours": ours(a, b, parts),
                    "standard": ours(a, b, parts, profile="standard"),
                }
                if chosen.splink:
                    told["splink"] = splink(chosen.splink, a, b, parts)
                if chosen.anonlink:
                    told["anonlink"] = anonlink(chosen.anonlink, a, b, parts)
                report[f"mess {mess} seed {seed}"] = told
                print(f"mess {mess} seed {seed}", json.dumps(told), flush=True)
        if chosen.febrl:
            report["febrl4"] = febrl(chosen.febrl, chosen.splink)
            print("febrl4", json.dumps(report["febrl4"]))
        for seed in filter(None, chosen.seeds.split(",")):
            report[f"families, seed {seed}"] = families(chosen.children, int(seed))
            print(f"families, seed {seed}", json.dumps(report[f"families, seed {seed}"]))
        print("\n" + summary(report))
    if chosen.into:
        Path(chosen.into).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
