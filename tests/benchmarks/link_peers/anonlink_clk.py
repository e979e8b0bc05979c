"""anonlink over clkhash encodings, as its own documentation does it. Run by a Python that has both:  anonlink_clk.py LEFT RIGHT OUT

Three schemas are tried, each solved greedily one to one at thresholds 0.70 to 0.95. LEFT and RIGHT are CSV files of
standardised parts; OUT gets a CSV row for each pair of each try: schema, threshold, left, right. Prints one line of JSON: CPU seconds.
"""

import csv
import json
import sys
import time

import anonlink
from clkhash import clk
from clkhash.comparators import ExactComparison, NgramComparison
from clkhash.field_formats import BitsPerFeatureStrategy, FieldHashingProperties, StringSpec
from clkhash.schema import Schema

SCHEMAS = {
    "names, date, sex, postcode": ("given", "surname", "birth_date", "sex", "postcode"),
    "names, date, sex": ("given", "surname", "birth_date", "sex"),
    "names, date, numbers": ("given", "surname", "birth_date", "upn_any", "nhs_any"),
}
THRESHOLDS = (0.70, 0.75, 0.80, 0.85, 0.90, 0.95)


def field(name: str) -> StringSpec:
    comparator = ExactComparison() if name == "sex" else NgramComparison(2, positional=name == "birth_date")
    return StringSpec(
        name, FieldHashingProperties(comparator, BitsPerFeatureStrategy(200 if name != "sex" else 60))
    )


def main(left: str, right: str, out: str) -> None:
    tables = []
    for path in (left, right):
        with open(path, newline="") as file:
            tables.append(list(csv.DictReader(file)))
    started, found = time.process_time(), []
    for name, columns in SCHEMAS.items():
        columns = [column for column in columns if column in tables[0][0]]
        schema = Schema([field(column) for column in columns], 1024)
        encoded = [
            clk.generate_clks(
                [[row[column] for column in columns] for row in table],
                schema,
                "thrown away",
                validate=False,
                max_workers=1,
            )
            for table in tables
        ]
        candidates = anonlink.candidate_generation.find_candidate_pairs(
            encoded, anonlink.similarities.dice_coefficient, THRESHOLDS[0]
        )
        similarities, _, (rows_left, rows_right) = candidates
        for threshold in THRESHOLDS:
            last = sum(one >= threshold for one in similarities)  # they come best first
            cut = (
                similarities[:last],
                (candidates[1][0][:last], candidates[1][1][:last]),
                (rows_left[:last], rows_right[:last]),
            )
            for one, two in anonlink.solving.pairs_from_groups(anonlink.solving.greedy_solve(cut)):
                found.append((name, threshold, one, two))
    spent = time.process_time() - started
    with open(out, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["schema", "threshold", "left", "right"])
        writer.writerows(found)
    print(json.dumps({"cpu": round(spent, 2)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
