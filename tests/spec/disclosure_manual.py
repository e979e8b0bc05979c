"""The manual of checks, as data: for each rule an output that breaks it and the version that doesn't.

`tests/spec/test_disclosure_manual.py` plays every case from both sides; `python tests/spec/disclosure_manual.py` writes
`docs/reference/checks/<rule>.md` from the same table, so a page can't say what the code doesn't do.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs/reference/checks"
NOT_RUN = "<!-- not run: tests/spec/test_disclosure_manual.py plays this page from both sides -->"
PRELUDE = """\
import numpy as np
import pandas as pd
import disclosure

rng = np.random.default_rng(7)
size = 2000
children = pd.DataFrame({
    "child": range(size),
    "area": rng.choice(["Norwich", "Ipswich"], size),
    "need": rng.choice(["plan", "care", "neither"], size),
    "age": rng.integers(0, 16, size),
    "days": rng.gamma(2, 90, size).round(),
    "cost": rng.uniform(300, 900, size).round(2),
    "left": rng.random(size) < 0.4,
})
s = disclosure.session(pack="ons-srs", unit="child", data=children)
"""


@dataclass(frozen=True)
class Case:
    """A rule, what breaks it and what doesn't: the text of a file, or lines of Python in a session."""

    rule: str
    leak: str
    why: str
    fix: str
    how: str
    file: str = ""  # the file's name; empty for Python
    fixed: str = ""  # the name of the mended file, where it differs
    pack: str = "dfe-cin"


def table(rule: str, leak: str, why: str, fix: str, how: str, *, pack: str = "dfe-cin") -> Case:
    """A case that is two CSV files."""
    return Case(rule, leak, why, fix, how, file="table.csv", pack=pack)


DATES = "".join(f"child {at},2021-{1 + at % 12:02d}-{1 + at:02d},{at}\n" for at in range(26))
CASES = (
    table("count", "area,plan,care\nNorwich,41,3\nIpswich,50,37\n",
          "Three children of Norwich are in care: whoever knows two of them knows the third.",
          "area,plan or care\nNorwich,44\nIpswich,87\n", "The two categories are merged."),
    table("zero", "area,plan,care\nNorwich,41,0\nIpswich,50,37\n",
          "Of every child in Norwich the table says that it is not in care; under this pack zeros count as small.",
          "area,plan or care\nNorwich,41\nIpswich,87\n", "The two categories are merged.", pack="ukllc"),
    table("group", "area,yes,no,Total\nNorwich,330,10,340\nLuton,300,360,660\nTotal,630,370,1000\n",
          "To know that a child lives in Norwich is nearly to know the answer.",
          "area,yes,no,Total\nNorwich and Breckland,530,210,740\nLuton,300,360,660\nTotal,830,570,1400\n",
          "Norwich is shown together with its neighbour.", pack="ons-srs"),
    table("rounding", "area,children\nNorwich,41\nIpswich,52\n", "The pack asks for multiples of 5.",
          "area,children\nNorwich,40\nIpswich,50\n", "`tre protect --method round`.", pack="nhs-hes"),
    table("percentages", "area,plan,care,care %,Total\nNorwich,c,c,6.0,50\nIpswich,30,20,40.0,50\n",
          "6.0 % of 50 children can only be three.",
          "area,plan,care,care %,Total\nNorwich,c,c,c,50\nIpswich,30,20,40.0,50\n",
          "The percentage is hidden with its count."),
    Case("ratios", 's.odds_ratio(np.arange(200) < 100, (np.arange(200) < 4) | (np.arange(200) > 150), unit=np.arange(200))',
         "With its margins the ratio gives the four counts under it, and one is 4.",
         's.odds_ratio(children.area == "Norwich", children.left, unit=children.child)', "Larger groups are compared."),
    table("attack", "area,plan,care,Total\nNorwich,41,c,44\nIpswich,50,37,87\nTotal,91,40,131\n",
          "44 less 41 is 3: the total gives the hidden figure back.",
          "area,plan,care,Total\nNorwich,c,c,44\nIpswich,c,c,87\nTotal,91,40,131\n",
          "`tre protect` hides as many others as it takes."),
    Case("differencing", "s.crosstab(children.area, children.need)\nfewer = children.drop(children.index[17])\n"
         "s.crosstab(fewer.area, fewer.need, unit=fewer.child)",
         "The two tables differ by one child, and their difference is that child's row.",
         "s.crosstab(children.area, children.need)\ns.crosstab(children.area, children.left)",
         "Both tables are over the same children."),
    table("totals", "area,plan,care,Total\nNorwich,41,20,70\nIpswich,50,37,87\nTotal,91,57,148\n",
          "The row of Norwich doesn't add up: either a figure is wrong or one is left out.",
          "area,plan,care,Total\nNorwich,41,20,61\nIpswich,50,37,87\nTotal,91,57,148\n", "The total is corrected."),
    Case("means", 'few = children.iloc[:5]\ns.groupby(few, "area")["days"].mean()',
         "A mean over a handful of children is near each one's own value.",
         's.groupby(children, "area")["days"].mean()', "The mean is taken over everybody."),
    Case("dominance", 'children.loc[0, "cost"] = 9_000_000.0\ns.groupby(children, "area")["cost"].sum()',
         "One child makes up nearly all of the sum.",
         's.groupby(children[children.child > 0], "area")["cost"].sum()', "The child is left out, and that is said."),
    Case("p-percent", 'children.loc[0, "cost"] = 9_000_000.0\ns.groupby(children, "area")["cost"].sum()',
         "Whoever is second largest takes himself off and has the largest within a few per cent.",
         's.groupby(children[children.child > 0], "area")["cost"].sum()', "The child is left out, and that is said."),
    Case("quantiles", 's.groupby(children, "area")["days"].quantile(0.999)',
         "One child lies above this quantile: it is nearly that child's value.",
         's.groupby(children, "area")["days"].quantile(0.9)', "A quantile nearer the middle."),
    Case("endpoints", 's.groupby(children, "area")["days"].max()', "A maximum is one child's own value.",
         's.groupby(children, "area")["days"].quantile(0.95)', "A high quantile says as much of the group."),
    Case("mode", 'children["same"] = 1.0\ns.groupby(children, "area")["same"].agg("mode")',
         "Everybody in the group has this value.",
         's.groupby(children, "area")["age"].agg("mode")', "A variable whose most frequent value is not nearly everybody's."),
    Case("spread", 'children["same"] = 1.0\ns.groupby(children, "area")["same"].agg("std")',
         "No spread says that everybody has the mean.",
         's.groupby(children, "area")["days"].agg("std")', "A variable that differs between children."),
    Case("correlation", 'children["twice"] = children.days * 2\ns.correlation(children[["child", "days", "twice"]])',
         "A correlation of 1 turns one variable into the other.",
         's.correlation(children[["child", "days", "cost"]])', "Variables that are measured, not computed."),
    Case("concentration", "s.gini(children.cost.head(5), unit=children.child.head(5))",
         "Over five children the index is near the largest one's share.",
         "s.gini(children.cost, unit=children.child)", "The index is taken over everybody."),
    Case("survival", "s.kaplan_meier(children.days, children.left, merge=False)",
         "At nearly every step the curve says what happened to one or two children.",
         "s.kaplan_meier(children.days, children.left)", "Steps are merged until enough happens in each."),
    Case("models", 's.ols("cost ~ age + days", children.head(9))', "Nine children and three terms: six are left.",
         's.ols("cost ~ age + days", children)', "More children."),
    Case("isolating-term", 'children["one"] = (children.child == 5).astype(int)\ns.ols("cost ~ age + one", children)',
         "The term marks one child: its coefficient is about that child.",
         's.ols("cost ~ age + C(area)", children)', "A term that marks many."),
    Case("leverage", 'children["one"] = (children.child == 5).astype(int)\ns.ols("cost ~ age + one", children)',
         "The model passes exactly through the child it marks.",
         's.ols("cost ~ age + C(area)", children)', "No term marks one child."),
    Case("saturated", 's.ols("cost ~ C(area)", children)', "Constant and coefficient are two group means.",
         's.ols("cost ~ C(area) + age + days", children)', "The model says more than a table of means; or give that table."),
    Case("predictor", "s.predictor(object())", "A trained predictor may have learnt children by heart.",
         's.ols("cost ~ age + days", children)', "The model's coefficients, or its performance, are given instead."),
    table("figures", "area,mean days\nNorwich,41.5\nIpswich,50.25\n", "Nothing says how many children the means are over.",
          "area,children\nNorwich,41\nIpswich,50\n", "The counts are given (or the means with evidence, from a session)."),
    Case("unit", "s = disclosure.session()\ns.crosstab(children.area, children.need)",
         "Rows were counted: thirty rows may be two children.",
         "s.crosstab(children.area, children.need)", "The session knows which column is the child."),
    Case("evidence", "import tempfile\nfrom pathlib import Path\nfolder = Path(tempfile.mkdtemp())\n"
         's.crosstab(children.area, children.need, name="t")\n(path,) = s.write(folder)\n'
         'path.write_text(path.read_text().replace("Norwich", "Diss"))\ns.attach(path)',
         "The file was changed after its evidence was written.",
         "import tempfile\nfrom pathlib import Path\nfolder = Path(tempfile.mkdtemp())\n"
         's.crosstab(children.area, children.need, name="t")\n(path,) = s.write(folder)\ns.attach(path)',
         "The file is as the session wrote it."),
    table("identifier", "contact,days\na.child@example.org,41\nb.child@example.org,52\n", "Addresses name children.",
          "area,children\nNorwich,41\nIpswich,52\n", "A summary is given."),
    table("row-level", "who,started,number\n" + DATES, "A column of many different days: each row is a child.",
          "year,children\n2020,41\n2021,52\n", "A summary is given."),
    table("geography", "area,children\nE01023456,41\nE01023457,52\n",
          "Few children live in an output area, and output areas cut across other maps.",
          "ward,children\nE05001234,41\nE05001235,52\n", "Wards are given."),
    Case("hidden-content", "<html><table><tr><th>area</th><th>children</th></tr><tr><td>Norwich</td><td>41</td></tr></table>"
         '<div data-rows="3, 4, 5, 6"></div></html>\n', "The page carries figures that nobody sees.",
         "<html><table><tr><th>area</th><th>children</th></tr><tr><td>Norwich</td><td>41</td></tr></table></html>\n",
         "The page is saved without them.", file="page.html"),
    Case("file-type", "<stata_dta>\n", "Nobody can check a data file at the gate.",
         "area,children\nNorwich,41\nIpswich,50\n", "The table itself is given as CSV.", file="table.dta", fixed="table.csv"),
    Case("file", "The plan was made for 41 children.\n\n| area | children |\n|---|---|\n| Norwich | 41 |\n| Ipswich | 50 |\n",
         "A sentence may say anything: a person has to read it.",
         "area,children\nNorwich,41\nIpswich,50\n", "The table alone is given as CSV.", file="note.md", fixed="table.csv"),
)  # fmt: skip


def page(case: Case) -> str:
    """The page of one rule."""
    from disclosure.explain import ABOUT

    own = case.file
    kind = "python" if not own else "csv"
    named = f"tre check {own} --pack {case.pack}" if own else ""
    leak, fix = (
        _short(text) if own else text + "\nprint({found.rule for found in s.findings()})"
        for text in (case.leak, case.fix)
    )
    lines = [f"# `{case.rule}`", "", ABOUT[case.rule], ""]
    if not own:
        lines += [NOT_RUN, "```python", *PRELUDE.splitlines(), "```", ""]
    lines += [
        "## A leak",
        "",
        *([] if own else [NOT_RUN]),
        f"```{kind}",
        *leak.splitlines(),
        "```",
        "",
        case.why,
        "",
    ]
    lines += [
        f"`{named}` names the rule `{case.rule}`."
        if own
        else f"The rule `{case.rule}` is among what is printed.",
        "",
    ]
    lines += ["## What passes", "", *([] if own else [NOT_RUN]), f"```{kind}"]
    if not own:
        lines += PRELUDE.splitlines()[3:]
    lines += [
        *fix.splitlines(),
        "```",
        "",
        case.how,
        "",
        f"More: `tre explain {case.rule}`; all rules: [Checks](../checks.md).",
        "",
    ]
    return "\n".join(lines)


def _short(text: str) -> str:
    lines = text.splitlines()
    return "\n".join([*lines[:6], "…"] if len(lines) > 8 else lines)


def main() -> int:
    """Write every page."""
    PAGES.mkdir(exist_ok=True)
    for case in CASES:
        (PAGES / f"{case.rule}.md").write_text(page(case), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
