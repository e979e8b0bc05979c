"""How many small faults planted in the checks and the attack do the tests notice? A mutation score, by sample.

    python tests/benchmarks/mutate_disclosure.py [--sample 160] [--seed 0] [--module checks/counts.py]

Every comparison, sum, product, number, level, truth word, minimum and maximum of `disclosure/checks/*.py` and
`disclosure/attack.py` is a place for a fault; a sample of them is planted one by one, each in a process of its own, and
the room's tests run until one fails. Left out: constants that only tune speed (TUNING), words of messages, types.
The survivors are printed with their line, so that a test can be written that kills them.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.util
import os
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIT = "tests/unit/disclosure/test_disclosure_"
TESTS = (
    *(f"{UNIT}{name}.py" for name in ("rules", "attack", "claims", "cases", "edges", "check", "session")),
    "tests/spec/test_disclosure_leaks.py",
    "tests/spec/test_disclosure_manual.py",
    "tests/properties/test_disclosure_properties.py",
)
FIRST = {"attack": "attack", "solved": "attack", "rowlevel": "edges"}  # the tests that most likely notice
TUNING = {"TOLERANCE", "POWERS", "DENSE", "CHUNK", "LEVERAGE", "SLACK", "LARGEST", "MANY", "FIX", "LIMIT"}
PATIENCE = 150  # CPU seconds for one mutant; one that hangs is noticed
COMPARE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
           ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult,
              ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}  # fmt: skip
NAMES = {"maximum": "minimum", "minimum": "maximum", "max": "min", "min": "max", "any": "all", "all": "any",
         "floor": "ceil", "ceil": "floor", "FAIL": "PASS", "REVIEW": "PASS", "argmax": "argmin"}  # fmt: skip


def places(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every node that can be changed, and how."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id in TUNING for t in node.targets
        ):
            for inner in ast.walk(node):
                inner.left_out = True  # type: ignore[attr-defined]
        if isinstance(node, ast.AnnAssign | ast.arg | ast.FunctionDef):
            told = [getattr(node, "annotation", None), getattr(node, "returns", None)]
            for part in filter(None, told):
                for inner in ast.walk(part):
                    inner.left_out = True  # type: ignore[attr-defined]
        if isinstance(node, ast.JoinedStr):
            for inner in ast.walk(node):
                inner.left_out = True  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if getattr(node, "left_out", False):
            continue
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARE:
            yield node, "comparison"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in ARITHMETIC:
            yield node, "arithmetic"
        elif isinstance(node, ast.BoolOp):
            yield node, "and or or"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert | ast.USub):
            yield node, "without its sign"
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, bool | int | float)
            and node.value is not None
        ):
            yield node, "number"
        elif (isinstance(node, ast.Attribute) and node.attr in NAMES) or (
            isinstance(node, ast.Name) and node.id in NAMES and isinstance(node.ctx, ast.Load)
        ):
            yield node, "name"


def planted(source: str, number: int) -> tuple[ast.Module, str]:
    """The module with the fault of this number in it, and what was done."""
    tree = ast.parse(source)
    node, kind = list(places(tree))[number]
    line = source.splitlines()[node.lineno - 1].strip()  # type: ignore[attr-defined]
    if isinstance(node, ast.Compare):
        node.ops[0] = COMPARE[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp | ast.AugAssign):
        node.op = ARITHMETIC[type(node.op)]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.UnaryOp):
        node.op, node.operand = ast.UAdd(), node.operand
        if kind == "without its sign":
            wrapped = ast.Call(ast.Name("_same", ast.Load()), [node.operand], [])
            _put(tree, node, wrapped)
    elif isinstance(node, ast.Constant):
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    elif isinstance(node, ast.Attribute):
        node.attr = NAMES[node.attr]
    elif isinstance(node, ast.Name):
        node.id = NAMES[node.id]
    tree.body.insert(_after_future(tree), ast.parse("def _same(value): return value").body[0])
    return ast.fix_missing_locations(tree), f"line {node.lineno}, {kind}: {line}"  # type: ignore[attr-defined]


def _put(tree: ast.AST, old: ast.AST, new: ast.expr) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                value[:] = [new if item is old else item for item in value]


def _after_future(tree: ast.Module) -> int:
    found = [
        at
        for at, node in enumerate(tree.body)
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    return found[-1] + 1 if found else 0


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the one module its fault; every other import goes its usual way."""

    def __init__(self, name: str, tree: ast.Module, path: Path) -> None:
        self.name, self.tree, self.path = name, tree, path

    def find_spec(self, fullname: str, path: object, target: object = None) -> object:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(self.path))

    def exec_module(self, module: object) -> None:
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)


def noticed(path: Path, number: int | None) -> bool:
    """Whether the tests notice the fault: run in a child of this process."""
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE + 5))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1), os.dup2(quiet, 2)
        tree = ast.parse(path.read_text()) if number is None else planted(path.read_text(), number)[0]
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        sys.meta_path.insert(0, _Planted(name, tree, path))
        import pytest

        there = [test for test in TESTS if (ROOT / test).exists()]
        first = [test for test in there if f"_{FIRST.get(path.stem, 'rules')}.py" in test]
        for tests in (first, [test for test in there if test not in first]):
            ended = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
            if ended:
                break
        os._exit(ended & 0x7F)
    _, status = os.waitpid(child, 0)
    return status != 0


def main() -> None:
    """Plant, run, and print the score with the survivors."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--sample", type=int, default=160)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--module", action="append", default=[])
    told = asked.parse_args()
    os.chdir(ROOT)
    for heavy in (
        "numpy",
        "pandas",
        "scipy.sparse.csgraph",
        "scipy.optimize",
        "scipy.linalg",
        "highspy",
        "pytest",
    ):
        importlib.import_module(heavy)
    files = [ROOT / "disclosure" / name for name in told.module] or [
        ROOT / "disclosure" / "attack.py", *sorted((ROOT / "disclosure/checks").glob("[a-z]*.py"))
    ]  # fmt: skip
    every = [(file, at) for file in files for at in range(len(list(places(ast.parse(file.read_text())))))]
    chosen = random.Random(told.seed).sample(every, min(told.sample, len(every)))
    if noticed(files[0], None):
        sys.exit("the tests fail without a fault planted: nothing can be told")
    began, killed = time.monotonic(), 0
    for done, (file, number) in enumerate(chosen, 1):
        if noticed(file, number):
            killed += 1
        else:
            print(
                f"survived: {file.relative_to(ROOT)} #{number} {planted(file.read_text(), number)[1]}",
                flush=True,
            )
        if done % 5 == 0:
            print(f"  {killed} of {done} noticed", file=sys.stderr, flush=True)
    print(
        f"{len(every)} places, {len(chosen)} faults planted, {killed} noticed: {killed / len(chosen):.1%}"
        f" ({time.monotonic() - began:.0f} s)"
    )


if __name__ == "__main__":
    main()
