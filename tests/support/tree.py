"""The source tree as the house tests see it: what git would keep, not what lies about."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

ROOMS = ("server", "inference", "clients", "model_repository", "protos")

_GENERATED = ("_pb2.py", "_pb2_grpc.py", "_pb2.pyi", "_pb2_grpc.pyi")


@dataclass(frozen=True)
class Module:
    """One hand-written Python file."""

    path: str
    """Relative to the root, with slashes."""
    text: str
    tree: ast.Module

    @property
    def dotted(self) -> str:
        """Name without ``landseal.``: ``server.rpc.convert``."""
        return self.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def python_files(*folders: str) -> list[str]:
    """Paths of the hand-written Python files below these folders."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    kept = (path for path in found if not path.name.endswith(_GENERATED) and "__pycache__" not in path.parts)
    return sorted(path.relative_to(ROOT).as_posix() for path in kept)


@cache
def module(path: str) -> Module:
    """The parsed file."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return Module(path, text, ast.parse(text, path))


def modules(*folders: str) -> list[Module]:
    """All hand-written modules below these folders."""
    return [module(path) for path in python_files(*folders)]


def imports(found: Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything a module imports, wherever in it; ``from a import b`` counts as ``a.b``."""
    for node in ast.walk(found.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ("." * node.level) + (node.module or "")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
