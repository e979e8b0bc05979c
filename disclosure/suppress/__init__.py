"""Secondary suppression: which further cells to hide so that no hidden small cell can be worked out.

`problem` says what is asked, `rows` writes what every good answer keeps as linear rows, `repair` mends an answer
that the attack broke, `search` is the loop: a whole-number program over the cells, the attack, cuts from the attack.
Each round leaves an audited pattern and a lower bound, so the gap to the optimum is always known.
"""

from disclosure.suppress.problem import Problem
from disclosure.suppress.search import Pattern, solve

__all__ = ["Pattern", "Problem", "solve"]
