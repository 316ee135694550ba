"""CPU time of a process and of all below it, by the part that it plays; read from /proc."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_MODELS = ("frames", "select", "embedding", "liveness")


@dataclass(frozen=True)
class Process:
    """One line of the process table."""

    pid: int
    parent: int
    cpu_ticks: int
    """User and system time of the process and of those of its children that have ended and were waited for."""
    words: tuple[str, ...]
    """Its command line."""

    @property
    def part(self) -> str:
        """What it does: ``server``, ``postgresql``, ``triton``, ``triton/<model>`` or ``shepherds``."""
        name = os.path.basename(self.words[0]) if self.words else ""
        if any(word.endswith("shepherd.py") for word in self.words):
            return "shepherds"
        if name == "tritonserver":
            return "triton"
        if name.startswith("triton_python_backend_stub"):
            path = next((word for word in self.words if word.endswith("model.py")), "")
            return "triton/" + next((model for model in _MODELS if f"/{model}/" in path), "other")
        return "postgresql" if name.startswith("postgres") else "server"


def cpu_seconds(root: int, proc: Path = PROC) -> dict[str, float]:
    """CPU seconds that the process ``root`` and all below it have used so far, by part.

    The sum never falls: what a process has used passes to the parent that waits for it when it ends.

    Raises:
        ProcessLookupError: there is no such process.
    """
    used: Counter[str] = Counter()
    for process in tree(root, proc):
        used[process.part] += process.cpu_ticks
    ticks = os.sysconf("SC_CLK_TCK")
    return {part: count / ticks for part, count in sorted(used.items())}


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What was used between two readings, by part."""
    return {part: after[part] - before.get(part, 0.0) for part in after}


def tree(root: int, proc: Path = PROC) -> list[Process]:
    """The process ``root`` and all its descendants.

    Raises:
        ProcessLookupError: there is no such process.
    """
    table = {process.pid: process for process in _table(proc)}
    if root not in table:
        raise ProcessLookupError(f"process {root} has ended")
    found, level = [table[root]], {root}
    while level:
        below = [process for process in table.values() if process.parent in level]
        found += below
        level = {process.pid for process in below}
    return found


def _table(proc: Path) -> Iterator[Process]:
    for folder in proc.iterdir():
        if folder.name.isdigit():
            process = _read(folder)
            if process is not None:
                yield process


def _read(folder: Path) -> Process | None:
    """One entry; None when the process ended meanwhile. See proc(5): fields 4 and 14 to 17 of ``stat``."""
    try:
        fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
        words = (folder / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    argv = tuple(word.decode(errors="replace") for word in words if word)
    return Process(int(folder.name), int(fields[1]), sum(map(int, fields[11:15])), argv)
