"""Says how long modules and functions are; only what is far beyond the house's bearings fails."""

from __future__ import annotations

import ast
import statistics

from support.tree import Module, modules

MODULE_LINES = 350
FUNCTION_LINES = 60

_ALL = modules("server", "inference", "clients", "model_repository")


def _functions(found: Module) -> list[tuple[str, int]]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(found.tree) if isinstance(node, kinds)]
    return [(node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in nodes]


def test_sizes_are_reported() -> None:
    lines = sorted(found.text.count("\n") for found in _ALL)
    sizes = sorted(size for found in _ALL for _name, size in _functions(found))
    print(f"modules: median {statistics.median(lines)}, longest {lines[-1]}")
    print(f"functions: median {statistics.median(sizes)}, longest {sizes[-1]}")
    long = [f"{found.path}: {n}" for found in _ALL if (n := found.text.count("\n")) > MODULE_LINES]
    long += [f"{f.path}: {name}: {n}" for f in _ALL for name, n in _functions(f) if n > FUNCTION_LINES]
    print("beyond the bearings:", *long, sep="\n  ")
