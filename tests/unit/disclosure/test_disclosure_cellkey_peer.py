"""Cell keys and noise are those of the ONS' own package, where it is given our noise table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from disclosure.cellkey import cell_keys, perturb

VECTORS = Path(__file__).parents[2] / "vectors" / "disclosure_cell_keys.json"


def test_the_same_records_get_the_same_cell_keys_and_the_same_noise_as_from_the_ons_package() -> None:
    told = json.loads(VECTORS.read_text())
    records = pd.DataFrame(told["records"])
    labels = [f"{area}/{need}" for area, need, *_ in told["cells"]]
    place = {label: at for at, label in enumerate(labels)}
    cell = np.array([place[f"{area}/{need}"] for area, need in zip(records.area, records.need, strict=True)])
    counts = np.bincount(cell, minlength=len(labels))
    keys = cell_keys(cell, records.record_key.to_numpy(), len(labels))
    assert counts.tolist() == [row[2] for row in told["cells"]]
    assert keys.tolist() == [row[3] for row in told["cells"]]
    assert perturb(counts, keys).figures.tolist() == [row[4] for row in told["cells"]]
    assert len({row[4] - row[2] for row in told["cells"]}) > 2  # and there was noise
