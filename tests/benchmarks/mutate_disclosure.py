"""How many small faults planted in the checks and the attack do the tests notice? A mutation score, by sample.

    python tests/benchmarks/mutate_disclosure.py [--sample 320] [--seed 0] [--file checks/counts.py] [--only KEY]

One change at a time: a comparison turned or moved by one, a sum, a number, a condition, an answer negated, a statement
left out. pytest collects the room's tests once; one fork runs them all and notes which lines each of them reaches;
every fault is then planted in a fork of its own, in memory, and the tests that reach its line run there until one
fails, the quickest first. A run that ends in any other way than "a test failed" or "none did" stops the whole work.

Three things make the figure sound: a fork without a fault must pass; a fault that no test reaches counts as survived;
tests of a survivor that would take more than PATIENCE CPU seconds are left out, which can only lower the score.
Left out by name, with the reason: SAME, the faults that change nothing a test could see.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import json
import os
import random
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("attack.py", "exact.py", "compare.py", "joint/attack.py", *(
    f"checks/{name}.py" for name in (
        "counts", "magnitudes", "models", "positions", "rowlevel", "shapes", "shares", "solved", "survival"
    )
))  # fmt: skip
TESTS = (
    "tests/unit/disclosure",
    "tests/spec/test_disclosure_leaks.py",
    "tests/spec/test_disclosure_manual.py",
    "tests/properties/test_disclosure_properties.py",
)
PATIENCE = 25.0  # CPU seconds of tests for one fault, by what they took without one
HANG = 3.0  # times as long as without a fault, and it hangs: noticed
TURNED = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
          ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
MOVED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
SUMS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult,
        ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}  # fmt: skip
NAMES = {"maximum": "minimum", "minimum": "maximum", "max": "min", "min": "max", "any": "all", "all": "any",
         "floor": "ceil", "ceil": "floor", "FAIL": "PASS", "REVIEW": "PASS", "argmax": "argmin"}  # fmt: skip

# file | the line as it stands | the change -> why no test can tell. Read one by one; nothing is left out by kind.
SAME: dict[str, str] = {
    "attack.py | high[at] = np.inf if move >= FREE / 2 else system.point[cell] + move | 2 plus 1": (
        "a bound is either FREE or the size of a count: any line between the two tells them apart"
    ),
    "attack.py | todo = np.flatnonzero(((up < rise - TOLERANCE) | (down < fall - TOLERANCE)) & ~frozen)"
    " | BitAnd to BitOr": "more targets are given a direction again: the answer is a maximum, only time is lost",
    "attack.py | move = found[0][column] if found else (np.inf if side > 0 else -piece.down[column])"
    " | 0 plus 1": "stands for a solver that gives no answer, which a feasible and bounded program always does",
    "attack.py | move = piece.up[column] if side > 0 else -piece.down[column] | Gt to GtE": "a side is 1 or -1",
    "compare.py | if len(pairs) < 2: | Lt to LtE": (
        "two common cells never raise an alarm: one alike of two is not more than half, and FEW is four"
    ),
    "compare.py | if cells.kind[at] == Kind.HIDDEN and b < np.inf and (a > low[at] or b < high[at]):"
    " | Lt to LtE": "a release that is open above starts at nought: it narrows nothing either way",
}


@dataclass(frozen=True)
class Fault:
    """One planted change: where it stands, what it is, and the module with it in."""

    file: str
    number: int
    line: int
    change: str
    text: str

    @property
    def key(self) -> str:
        """How the fault is named in SAME and in what is printed; lines may move, their text stays."""
        return f"{self.file} | {self.text} | {self.change}"


def _skipped(tree: ast.AST) -> set[int]:
    """Types, words of messages and docstrings: no rule stands in them."""
    found: set[int] = set()
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.AnnAssign | ast.arg):
            parts.append(node.annotation)
        if isinstance(node, ast.FunctionDef):
            parts.append(node.returns)
        if isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert):
            parts.append(node)
        for part in filter(None, parts):
            found |= {id(inner) for inner in ast.walk(part)}
    return found


def changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """What can be changed at a node: the change in words, and what stands there then (None: the node itself, edited)."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        kind = type(node.ops[0])
        for table in (TURNED, MOVED):
            if kind in table:
                made = copy.deepcopy(node)
                made.ops = [table[kind]()]
                yield f"{kind.__name__} to {table[kind].__name__}", made
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in SUMS:
        made = copy.deepcopy(node)
        made.op = SUMS[type(node.op)]()
        yield f"{type(node.op).__name__} to {type(made.op).__name__}", made
    elif isinstance(node, ast.BoolOp):
        made = copy.deepcopy(node)
        made.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"{type(node.op).__name__} to {type(made.op).__name__}", made
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub | ast.Invert):
        yield f"without {type(node.op).__name__}", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} to {not node.value}", ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield f"{node.value} plus 1", ast.Constant(node.value + 1)
        if node.value >= 1:
            yield f"{node.value} less 1", ast.Constant(node.value - 1)
    elif isinstance(node, ast.Attribute) and node.attr in NAMES and isinstance(node.ctx, ast.Load):
        yield f"{node.attr} to {NAMES[node.attr]}", ast.Attribute(node.value, NAMES[node.attr], node.ctx)
    elif isinstance(node, ast.Name) and node.id in NAMES and isinstance(node.ctx, ast.Load):
        yield f"{node.id} to {NAMES[node.id]}", ast.Name(NAMES[node.id], node.ctx)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Compare | ast.BoolOp | ast.Call):
        if isinstance(node.value, ast.Compare | ast.BoolOp):
            yield "the answer negated", ast.Return(ast.UnaryOp(ast.Not(), node.value))
    elif isinstance(node, ast.If):
        made = copy.deepcopy(node)
        made.test = ast.UnaryOp(ast.Not(), made.test)
        yield "the condition negated", made
    elif isinstance(node, ast.Continue | ast.Break):
        yield "left out", ast.Pass()
    elif isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
        yield (
            "left out",
            ast.Expr(ast.YieldFrom(ast.Tuple([], ast.Load())))
            if isinstance(node.value, ast.Yield | ast.YieldFrom)
            else ast.Pass(),
        )


def _sites(tree: ast.Module) -> Iterator[tuple[ast.AST, str, int | None, ast.AST, str, Any]]:
    """Every place: its parent, the parent's field (and index in it), the node, and one change."""
    skipped = _skipped(tree)
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            several = value if isinstance(value, list) else [value]
            for at, node in enumerate(several):
                if not isinstance(node, ast.AST) or id(node) in skipped:
                    continue
                for change, made in changes(node):
                    yield parent, field, at if isinstance(value, list) else None, node, change, made


def faults(file: str) -> list[Fault]:
    """All faults that can be planted in a file of the room."""
    source = (ROOT / "disclosure" / file).read_text()
    lines = source.splitlines()
    return [
        Fault(file, number, node.lineno, change, lines[node.lineno - 1].strip())  # type: ignore[attr-defined]
        for number, (_, _, _, node, change, _) in enumerate(_sites(ast.parse(source)))
    ]


def planted(fault: Fault) -> CodeType:
    """The module's code with the fault in it."""
    path = ROOT / "disclosure" / fault.file
    tree = ast.parse(path.read_text())
    parent, field, at, node, _, made = list(_sites(tree))[fault.number]
    made = ast.copy_location(made, node)
    if at is None:
        setattr(parent, field, made)
    else:
        getattr(parent, field)[at] = made
    return compile(ast.fix_missing_locations(tree), str(path), "exec")


def _functions(names: dict[str, Any]) -> Iterator[tuple[str, FunctionType]]:
    """The functions of a module or class by name, those of its classes and properties among them."""
    for name, value in names.items():
        wrappers = (getattr(value, inner, None) for inner in ("fget", "func", "__func__", "__wrapped__"))
        found = next((inner for inner in wrappers if isinstance(inner, FunctionType)), value)
        if isinstance(found, FunctionType):
            yield name, found
        elif isinstance(value, type):
            for below, function in _functions(dict(vars(value))):
                yield f"{name}.{below}", function


def plant(module: ModuleType, code: CodeType) -> None:
    """Give the imported module the fault: the code of its functions, and its constants wherever they were imported."""
    other = ModuleType(module.__name__)
    other.__file__ = module.__file__
    # dataclasses look their module up while they are made
    sys.modules[module.__name__] = other
    try:
        exec(code, other.__dict__)
    finally:
        sys.modules[module.__name__] = module
    new = dict(
        _functions({n: v for n, v in vars(other).items() if getattr(v, "__module__", "") == module.__name__})
    )
    old = {n: v for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__}
    for name, function in _functions(old):
        if name in new:
            function.__code__ = new[name].__code__
            function.__defaults__, function.__kwdefaults__ = new[name].__defaults__, new[name].__kwdefaults__
    for name, value in list(vars(module).items()):
        mutant = vars(other).get(name)
        plain = isinstance(value, bool | int | float | str | tuple | frozenset | dict) and name[:2] != "__"
        if not plain or repr(value) == repr(mutant):
            continue
        for everywhere in list(sys.modules.values()):
            if getattr(everywhere, "__dict__", {}).get(name) is value:
                setattr(everywhere, name, mutant)


class Mutation:
    """The pytest plugin: instead of the tests' own loop it runs the forks."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.failed: list[str] = []
        self.wrong = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note what failed."""
        if report.failed:
            self.failed.append(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Map, null check, faults, figure."""
        self.items = {item.nodeid: item for item in session.items}
        if session.testsfailed:
            sys.exit("the tests can't be collected: nothing can be told")
        say = self.say = os.fdopen(os.dup(2), "w", buffering=1)
        for file in FILES:  # some are loaded only when they are needed: then a fault could miss them
            importlib.import_module(_module(file))
        began = time.monotonic()
        kept = Path(self.asked.map) if self.asked.map else None
        told = json.loads(kept.read_text()) if kept and kept.exists() else self.map()
        if kept:
            kept.write_text(json.dumps(told))
        reached, took = _by_line(told["lines"]), told["took"]
        say.write(
            f"{len(self.items)} tests, {sum(took.values()):.0f} s CPU; the map {time.monotonic() - began:.0f} s\n"
        )
        self.null(reached, took)
        every = [fault for file in self.asked.file or FILES for fault in faults(file)]
        same = [fault for fault in every if fault.key in SAME]
        left = [fault for fault in every if fault.key not in SAME]
        chosen = random.Random(self.asked.seed).sample(left, min(self.asked.sample, len(left)))
        if self.asked.only:
            chosen = [fault for fault in left if any(part in fault.key for part in self.asked.only)]
        told = self.run(chosen, reached, took)
        self.report(every, same, chosen, told, time.monotonic() - began)
        return True

    def null(self, reached: dict[tuple[str, int], list[str]], took: dict[str, float]) -> None:
        """Every file planted as it is: the tests must pass, else it is the planting that they notice."""
        for file in FILES:
            code = compile((ROOT / "disclosure" / file).read_text(), str(ROOT / "disclosure" / file), "exec")
            tests = {one for (where, _), found in reached.items() if where == file for one in found}
            few = sorted(tests, key=lambda one: took[one])[:40]
            if (
                ended := _fork(lambda file=file, code=code, few=few: self.body(file, code, few), 120)()
            ) != "survived":
                sys.exit(f"tests fail on {file} planted as it is: nothing can be told ({ended})")

    def map(self) -> dict[str, Any]:
        """Which tests reach which lines, and their CPU seconds: all tests once, in a fork; each has to pass."""
        where = {str(ROOT / "disclosure" / file): file for file in FILES}

        def body() -> object:
            lines: dict[str, list[tuple[str, int]]] = {}
            took = {}
            for nodeid, item in self.items.items():
                seen: set[tuple[str, int]] = set()

                def inside(frame: Any, event: str, _: Any, seen: set[tuple[str, int]] = seen) -> Any:
                    seen.add((where[frame.f_code.co_filename], frame.f_lineno))
                    return inside

                def enter(frame: Any, event: str, _: Any) -> Any:
                    return inside(frame, event, None) if frame.f_code.co_filename in where else None

                began = time.process_time()
                sys.settrace(enter)
                self.one(item)
                sys.settrace(None)
                took[nodeid] = time.process_time() - began
                lines[nodeid] = sorted(seen)
            return {"lines": lines, "took": took, "failed": self.failed}

        told = _fork(body, 900)()
        if not isinstance(told, dict) or told["failed"]:
            sys.exit(
                f"tests fail without a fault planted: nothing can be told {told if isinstance(told, str) else told['failed'][:3]}"
            )
        return told

    def one(self, item: Any) -> None:
        """One test, set up and torn down by itself."""
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)

    def run(
        self, chosen: list[Fault], reached: dict[tuple[str, int], list[str]], took: dict[str, float]
    ) -> dict[Fault, str]:
        """Each fault in a fork, `--parallel` at a time: the test that noticed it, or how else it ended, or survived."""
        told: dict[Fault, str] = {}
        waiting = list(chosen)
        running: list[tuple[Fault, Any]] = []
        while waiting or running:
            while waiting and len(running) < self.asked.parallel:
                fault = waiting.pop(0)
                tests, spent = [], 0.0
                for nodeid in sorted(_reaching(fault, reached), key=lambda one: took[one]):
                    spent += took[nodeid]
                    if spent <= PATIENCE or not tests:
                        tests.append(nodeid)
                if not tests:
                    told[fault] = "survived: no test reaches it"
                    continue
                limit = HANG * min(spent, PATIENCE) + 10
                running.append(
                    (
                        fault,
                        _fork(lambda fault=fault, tests=tests: self.body(fault.file, fault, tests), limit),
                    )
                )
            if running:
                fault, ended = running.pop(0)
                found = ended()
                if not isinstance(found, str):
                    sys.exit(f"a run ended in no known way: {fault.key}")
                told[fault] = found
                if found.startswith("survived"):
                    self.say.write(f"survived: {fault.key}  (line {fault.line})\n")
                if len(told) % 25 == 0:
                    noticed = sum(not end.startswith("survived") for end in told.values())
                    self.say.write(f"  {noticed} of {len(told)} noticed\n")
        return told

    def body(self, file: str, what: Fault | CodeType, tests: list[str]) -> str:
        """In the fork: plant, run until one fails."""
        try:
            plant(importlib.import_module(_module(file)), planted(what) if isinstance(what, Fault) else what)
        except Exception as error:  # the module itself doesn't load any more
            return f"noticed: the module doesn't load ({type(error).__name__})"
        for nodeid in tests:
            self.one(self.items[nodeid])
            if self.failed:
                return f"noticed: {self.failed[0]}"
        return "survived"

    def report(
        self, every: list[Fault], same: list[Fault], chosen: list[Fault], told: dict[Fault, str], took: float
    ) -> None:
        """The table by file, and the figure."""
        lines = []
        for file in dict.fromkeys(fault.file for fault in chosen):
            mine = [told[fault] for fault in chosen if fault.file == file]
            noticed = sum(not end.startswith("survived") for end in mine)
            lines.append(f"{file:<24} {noticed:>4} of {len(mine):>4} noticed {noticed / len(mine):7.1%}")
        noticed = sum(not end.startswith("survived") for end in told.values())
        hung = sum(end.startswith("hung") for end in told.values())
        lines.append(
            f"{len(every)} places, {len(same)} left out by name, {len(chosen)} faults planted (seed {self.asked.seed}),"
            f" {noticed} noticed ({hung} by hanging): {noticed / max(1, len(chosen)):.1%} in {took:.0f} s"
        )
        self.say.write("\n".join(lines) + "\n")
        if self.asked.into:
            Path(self.asked.into).write_text(
                json.dumps({fault.key: end for fault, end in told.items()}, indent=1)
            )


def _by_line(lines: dict[str, list[list[Any]]]) -> dict[tuple[str, int], list[str]]:
    reached = defaultdict(list)
    for nodeid, places in lines.items():
        for file, line in places:
            reached[file, line].append(nodeid)
    return reached


def _module(file: str) -> str:
    return "disclosure." + file.removesuffix(".py").replace("/", ".")


def _reaching(fault: Fault, reached: dict[tuple[str, int], list[str]]) -> list[str]:
    """The tests that reach the fault's line; a module's constant is reached by all that reach the module."""
    found = reached.get((fault.file, fault.line), [])
    if found:
        return found
    inside = _enclosing(fault)
    lines = range(inside[0], inside[1] + 1) if inside else range(1, 10_000)
    return list(dict.fromkeys(one for line in lines for one in reached.get((fault.file, line), ())))


def _enclosing(fault: Fault) -> tuple[int, int] | None:
    """The statement a part of which stands on a line of its own, or nothing for a module's constant."""
    tree = ast.parse((ROOT / "disclosure" / fault.file).read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    outer = [node for node in functions if node.lineno <= fault.line <= (node.end_lineno or 0)]
    if not outer:
        return None
    inner = [
        node for node in ast.walk(outer[-1])
        if isinstance(node, ast.stmt) and node.lineno <= fault.line <= (node.end_lineno or 0)
        and not isinstance(node, ast.FunctionDef)
    ]  # fmt: skip
    return (
        (inner[-1].lineno, inner[-1].end_lineno or 0)
        if inner
        else (outer[-1].lineno, outer[-1].end_lineno or 0)
    )


def _fork(body: Any, limit: float) -> Any:
    """Run `body` in a child with so many CPU seconds; what is handed back waits for its answer."""
    sys.stdout.flush()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(read)
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 1))
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1), os.dup2(quiet, 2)
            answer = json.dumps(body()).encode()
            with os.fdopen(write, "wb") as out:
                out.write(answer)
            os._exit(0)
        except BaseException:
            os._exit(3)
    os.close(write)

    def wait() -> object:
        with os.fdopen(read, "rb") as file:
            answer = file.read()
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return f"hung or died: signal {os.WTERMSIG(status)}"
        return json.loads(answer) if os.WEXITSTATUS(status) == 0 else None

    return wait


def main() -> int:
    """Collect, fork, tell."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--sample", type=int, default=320)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--file", action="append", default=[])
    asked.add_argument("--only", action="append", default=[], help="only faults whose name holds this")
    asked.add_argument("--parallel", type=int, default=2)
    asked.add_argument(
        "--map", help="keep the map of tests and lines here between quick looks; not for a figure"
    )
    asked.add_argument("--into", help="where to write each fault's end, as JSON")
    told = asked.parse_args()
    os.chdir(ROOT)
    there = [test for test in TESTS if (ROOT / test).exists()]
    return int(
        pytest.main(["-q", "-s", "-p", "no:cacheprovider", "--no-header", *there], plugins=[Mutation(told)])
    )


if __name__ == "__main__":
    sys.exit(main())
