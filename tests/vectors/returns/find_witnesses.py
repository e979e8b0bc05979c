"""Find, for each rule, the smallest change to a clean return that breaks it: writes witnesses.json.

Run by hand when rules change (`python tests/vectors/returns/find_witnesses.py`); the tests read what it
found. Stories of the clean base are copied under new names, each copy changed at random in a cell or two that
the rule speaks of, and all copies are put before the rules together; the copies that a rule reports are its
witnesses. The smallest is tried alone on the clean base before it is kept.
"""

from __future__ import annotations

import json
import random
import re
import runpy
import sys
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).parent
BASE = runpy.run_path(str(HERE / "base.py"))
LOOKUPS = {path.stem: path for path in sorted((HERE / "lookups").glob("*.csv"))}
CHILD = {"ssda903": "CHILD", "cin_census": "LAchildID"}
SCALE = {"ssda903": ("%d/%m/%Y",), "cin_census": ("%Y-%m-%d",)}
ROUNDS = 6
COPIES = 40  # changed stories a rule gets in each round
AGES = (4, 5, 10, 11, 14, 15, 16, 17, 18, 19, 21, 25, 26)


def main(names: list[str]) -> None:
    """Fill witnesses.json for rules that have none yet."""
    path = HERE / "witnesses.json"
    kept = json.loads(path.read_text()) if path.exists() else []
    for name in names or ["ssda903", "cin_census"]:
        for year in range(2023, 2028):
            kept += search(name, year, kept)
            path.write_text(dump(kept))
    path.write_text(dump(kept))


def dump(kept: list[dict]) -> str:
    """One witness a line, in order."""
    kept.sort(key=lambda one: (one["dataset"], one["rule"], one["year"]))
    return "[\n" + ",\n".join(json.dumps(one) for one in kept) + "\n]\n"


def entries(name: str, year: int) -> list:
    """The rules first seen in `year`: 2023 stands for all years before it."""
    from tre_toolkit.schema import schema

    return [rule for rule in schema(name, year).rules if rule.sql and (max(rule.since or 2023, 2023) == year)]


def search(name: str, year: int, kept: list[dict]) -> list[dict]:
    have = {(one["dataset"], one["rule"], one["year"]) for one in kept}
    todo = {rule.id: rule for rule in entries(name, year) if (name, rule.id, year) not in have}
    found: list[dict] = []
    chance = random.Random(year)
    for turn in range(ROUNDS):
        if not todo:
            break
        for one in trial(name, year, list(todo.values()), chance, edits=1 + turn % 3):
            if one["rule"] in todo and confirmed(one):
                found.append(one)
                del todo[one["rule"]]
        print(name, year, "round", turn, "left", sorted(todo), flush=True)
    return found


def drawn(name: str, year: int) -> dict[str, list[dict]]:
    """Both years' tables under one roof: last year's are called TABLE_last."""
    now = BASE[name](year)
    if name == "cin_census":
        return {table: [dict(row) for row in rows] for table, rows in now.items()}
    before = BASE[name](year, last=True)
    both = {**now, **{f"{table}_last": rows for table, rows in before.items()}}
    return {table: [dict(row) for row in rows] for table, rows in both.items()}


def reported(
    name: str, year: int, tables: dict[str, list[dict]], rules: list[str]
) -> dict[str, dict[str, list[int]]]:
    """Rule to table to row numbers, with last year and all lookups given."""
    from tre_toolkit.returns import validate

    now = {table: rows for table, rows in tables.items() if not table.endswith("_last")}
    return_ = BASE["as_return"](name, year, tables=now)
    last = None
    if name == "ssda903":
        before = {table[:-5]: rows for table, rows in tables.items() if table.endswith("_last")}
        last = BASE["as_return"](name, year - 1, tables=before)
    import dataclasses

    return_ = dataclasses.replace(return_, synthetic=False)  # so that no rule is waived
    report = validate(return_, last, LOOKUPS if name == "ssda903" else None, only=rules)
    answer: dict[str, dict[str, list[int]]] = {}
    for finding in report.findings:
        answer.setdefault(finding.rule, {})[finding.table] = finding.rows.tolist()
    return answer


def trial(name: str, year: int, rules: list, chance: random.Random, edits: int) -> list[dict]:
    """Changed copies of stories, all at once; what each rule reports, as candidate witnesses."""
    base = drawn(name, year)
    key = CHILD[name]
    children = sorted({row[key] for rows in base.values() for row in rows if row.get(key)})
    tables = {table: [dict(row) for row in rows] for table, rows in base.items()}
    log: dict[str, tuple[str, list]] = {}
    owner: dict[str, list[str]] = {table: [""] * len(rows) for table, rows in tables.items()}
    for rule in rules:
        for _ in range(COPIES):
            child, copy = chance.choice(children), f"C{len(log)}"
            story = {t: [dict(row) for row in rows if row.get(key) == child] for t, rows in base.items()}
            changes = [change(name, year, rule, story, base, child, chance) for _ in range(edits)]
            changes = [one for one in changes if one]
            if not changes:
                continue
            log[copy] = (rule.id, changes)
            for table, rows in story.items():
                for row in rows:
                    row[key] = copy if row.get(key) == child else row.get(key)
                    if row.get("UPN", "").startswith(tuple(BASE["LETTERS"])) and row["UPN"][1:4] == "999":
                        same = any(
                            one["UPN"] == row["UPN"] for one in base.get(table, []) if one.get(key) == child
                        )
                        row["UPN"] = BASE["upn"](10_000 + len(log)) if same else row["UPN"]
                    tables[table].append(row)
                    owner[table].append(copy)
    answer = reported(name, year, tables, [rule.id for rule in rules])
    best: dict[str, tuple[int, list]] = {}
    for rule_id, by_table in answer.items():
        for table, numbers in by_table.items():
            for number in numbers:
                copy = owner.get(table, [])[number] if number < len(owner.get(table, [])) else ""
                if copy in log:
                    changes = log[copy][1]
                    options = best.setdefault(rule_id, (0, []))
                    options[1].append(changes)
    out = []
    for rule_id, (_, options) in best.items():
        options.sort(key=lambda changes: (len(changes), len(json.dumps(changes))))
        out += [
            {"dataset": name, "rule": rule_id, "year": year, "changes": changes} for changes in options[:6]
        ]
    return out


def change(name, year, rule, story, base, child, chance) -> list | None:
    """One change to a story, applied to it in place: [table, row in the base, column, value], or an added row."""
    names = [table for table in rule.tables if table in base] or [next(iter(base))]
    names += [
        f"{table}_last" for table in rule.tables if f"{table}_last" in base and "_last" in (rule.sql or "")
    ]
    table = chance.choice(names)
    rows, key = base[table], CHILD[name]
    mine = [at for at, row in enumerate(rows) if row.get(key) == child]
    move = chance.random()
    if move < 0.12 or not mine:
        model = chance.choice(mine) if mine else (chance.randrange(len(rows)) if rows else None)
        if model is None:
            return None
        row = {**rows[model], key: child}
        for column in row:
            if column in {"DOB", "SEX"}:
                same = [one for one in story.get("header", []) if one.get(column)]
                row[column] = same[0][column] if same else row[column]
        if chance.random() < 0.7:
            column = pick(rule, row, chance)
            row[column] = value(name, year, rule, column, story, row, chance)
        if any(one.get("__row") == ("add", table) for one in story[table]):
            return None
        story[table].append(dict(row))
        return [table, "add", row]
    at = chance.choice(mine)
    if len(story[table]) <= mine.index(at):
        return None
    target = story[table][mine.index(at)]
    if move < 0.2:
        story[table].remove(target)
        return [table, at, "delete", None]
    column = pick(rule, target, chance)
    new = value(name, year, rule, column, story, target, chance)
    if new == target.get(column):
        return None
    target[column] = new
    return [table, at, column, new]


def pick(rule, row: dict, chance: random.Random) -> str:
    named = [column for column in row if column in rule.fields or column in (rule.sql or "")]
    return chance.choice(named if named and chance.random() < 0.9 else list(row))


def value(name, year, rule, column, story, row, chance) -> str:
    """A value of the column's kind: blank, junk, one the rule names, another row's, or a date on a limit."""
    form = SCALE[name][0]
    sort = chance.random()
    if sort < 0.2:
        return ""
    if sort < 0.27:
        return chance.choice(["XX", "31/02/2024", "2024-02-31", "9", "-1", "99999"])
    is_date = parse(row.get(column, ""), form) is not None or re.search(
        "DATE|Date|DEC|DOB|DUC|START|END|REVIEW$|CPC", column
    )
    if not is_date:
        words = [
            word
            for word in re.findall(r"'([^'%]*)'", rule.sql or "")
            if 0 < len(word) <= 8 and " " not in word
        ]
        others = [one[column] for rows in story.values() for one in rows if one.get(column)]
        pool = [*words, *words, *others, "0", "1", "M", "F", "U", "N2", "WBRI", "REFU", "false", "true"]
        if "URN" in column:
            pool += ["9990003", "9990004", "9990099", "XXXXXXX", ""]
        if "POST" in column:
            pool += ["ZZ99 1AC", "ZZ99 1AD", "ZZ99 1WA", "ZZ99 1SC", "QQ1 1QQ", ""]
        if "UPN" in column:
            pool += [
                "UN1",
                "UN4",
                "UN5",
                "A999199900001",
                "Y99900002500Z",
                "I123456789012",
                "A9991",
                "A99919990000I",
                "AX99199900001",
            ]
        if "SDQ_SCORE" in column:
            pool += ["41", "x", "40"]
        return chance.choice(pool)
    dates = [
        parse(text, form)
        for rows in story.values()
        for one in rows
        for text in one.values()
        if parse(text or "", form)
    ]
    born = [
        parse(one.get(c, ""), form)
        for rows in story.values()
        for one in rows
        for c in ("DOB", "PersonBirthDate")
        if one.get(c)
    ]
    limits = [
        date(year - 1, 4, 1),
        date(year, 3, 31),
        date(year - 2, 3, 31),
        date(year - 1, 3, 31),
        date(1991, 10, 13),
        date(2005, 12, 31),
        date(2016, 3, 1),
        date(2030, 1, 1),
        date(1995, 5, 5),
        date(year, 3, 28),
    ]
    for born_on in born:
        if born_on:
            limits += [shift(born_on, age) for age in AGES]
    pool = [*dates, *limits]
    day = chance.choice(pool)
    day += timedelta(
        days=chance.choice([0, 0, -1, 1, -1, 1, 2, 4, 7, 8, 18, 22, 30, -30, 200, -200, -300, 400])
    )
    return day.strftime(form)


def shift(born: date, years: int) -> date:
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return born.replace(year=born.year + years, day=28)


def parse(text: str, form: str) -> date | None:
    from datetime import datetime

    try:
        return datetime.strptime(text, form).date()
    except (ValueError, TypeError):
        return None


def confirmed(one: dict) -> bool:
    """Whether the change alone, on the clean base, breaks the rule; its rows are noted. Shrinks it on the way."""
    if one["rule"] == "1530":  # the base's own pupil numbers break it: it has a test of its own
        return False
    for less in range(len(one["changes"])):
        fewer = [change for at, change in enumerate(one["changes"]) if at != less]
        if fewer and broken({**one, "changes": fewer}):
            one["changes"] = fewer
            break
    rows = broken(one)
    if rows:
        one["rows"] = rows
    return bool(rows)


def broken(one: dict) -> dict[str, list[int]] | None:
    tables = apply(one)
    return reported(one["dataset"], one["year"], tables, [one["rule"]]).get(one["rule"])


def apply(one: dict) -> dict[str, list[dict]]:
    """The clean base with the witness's changes."""
    tables = drawn(one["dataset"], one["year"])
    gone: list[tuple[str, int]] = []
    for change in [*one.get("before", []), *one["changes"]]:
        table, at, *rest = change
        if at == "add":
            tables[table].append(dict(rest[0]))
        elif rest[0] == "delete":
            gone.append((table, at))
        else:
            tables[table][at][rest[0]] = rest[1]
    for table, at in sorted(gone, key=lambda one: -one[1]):
        del tables[table][at]
    return tables


if __name__ == "__main__":
    main(sys.argv[1:])
