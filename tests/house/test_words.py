"""Words that promise work instead of being it, and words that belong to one machine only, stand nowhere."""

from __future__ import annotations

import re
from pathlib import Path

from support.tree import ROOT

_TEXTS = {
    ".py",
    ".pyi",
    ".proto",
    ".pbtxt",
    ".md",
    ".toml",
    ".ini",
    ".txt",
    ".sql",
    ".typ",
    ".json",
    ".yaml",
    ".yml",
    ".sh",
    "",
}
_PLACES = ("server", "inference", "clients", "model_repository", "protos", "tests", "docs", ".ci")

# Written in pieces, so that this file passes its own test.
_UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")
_UNWRITTEN = re.compile("Not" + "ImplementedError|place" + "holder", re.IGNORECASE)
_MACHINE = re.compile(r"(?<![\w.])/(wo" + r"rk|ro" + r"ot)/\w|/opt/py" + "pi")
_HOMES = re.compile(r"(?<![\w.])/(ho" + r"me|Users)/\w")

_ANYWHERE = {"unfinished": _UNFINISHED, "of one machine": _MACHINE}
_IN_CODE = {"unwritten": _UNWRITTEN, "of one person": _HOMES}
"""Tests may raise such things and name such folders as examples."""


def _texts() -> list[Path]:
    top = [path for path in ROOT.iterdir() if path.is_file()]
    below = [path for place in _PLACES for path in (ROOT / place).rglob("*") if path.is_file()]
    kept = (
        path
        for path in (*top, *below)
        if path.suffix in _TEXTS and "__pycache__" not in path.parts and "_pb2" not in path.name
    )
    return sorted(path for path in kept if not path.name.startswith(".git"))


def test_no_forbidden_word_stands_anywhere() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number} ({kind}): {line.strip()[:100]}"
        for path in _texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for kind, pattern in (_ANYWHERE if "tests" in path.parts else _ANYWHERE | _IN_CODE).items()
        if pattern.search(line)
    ]
    assert found == []
