"""What the README says, for tests that hold it to its word."""

from __future__ import annotations

import re

from support.tree import ROOT

_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def text() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def shell_blocks() -> list[str]:
    return _BLOCK.findall(text())


def two_commands() -> tuple[list[str], list[str]]:
    """The steps of the demo's command and of the tests', as they stand."""
    demo, tests = (block.strip().split(" && ") for block in shell_blocks()[:2])
    return demo, tests


def demo_arguments() -> list[str]:
    """What stands behind ``landseal`` in the first command."""
    program, *arguments = two_commands()[0][-1].split()
    assert program == ".venv/bin/landseal"
    return arguments
