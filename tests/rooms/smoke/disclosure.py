"""Disclosure alone: a table with a small cell fails, its protected form passes."""

import sys
from pathlib import Path

from disclosure import check_file, protect

place = Path(sys.argv[1])
table = place / "need.csv"
table.write_text(
    "need,girls,boys,Total\nabuse,40,38,78\ndisability,21,3,24\nother,19,25,44\nTotal,80,66,146\n"
)
assert check_file(table, packs=["dfe-cin"]).level.name == "FAIL"
protect(table, method="suppress", packs=["dfe-cin"]).write(place / "need.safe.csv")
assert check_file(place / "need.safe.csv", packs=["dfe-cin"]).level.name != "FAIL"
print("disclosure works")
