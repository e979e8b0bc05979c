"""Splink 5 on clear text: the reference. Run by a Python of its own that has splink:  splink_clear.py LEFT RIGHT OUT SETTINGS

LEFT and RIGHT are Parquet files of standardised parts with a column `row`; OUT gets the pairs (left, right,
probability) over 0.001. SETTINGS is `children` or `febrl`. Prints one line of JSON: CPU seconds.
"""

import json
import sys
import time

import pandas as pd
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on


def either_null(*columns: str) -> str:
    return " or ".join(f"{column}_l is null or {column}_r is null" for column in columns)


def level(sql: str, label: str) -> dict:
    return {"sql_condition": sql, "label_for_charts": label}


def null(*columns: str) -> dict:
    return {"sql_condition": either_null(*columns), "label_for_charts": "null", "is_null_level": True}


def comparison(name: str, *levels: dict) -> cl.CustomComparison:
    return cl.CustomComparison(
        output_column_name=name,
        comparison_levels=[*levels, {"sql_condition": "ELSE", "label_for_charts": "else"}],
    )


def near(column: str) -> dict:
    return level(f"damerau_levenshtein({column}_l, {column}_r) <= 1", "one edit")


def names(column: str, *more: dict) -> cl.CustomComparison:
    return comparison(
        column, null(column), level(f"{column}_l = {column}_r", "exact"), *more, near(column),
        level(f"jaro_winkler_similarity({column}_l, {column}_r) >= 0.88", "jw"), level(f"{column}_sound_l = {column}_sound_r", "sound"),
        level(f"{column}_first3_l = {column}_first3_r", "first three"),
    )  # fmt: skip


DATE = comparison(
    "birth_date", null("birth_date"), level("birth_date_l = birth_date_r", "exact"), level("birth_swap_l = birth_swap_r", "swap"), near("birth_date"),
    level("birth_ym_l = birth_ym_r or birth_md_l = birth_md_r or birth_yd_l = birth_yd_r", "two of three"), level("birth_year_l = birth_year_r", "year"),
)  # fmt: skip


def number(column: str, loose: str) -> cl.CustomComparison:
    return comparison(column, null(loose), level(f"{column}_l = {column}_r", "exact"), near(loose))


def children() -> SettingsCreator:
    upn = comparison(
        "upn", level("upn_l = upn_r or former_upn_l = upn_r or upn_l = former_upn_r or former_upn_l = former_upn_r or upn_temp_l = upn_temp_r", "exact"),
        level("damerau_levenshtein(upn_any_l, upn_any_r) <= 1", "one edit"), null("upn"),
    )  # fmt: skip
    nhs = comparison(
        "nhs",
        level("nhs_l = nhs_r", "exact"),
        level("damerau_levenshtein(nhs_any_l, nhs_any_r) <= 1", "one edit"),
        null("nhs"),
    )
    address = comparison(
        "address", level("uprn_l = uprn_r", "uprn"), level("house_l = house_r", "house"), level("postcode_l = postcode_r", "postcode"), near("postcode"),
        level("postcode_sector_l = postcode_sector_r", "sector"), level("postcode_district_l = postcode_district_r", "district"), null("postcode_district"),
    )  # fmt: skip
    part = level("given_joined_l = given_joined_r or given_l = middle_r or middle_l = given_r", "part")
    exchanged = level("given_l = surname_r and surname_l = given_r and surname_l <> surname_r", "exchanged")
    parts = level(
        "surname_part1_l = surname_part1_r or surname_part2_l = surname_part2_r or surname_part1_l = surname_part2_r or surname_part2_l = surname_part1_r",
        "part",
    )
    rules = [
        "l.upn = r.upn", "l.former_upn = r.upn", "l.upn = r.former_upn", "l.nhs = r.nhs", "l.uln = r.uln", "l.uprn = r.uprn",
        "l.birth_date = r.birth_date and l.given_first3 = r.given_first3", "l.birth_date = r.birth_date and l.surname_first3 = r.surname_first3",
        "l.birth_date = r.birth_date and l.postcode_district = r.postcode_district", "l.given = r.given and l.surname = r.surname",
        "l.birth_date = r.birth_date and l.given = r.surname", "l.surname = r.surname and l.postcode = r.postcode", "l.given = r.given and l.postcode = r.postcode",
        "l.birth_swap = r.birth_swap and l.given_sound = r.given_sound", "l.surname = r.surname and l.given_first3 = r.given_first3 and l.birth_ym = r.birth_ym",
        "l.given = r.given and l.birth_md = r.birth_md", "l.given = r.given and l.birth_ym = r.birth_ym",
    ]  # fmt: skip
    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name="row",
        comparisons=[
            names("given", part, exchanged),
            names("surname", parts, exchanged),
            DATE,
            comparison("sex", null("sex"), level("sex_l = sex_r", "exact")),
            upn,
            nhs,
            comparison("uln", null("uln"), level("uln_l = uln_r", "exact")),
            address,
            comparison("middle", null("middle"), level("middle_l = middle_r", "exact")),
        ],
        blocking_rules_to_generate_predictions=rules,
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )


def febrl() -> SettingsCreator:
    """As Splink's own demonstration of FEBRL4 has it: levels by edit distance and similarity, numbers by edit distance."""
    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name="row",
        comparisons=[
            names("given", level("given_l = surname_r and surname_l = given_r", "exchanged")),
            names("surname", level("given_l = surname_r and surname_l = given_r", "exchanged")),
            DATE,
            comparison(
                "number",
                null("nhs_any"),
                level("nhs_any_l = nhs_any_r", "exact"),
                near("nhs_any"),
                level("damerau_levenshtein(nhs_any_l, nhs_any_r) <= 2", "two edits"),
            ),
            comparison(
                "postcode",
                null("postcode"),
                level("postcode_l = postcode_r", "exact"),
                near("postcode"),
                level("damerau_levenshtein(postcode_l, postcode_r) <= 2", "two edits"),
            ),
            comparison(
                "street",
                null("uprn"),
                level("uprn_l = uprn_r", "exact"),
                level("jaro_winkler_similarity(uprn_l, uprn_r) >= 0.9", "like"),
            ),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("given_first3", "surname_first3"),
            block_on("given_sound", "birth_year"),
            block_on("surname_sound", "birth_year"),
            block_on("birth_date"),
            block_on("nhs_any"),
            block_on("surname", "postcode"),
            block_on("given", "postcode"),
            "l.given = r.surname and l.surname = r.given",
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )


def main(left: str, right: str, out: str, which: str) -> None:
    frames = [pd.read_parquet(path) for path in (left, right)]
    started = time.process_time()
    api = DuckDBAPI()
    tables = [
        api.register(frame, dataset_display_name=name)
        for frame, name in zip(frames, ("one", "two"), strict=True)
    ]
    linker = Linker(tables, children() if which == "children" else febrl(), log_level="ERROR")
    sure = [
        "l.upn = r.upn",
        "l.nhs = r.nhs",
        "l.given = r.given and l.surname = r.surname and l.birth_date = r.birth_date",
    ]
    sure = (
        sure
        if which == "children"
        else [
            "l.nhs_any = r.nhs_any and l.birth_date = r.birth_date",
            "l.given = r.given and l.surname = r.surname and l.birth_date = r.birth_date",
        ]
    )
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.85)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    rounds = [
        "l.birth_date = r.birth_date and l.surname = r.surname",
        "l.nhs = r.nhs",
        "l.given = r.given and l.postcode = r.postcode",
    ]
    rounds = (
        rounds
        if which == "children"
        else [
            "l.birth_date = r.birth_date",
            "l.nhs_any = r.nhs_any",
            "l.given = r.given and l.surname = r.surname",
        ]
    )
    for rule in rounds:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=0.001).as_pandas_dataframe()
    spent = time.process_time() - started
    sides = found["source_dataset_l"] == "one"
    pairs = pd.DataFrame(
        {
            "left": found["row_l"].where(sides, found["row_r"]),
            "right": found["row_r"].where(sides, found["row_l"]),
            "probability": found["match_probability"],
        }
    )
    pairs.to_parquet(out)
    print(json.dumps({"cpu": round(spent, 2)}))


if __name__ == "__main__":
    assert cll
    main(*sys.argv[1:])
