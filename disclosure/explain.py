"""`tre explain`: what a rule is about, why it exists, where its figure comes from, and what usually mends it."""

from __future__ import annotations

from collections.abc import Sequence

from disclosure.packs import HOUSE, Pack, load, names
from tre_toolkit.errors import MisuseError

ABOUT = {
    "count": "A figure stands on so few children that somebody who knows one of them can learn about the others. "
    "Children are counted, not rows: thirty episodes of two children are two.",
    "zero": "A zero says of everybody in its row or column that they are not there. Where zeros count as small they "
    "are hidden; elsewhere a person looks, and a zero that is so by definition may stay.",
    "group": "Nearly everybody in a group is in one category: to know that a child is in the group is to know the "
    "category.",
    "attack": "The figure is hidden, but totals and the other figures give it back, exactly or nearly. The check "
    "solves the table as an attacker would: no count below zero, parts add up to totals.",
    "differencing": "Two releases that differ by a few children give those children away: subtract one from the "
    "other. Every new table is compared with the ledger and with what leaves beside it.",
    "rounding": "The pack asks for counts in multiples of a base, so that small differences can't be read off.",
    "percentages": "A percentage with a known base is a count in disguise: numerator, denominator and what is left "
    "over are held to the threshold of counts.",
    "means": "A mean over few children is near each child's own value.",
    "dominance": "One or a few children make up most of a sum, so the sum is nearly their own value. Contributions "
    "are added up by child and taken without their sign.",
    "p-percent": "The second largest contributor knows his own part; what is left of the sum gives him the largest "
    "one nearly exactly.",
    "quantiles": "A quantile is one child's value unless enough children lie on either side.",
    "endpoints": "A minimum or maximum is one child's own value, however large the group.",
    "mode": "The most frequent value tells what nearly everybody in the group has.",
    "models": "A model with few degrees of freedom can be turned back into its data.",
    "isolating-term": "A term that marks a few children makes its coefficient a figure about them.",
    "leverage": "The model passes exactly through one child's value: its prediction is that value.",
    "saturated": "A saturated model is a table of group means; it is judged as one.",
    "predictor": "A trained predictor may remember the children it was trained on, and can be asked about them.",
    "correlation": "A correlation over few children, or of exactly 1, gives values away.",
    "concentration": "An index of concentration over few or dominant contributors gives the largest share away.",
    "ratios": "An odds or risk ratio with its margins gives the two-by-two table under it.",
    "spread": "A spread of nought says that everybody in the group has the same value.",
    "survival": "Each step of a curve is a small table: who was at risk, to whom it happened, who left.",
    "unit": "Nothing says what was counted. Rows are not children, and the check does not guess.",
    "evidence": "The file and the evidence beside it do not agree.",
    "totals": "Totals that don't add up keep the attack from being made, or show that figures were edited.",
    "figures": "Figures whose counts nobody gave: the check can't see what they stand on.",
    "identifier": "Something shaped like a child's identifier stands in the output.",
    "row-level": "Rows look like people. Outputs are summaries.",
    "geography": "Few people live in a small area, and areas that cut across each other give away what lies in one and not "
    "in the other: two safe tables over two maps have small differences.",
    "hidden-content": "The file carries something its reader doesn't see.",
    "file-type": "A kind of file that nobody can check, or whose name and bytes don't agree.",
    "file": "Something a machine can't judge: a person looks.",
}


def explain(rule: str) -> str:
    """What a rule such as `dfe-cin/count` is about, with the pack's clause and source. Raises MisuseError if unknown."""
    name, _, clause = rule.rpartition("/")
    if clause not in ABOUT:
        raise MisuseError(f"no rule is called {rule!r}", hint="rules: " + ", ".join(sorted(ABOUT)))
    lines = [ABOUT[clause]]
    packs = [load(name)] if name else []
    lines += [line for pack in packs for line in _of_pack(pack, clause)]
    if not name:
        lines += [f"in packs: {', '.join(_having(clause)) or 'none; it is the same under all of them'}"]
    return "\n".join(lines)


def _of_pack(pack: Pack, clause: str) -> Sequence[str]:
    asked = {"p-percent": "dominance"}.get(clause, clause)
    settings = pack.clauses.get(asked, {})
    told = ", ".join(f"{key} {value}" for key, value in settings.items())
    lines = [f"{pack.name}: {pack.title}, {pack.version}"]
    if told:
        lines.append(f"clause: {told}")
    if note := pack.notes.get(asked):
        lines.append(f"note: {note}")
    lines.append(f"source: {pack.source}")
    lines += [f"not known: {item}" for item in pack.unknown]
    return lines


def _having(clause: str) -> list[str]:
    return [name for name in [*names(), HOUSE] if clause in load(name).clauses]
