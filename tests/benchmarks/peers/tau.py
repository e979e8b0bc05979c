"""tau-Argus on one table of counts, in a Python that holds `pytauargus`: cells it hides, and what that and its audit take.

    python tau.py TABLE.json OPT 1      or   MOD 0

TABLE.json holds `counts` (the inner cells), `codes` (their members by dimension) and `trees` (for each dimension the
lines of a hierarchy, or nothing). Frequency rule 6 with a 20 % range, which asks one above and one below; one unit of
cost a cell. It runs in a folder of its own that is removed: tau-Argus leaves true values in its scratch files.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from pytauargus import protect
from pytauargus.batch import Suppress, parse_batch
from pytauargus.engine import Engine


def main() -> None:
    """Print one line of JSON."""
    told = json.loads(Path(sys.argv[1]).read_text())
    method, minutes = sys.argv[2], sys.argv[3]
    names = [f"v{at}" for at in range(len(told["trees"]))]
    columns: dict[str, list] = {name: [] for name in names}
    for codes, count in zip(told["codes"], told["counts"], strict=True):
        for name, code in zip(names, codes, strict=True):
            columns[name] += [code] * count
    columns["n"] = [1] * len(columns[names[0]])
    with tempfile.TemporaryDirectory() as folder:
        trees = {}
        for name, lines in zip(names, told["trees"], strict=True):
            if lines:
                trees[name] = str(Path(folder) / f"{name}.hrc")
                Path(trees[name]).write_text("\n".join(lines) + "\n")
        made = protect(
            columns, names, "n", "FREQ(6,20)", f"{method}(1,{minutes})", cost_var="-2", workdir=folder, run=False,
            hrc=trees or None, hierleadstring="@" if trees else None,
        )  # fmt: skip
        engine, took = Engine(), 0.0
        commands = parse_batch(made.files["arb"])
        engine._batch_dir = Path(folder)
        for command in commands:
            began = time.process_time()
            engine._execute(command)
            if isinstance(command, Suppress):
                took = time.process_time() - began
        began = time.process_time()
        rows = engine.audit(0)
        audited = time.process_time() - began
    status = [row["status"] for row in rows]
    print(json.dumps({"seconds": took, "audit": audited, "hidden": len(rows), "status": sorted(set(map(str, status))),
                      "by": {str(one): status.count(one) for one in set(status)},
                      "unsafe": sum(bool(row["unsafe"]) for row in rows)}))  # fmt: skip


if __name__ == "__main__":
    main()
