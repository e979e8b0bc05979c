"""An invented population as linkage sees it, kept on disk: made once, read by every measurement.

Making a million records of text takes longer than linking them, and more memory; a measurement that reads the codes
alone measures linkage alone. One kind of token after another is made and written, so that no two are held at once.
"""

from __future__ import annotations

import json
from pathlib import Path

import linkage_population as made
import numpy as np
import pandas as pd

from tre_toolkit.linkage.records import Lists, Records, kind

NAMES = ("990", "991")
ADDRESSES = [("uprn",), ("house",)]  # bare, for households


def keep(size: int, folder: Path, *, seed: int = 7) -> None:
    """Invent two files of about `size` records each and write their codes and their true persons into `folder`."""
    folder.mkdir(parents=True)
    files = made.invent(int(size * 1.667), seed)
    lengths = [len(one) for one in files]
    np.save(folder / "person.npy", np.concatenate([one["person"].to_numpy(np.int64) for one in files]))
    whole = pd.concat([made.parts(one) for one in files], ignore_index=True)
    del files
    for parts in [*made.STRICT, *ADDRESSES]:
        np.save(folder / f"t_{kind(parts)}.npy", made.tokens_of(whole, parts))
    for parts in made.LISTS:
        found = made.deletions(whole, parts)
        np.savez(folder / f"n_{kind(parts)}.npz", starts=found.starts, values=found.values)
    (folder / "lengths.json").write_text(json.dumps(lengths))


def load(folder: Path) -> tuple[Records, np.ndarray]:
    """The records that `keep` wrote, and the true person of each."""
    lengths = json.loads((folder / "lengths.json").read_text())
    source = np.repeat(np.arange(len(lengths)), lengths)
    name = pd.Categorical.from_codes(source, list(NAMES))
    about = pd.DataFrame(
        {
            "parcel": name,
            "authority": name,
            "dataset": pd.Categorical.from_codes(np.zeros(len(source), dtype=np.int8), ["children"]),
            "period": pd.Categorical.from_codes(np.zeros(len(source), dtype=np.int8), ["2025"]),
            "record_id": np.arange(len(source)),
            "source": source,
        }
    )
    tokens = {path.stem[2:]: np.load(path) for path in sorted(folder.glob("t_*.npy"))}
    lists = {}
    for path in sorted(folder.glob("n_*.npz")):
        with np.load(path) as found:
            lists[path.stem[2:]] = Lists(found["starts"], found["values"])
    return Records(about, tokens, lists, NAMES), np.load(folder / "person.npy")
