"""Everything a session makes of a table it opened has a recipe, which gives the same bytes again; the rest says why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import disclosure
from disclosure.claims import word_of_author
from disclosure.evidence import WHY, read
from disclosure.findings import Level
from disclosure.rederive import standing
from disclosure.sessions.recipes import MAKERS
from disclosure.sessions.sources import bytes_of, formula_columns, plain_formula
from tre_toolkit.cli import run
from tre_toolkit.errors import MisuseError, TreError

Made = Callable[[disclosure.Session, pd.DataFrame], Any]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of three thousand invented people."""
    rng = np.random.default_rng(1)
    folder = tmp_path_factory.mktemp("recipes") / "workspace"
    folder.mkdir()
    many = 3_000
    people = pd.DataFrame(
        {
            "person_id": [f"P{at:012d}" for at in range(many)],
            "sex": rng.choice(["F", "M"], many),
            "area": rng.choice(["North", "South"], many),
            "age": rng.integers(0, 18, many),
            "cost": rng.uniform(50, 90, many).round(2),
            "days": rng.integers(1, 400, many),
            "left": rng.integers(0, 2, many),
            "cause": rng.integers(0, 3, many),
            "plan": rng.integers(0, 2, many),
        }
    )
    people.to_parquet(folder / "people.parquet")
    return folder


EVERY: dict[str, Made] = {
    "crosstab": lambda s, p: s.crosstab(p.area, p.sex, margins=True, name="t"),
    "crosstab of a mean": lambda s, p: s.crosstab(p.area, p.sex, p.cost, aggfunc="mean", name="t"),
    "pivot_table": lambda s, p: s.pivot_table(p, "cost", "area", "sex", aggfunc="sum", margins=True, name="t"),
    "pivot of a quantile": lambda s, p: s.pivot_table(p, "cost", ["area", "sex"], aggfunc="quantile", q=0.9, name="t"),
    **{
        f"groupby {measure}": lambda s, p, measure=measure: s.groupby(p, "area")["cost"].agg(measure, name="t")
        for measure in ("mean", "sum", "count", "median", "std")
    },
    "groups": lambda s, p: s.groupby(p, ["area", "sex"]).size(name="t"),
    "hist": lambda s, p: s.hist(p.age, 4, by=p.area, name="t"),
    "hist of edges": lambda s, p: s.hist(p.age, [0, 6, 12, 18], name="t"),
    "bar": lambda s, p: s.bar(p.area, name="t"),
    "scatter": lambda s, p: s.scatter(p.age, p.cost, bins=3, name="t"),
    "flow": lambda s, p: s.flow(p.area, p.sex, name="t"),
    "box": lambda s, p: s.box(p.days, by=p.area, name="t"),
    "kaplan_meier": lambda s, p: s.kaplan_meier(p.days, p["left"], p.area, name="t"),
    "cumulative_incidence": lambda s, p: s.cumulative_incidence(p.days, p.cause, p.area, name="t"),
    "ols": lambda s, p: s.ols("cost ~ age + C(area)", p, name="t"),
    "logit": lambda s, p: s.logit("left ~ age + C(area)", p, name="t"),
    "probit": lambda s, p: s.probit("left ~ age + cost", p, name="t"),
    "poisson": lambda s, p: s.poisson("days ~ age + cost", p, name="t"),
    "phreg": lambda s, p: s.phreg("days ~ age + cost", p, status=p["left"], name="t"),
    "correlation": lambda s, p: s.correlation(p[["age", "cost", "days"]], name="t"),
    "gini": lambda s, p: s.gini(p.cost, name="t"),
    "odds_ratio": lambda s, p: s.odds_ratio(p["left"], p.plan, name="t"),
}  # fmt: skip


def written(workspace: Path, into: Path, made: Made, **more: Any) -> tuple[Path, disclosure.Session]:
    with disclosure.session(pack="ons-srs", unit="person_id", into=into) as s:
        made(s, s.open(workspace, "people", **more))
    return into / "t.csv", s


@pytest.mark.parametrize("kind", EVERY)
def test_what_a_session_makes_is_made_again_to_the_byte(workspace: Path, tmp_path: Path, kind: str) -> None:
    path, _ = written(workspace, tmp_path / "out", EVERY[kind], where=[("age", "<", 16)])
    evidence = path.with_name("t.csv.evidence.json")
    assert disclosure.is_session_recipe(evidence)
    again = disclosure.derive(evidence, workspace, tmp_path / "again.csv")
    assert again.read_bytes() == path.read_bytes()
    mine, theirs = (
        json.loads(file.with_name(f"{file.name}.evidence.json").read_text()) for file in (path, again)
    )
    assert mine["cells"] == theirs["cells"]
    assert mine["recipe"] == theirs["recipe"]
    assert disclosure.check_file(path, ["ons-srs"]).level is not Level.FAIL


def test_every_kind_of_recipe_is_tried_here() -> None:
    assert {kind.split()[0] for kind in EVERY} >= {kind for kind in MAKERS if kind != "groups"}


@pytest.mark.parametrize(
    ("why", "made"),
    [
        ("frame", lambda s, p: s.bar(p[p.age < 9].area, unit=p[p.age < 9].person_id, name="t")),
        ("frame", lambda s, p: s.ols("cost ~ age", pd.DataFrame(p).assign().head(900), name="t")),
        ("column", lambda s, p: s.ols("cost ~ old", p.assign(old=p.age + 1), name="t")),
        ("column", lambda s, p: s.odds_ratio(p["left"], p.sex == "F", name="t")),
        ("unit", lambda s, p: s.correlation(p[["age", "cost"]], unit=p.person_id, name="t")),
        ("unit", lambda s, p: s.bar(p.area, unit=p.person_id, name="t")),
        ("formula", lambda s, p: s.ols("cost ~ np.log(age + 1)", p, name="t")),
        ("formula", lambda s, p: s.ols("cost ~ C(area, Treatment('South'))", p, name="t")),
        ("settings", lambda s, p: s.logit("left ~ age", p, missing="drop", name="t")),
        ("settings", lambda s, p: s.hist(p.age, "sturges", name="t")),
    ],
)
def test_what_can_not_be_made_again_says_why_and_is_for_review_unless_it_counts(
    workspace: Path, tmp_path: Path, why: str, made: Made
) -> None:
    path, s = written(workspace, tmp_path / "out", made)
    assert s.outputs["t"].recipe["claimed"] == why
    assert standing(path, workspace) == "claimed"
    found = disclosure.check_files([path], ["ons-srs"], workspace=workspace)[path]
    assert found.standing == "claimed"
    assert found.level is Level.REVIEW
    if s.outputs["t"].table.kind != "count":  # type: ignore[union-attr]
        (told,) = word_of_author(read(path.with_name("t.csv.evidence.json")), "t")
        assert WHY[why] in told.message


@pytest.mark.parametrize(
    "formula",
    ["__import__('os')", "y ~ x.y", "y ~ f(x)", "y ~ x[0]", "y ~ C(x, 1)", "y ~ 'a'", "y ~ x ** 2", "y ~ x; z", "y ~ I(x)",
     "y ~ x # z", "y ~ Q(x)", "y ~ {x}", "y ~ lambda: x", "(y) ~ x", "y ~ x\n~z", "y ~ x | z", "~", ""],
)  # fmt: skip
def test_a_formula_is_names_of_columns_and_never_code(workspace: Path, tmp_path: Path, formula: str) -> None:
    assert plain_formula(formula) == "formula"
    told = {"kind": "session", "made": "ols", "table": "people", "unit": "person_id", "formula": formula}
    path = tmp_path / "t.evidence.json"
    path.write_text(json.dumps({"recipe": told}))
    with pytest.raises(TreError, match="formula"):
        disclosure.derive(path, workspace, tmp_path / "t.csv")


@pytest.mark.parametrize("formula", ["y ~ x", "y~C(x)+z", "y ~ 0 + x:C(z)", "y ~ x*z - 1", "x + z"])
def test_a_plain_formula_names_its_columns(formula: str) -> None:
    assert plain_formula(formula) is None
    assert set(formula_columns(formula)) == {word for word in "yxz" if word in formula}


RECIPE = """
kind = "session"
made = "groups"
table = "people"
unit = "person_id"
rows = ["band", "sex"]
where = [["area", "==", "North"]]
bands = {{band = ["age", [0, 9]]}}
{more}
"""


@pytest.mark.usefixtures("at_once")
def test_a_recipe_in_a_toml_is_run_from_a_shell(workspace: Path, tmp_path: Path) -> None:
    declared = tmp_path / "t.toml"
    declared.write_text(RECIPE.format(more=""))
    into = tmp_path / "t.csv"
    command = ["tabulate", str(declared), "--workspace", str(workspace), "--into", str(into)]
    assert run(command) == 0
    frame = pd.read_parquet(workspace / "people.parquet").query("area == 'North' and age < 9 and sex == 'F'")
    assert f"{len(frame)}" in into.read_text()
    assert standing(into, workspace) == "verified"


def test_what_a_session_recipe_can_not_keep_to_is_refused_loudly(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = tmp_path / "t.toml"
    declared.write_text(RECIPE.format(more=""))
    command = ["tabulate", str(declared), "--workspace", str(workspace), "--into", str(tmp_path / "t.csv")]
    assert run([*command, "--spark", "local[1]"]) == 2
    assert run([*command, "--memory", "1KB"]) == 1
    assert "doesn't fit in the memory given" in capsys.readouterr().err
    assert run([*command, "--memory", "a lot"]) == 2
    assert not (tmp_path / "t.csv").exists()
    assert run([*command, "--memory", "1GB"]) == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("made2 = 1", "unknown 'made2'"),
        ("values = 'age'", "unknown 'values'"),
        ("dataset_digest = 'ab'", "isn't the one"),
    ],
)
def test_a_recipe_that_is_wrong_is_refused_by_name(
    workspace: Path, tmp_path: Path, more: str, said: str
) -> None:
    declared = tmp_path / "t.toml"
    declared.write_text(RECIPE.format(more=more))
    with pytest.raises(TreError, match=said):
        disclosure.derive(declared, workspace, tmp_path / "t.csv")


@pytest.mark.parametrize(
    "told",
    [
        {"made": "exec"},
        {"made": "hist", "values": 3},
        {"made": "hist", "values": "age", "bins": 10_000},
        {"made": "hist", "values": "age", "bins": "auto"},
        {"made": "pivot_table", "values": "cost", "rows": "area"},
        {"made": "pivot_table", "values": "cost", "rows": ["area"], "q": "half"},
        {"made": "pivot_table", "values": "cost", "rows": ["area"], "measure": "eval"},
        {"made": "crosstab"},
        {"made": "groups", "rows": ["nothing"]},
        {"made": "groups", "rows": ["area"], "where": [["age"]]},
        {"made": "groups", "rows": ["area"], "where": [["age", "<", "x"]]},
        {"made": "groups", "rows": ["area"], "bands": {"b": []}},
        {"made": "ols"},
        {"made": "logit", "formula": "days ~ age"},
        {"made": "gini", "values": "area"},
    ],
)
def test_a_recipe_that_somebody_wrote_is_refused_and_leaves_nothing(
    workspace: Path, tmp_path: Path, told: dict[str, Any]
) -> None:
    path = tmp_path / "t.evidence.json"
    path.write_text(
        json.dumps({"recipe": {"kind": "session", "table": "people", "unit": "person_id", **told}})
    )
    with pytest.raises((TreError, MisuseError)):
        disclosure.derive(path, workspace, tmp_path / "t.csv")
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.usefixtures("at_once")
def test_what_the_data_told_can_not_be_left_out_of_evidence(workspace: Path, tmp_path: Path) -> None:
    def of_groups(s: disclosure.Session, people: pd.DataFrame) -> None:
        s.ols("cost ~ C(area)", people, name="t")

    path, _ = written(workspace, tmp_path / "out", of_groups)
    assert disclosure.check_file(path, ["ons-srs"]).level is Level.REVIEW  # a table of means in disguise
    assert standing(path, workspace) == "verified"
    beside = path.with_name("t.csv.evidence.json")
    told = json.loads(beside.read_text())
    beside.write_text(json.dumps({**told, "checks": []}))
    assert disclosure.check_file(path, ["ons-srs"]).level is Level.PASS
    assert standing(path, workspace) == "differs"


def test_figures_judged_by_other_packs_than_are_asked_are_for_review(workspace: Path, tmp_path: Path) -> None:
    path, _ = written(workspace, tmp_path / "out", EVERY["groupby mean"])
    assert disclosure.check_file(path, ["ons-srs"]).level is Level.PASS
    verdict = disclosure.check_file(path, ["ons-srs", "dfe-cin"])
    assert verdict.level is Level.REVIEW
    assert any("dfe-cin" in finding.message for finding in verdict.findings)


def test_rows_of_another_table_never_say_who_these_rows_are_about(workspace: Path, tmp_path: Path) -> None:
    s = disclosure.session(pack="ons-srs", unit="person_id")
    first = s.open(workspace, "people", where=[("sex", "==", "F")])
    half = s.open(workspace, "people", where=[("age", "<", 9)])
    few = min(len(first), len(half))
    assert s.units_behind(first.area) is not None
    assert s.units_behind(half.head(few).area) is None or len(half) == few
    loose = pd.Series(range(len(half)), name="loose")
    assert s.units_behind(loose) is None


@pytest.mark.parametrize(
    ("text", "count"), [("500MB", 5e8), ("2GiB", 2 * 1024**3), ("1.5 kb", 1500), ("7", 7), (None, None)]
)
def test_an_amount_of_memory_is_read(text: str | None, count: float | None) -> None:
    assert bytes_of(text) == count
