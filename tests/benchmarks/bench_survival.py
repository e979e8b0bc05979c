"""Survival and sequences beside lifelines, R's survival and sequenzo: the same numbers, and what they cost.

    python tests/benchmarks/bench_survival.py [--peers PYTHON] [--rscript RSCRIPT] [--rows N]

`--peers` is a Python of its own with lifelines and sequenzo, `--rscript` an R with its survival package; what isn't
named is left out and said so. Every way runs in a process of its own; CPU seconds are those of the whole
process, and those of the work alone without reading and start-up. The aims: Kaplan-Meier on 1,000,000 rows 0.1 times lifelines;
Aalen-Johansen equal to R to 1e-9; Cox equal to R to 1e-6; LCS on 5,000 x 72 states 0.6 times sequenzo, equal sums.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

COX_ROWS, SEQUENCES, STEPS = 200_000, 5_000, 72
TOLERANCE = {"kaplan_meier": 1e-9, "aalen_johansen": 1e-9, "cox": 1e-6, "lcs": 0.0}

OURS = """
import numpy as np, pandas as pd
from tre_toolkit.research.survival import kaplan_meier, aalen_johansen, cox
from tre_toolkit.research.sequences import lcs_distances
def kaplan_meier_(d): return [kaplan_meier(d.time, d.cause > 0).at(1000)]
def aalen_johansen_(d): return aalen_johansen(d.time, d.cause).incidence[1000].tolist()
def cox_(d):
    fit = cox(d.time, d.cause == 1, d[["x1", "x2", "x3", "x4"]]); return [*fit.coefficients, *fit.errors]
def lcs_(d): return [float(lcs_distances(d.to_numpy()).sum(dtype=np.int64))]
"""
PEERS = """
import numpy as np, pandas as pd
def kaplan_meier_(d):
    from lifelines import KaplanMeierFitter
    return [float(KaplanMeierFitter().fit(d.time, d.cause > 0).predict(1000))]
def cox_(d):
    from lifelines import CoxPHFitter
    own = d.assign(event=d.cause == 1)[["time", "event", "x1", "x2", "x3", "x4"]]
    fit = CoxPHFitter().fit(own, "time", "event"); return [*fit.params_, *fit.standard_errors_]
def lcs_(d):
    import contextlib, io
    from sequenzo import SequenceData, get_distance_matrix
    with contextlib.redirect_stdout(io.StringIO()):
        columns = list(d.columns); d = d.assign(id=range(len(d)))
        s = SequenceData(d, time=columns, id_col="id", states=list(range(6)), labels=[str(at) for at in range(6)])
        m = get_distance_matrix(seqdata=s, method="LCS", norm="none")
    return [float(np.asarray(m).sum())]
"""
RUN = """
import json, resource, sys, time
frame = pd.read_parquet(sys.argv[2])
cpu = time.process_time(); found = globals()[sys.argv[1] + "_"](frame); cpu = time.process_time() - cpu
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"values": found, "work": cpu, "cpu": used.ru_utime + used.ru_stime}))
"""
TRAMINER = """
suppressMessages(library(TraMineR)); a <- commandArgs(TRUE); d <- read.csv(a[2]); t0 <- proc.time()
m <- suppressMessages(seqdist(suppressMessages(seqdef(d)), method = "LCS", full.matrix = FALSE)); v <- 2 * sum(m)
t <- proc.time() - t0; all <- proc.time()
cat(sprintf('{"values": [%.15g], "work": %f, "cpu": %f}', v, t[1] + t[2], all[1] + all[2]))
"""
R = """
suppressMessages(library(survival)); a <- commandArgs(TRUE); d <- read.csv(a[2]); t0 <- proc.time()
if (a[1] == "kaplan_meier") v <- summary(survfit(Surv(time, cause > 0) ~ 1, d), times = 1000, extend = TRUE)$surv
if (a[1] == "aalen_johansen") { f <- survfit(Surv(time, factor(cause, 0:2)) ~ 1, d)
  v <- summary(f, times = 1000, extend = TRUE)$pstate[1, 2:3] }
if (a[1] == "cox") { f <- coxph(Surv(time, cause == 1) ~ x1 + x2 + x3 + x4, d); v <- c(coef(f), sqrt(diag(vcov(f)))) }
t <- proc.time() - t0; all <- proc.time()
cat(sprintf('{"values": [%s], "work": %f, "cpu": %f}', paste(sprintf("%.15g", v), collapse = ", "), t[1] + t[2], all[1] + all[2]))
"""


def invent(folder: Path, rows: int) -> dict[str, Path]:
    """Write the data of each task as Parquet, and as CSV for R."""
    import pandas as pd

    rng = np.random.default_rng(3)
    n = max(rows, COX_ROWS)
    x = np.column_stack(
        [rng.normal(size=n), rng.integers(0, 2, n), rng.normal(size=n), rng.integers(0, 3, n)]
    )
    time_ = np.ceil(rng.exponential(900 / np.exp(x @ [0.3, -0.5, 0.1, 0.2]))).astype(int)
    frame = pd.DataFrame(
        {"time": np.minimum(time_, 2_000), "cause": np.where(time_ > 2_000, 0, rng.integers(0, 3, n))}
    )
    for at in range(4):
        frame[f"x{at + 1}"] = x[:, at]
    kinds = rng.integers(0, 6, (SEQUENCES, STEPS))
    tables = {
        "kaplan_meier": frame.iloc[:rows][["time", "cause"]], "aalen_johansen": frame.iloc[:COX_ROWS][["time", "cause"]],
        "cox": frame.iloc[:COX_ROWS], "lcs": pd.DataFrame(kinds, columns=[f"t{at}" for at in range(STEPS)]),
    }  # fmt: skip
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
        table.to_csv(folder / f"{name}.csv", index=False)
    return {name: folder / name for name in tables}


def run(words: list[str]) -> dict[str, object] | None:
    """What a way printed, or nothing when it can't do the task."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        return None
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> int:
    """Print the table; fail when a peer's numbers differ."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--peers")
    asked.add_argument("--rscript")
    asked.add_argument("--rows", type=int, default=1_000_000)
    given = asked.parse_args()
    agreed = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = invent(folder, given.rows)
        (folder / "script.R").write_text(R)
        (folder / "traminer.R").write_text(TRAMINER)
        traminer = (
            given.rscript
            and not subprocess.run([given.rscript, "-e", "library(TraMineR)"], capture_output=True).returncode
        )
        print(f"{'task':<15} {'way':<9} {'work s':>8} {'CPU s':>7} {'ours ×':>7}  largest difference")
        for task, place in places.items():
            ways = {"ours": [sys.executable, "-c", OURS + RUN, task, f"{place}.parquet"]}
            if given.peers and task != "aalen_johansen":
                ways["sequenzo" if task == "lcs" else "lifelines"] = [
                    given.peers,
                    "-c",
                    PEERS + RUN,
                    task,
                    f"{place}.parquet",
                ]
            if given.rscript and task != "lcs":
                ways["R"] = [given.rscript, str(folder / "script.R"), task, f"{place}.csv"]
            if traminer and task == "lcs":
                ways["TraMineR"] = [given.rscript, str(folder / "traminer.R"), task, f"{place}.csv"]
            found = {way: run(words) for way, words in ways.items()}
            own = found["ours"]
            for way, told in found.items():
                if told is None or own is None:
                    print(f"{task:<15} {way:<9} failed")
                    agreed = agreed and way != "ours"
                    continue
                gap = float(np.abs(np.subtract(told["values"], own["values"])).max())
                agreed = agreed and gap <= TOLERANCE[task]
                print(
                    f"{task:<15} {way:<9} {told['work']:>8.3f} {told['cpu']:>7.2f} {own['work'] / told['work']:>7.3f}  {gap:.1e}"
                )
    for peer, named in (
        ("lifelines and sequenzo", given.peers),
        ("R", given.rscript),
        ("TraMineR", traminer),
    ):
        if not named:
            print(f"left out: {peer} (not named, or not installed)")
    print("all agree" if agreed else "THE NUMBERS DIFFER")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
