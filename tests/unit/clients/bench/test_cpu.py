"""CPU time of a tree of processes, from a made /proc."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from landseal.clients.bench.cpu import cpu_seconds, spent, tree

TICKS = os.sysconf("SC_CLK_TCK")


def entry(proc: Path, pid: int, parent: int, ticks: tuple[int, int, int, int], *words: str) -> None:
    folder = proc / str(pid)
    folder.mkdir(exist_ok=True)
    user, system, ended_user, ended_system = ticks
    rest = f"S {parent} 1 1 0 -1 0 0 0 0 0 {user} {system} {ended_user} {ended_system} 20 0 1 0 99"
    (folder / "stat").write_text(f"{pid} (a name) with ) in it) {rest}")
    (folder / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "self").mkdir()
    entry(tmp_path, 10, 1, (100, 50, 5, 5), "python", "-m", "landseal.server")
    entry(tmp_path, 11, 10, (1, 1, 0, 0), "python", "-I", "/x/shepherd.py", "--", "/y/tritonserver")
    entry(tmp_path, 12, 11, (10, 0, 0, 0), "/y/tritonserver", "--grpc-port=1")
    entry(tmp_path, 13, 12, (200, 0, 0, 0), "/z/triton_python_backend_stub", "/r/frames/1/model.py")
    entry(tmp_path, 14, 12, (300, 0, 0, 0), "/z/triton_python_backend_stub", "/r/frames/1/model.py")
    entry(tmp_path, 15, 10, (7, 0, 0, 0), "postgres: writer")
    entry(tmp_path, 99, 1, (5000, 0, 0, 0), "somebody", "else")
    return tmp_path


def test_every_part_below_the_server_is_counted_and_nobody_else(proc: Path) -> None:
    used = cpu_seconds(10, proc)
    assert used == {
        "postgresql": 7 / TICKS,
        "server": 160 / TICKS,
        "shepherds": 2 / TICKS,
        "triton": 10 / TICKS,
        "triton/frames": 500 / TICKS,
    }


def test_a_child_that_ended_is_still_counted(proc: Path) -> None:
    before = cpu_seconds(10, proc)
    (proc / "15" / "stat").unlink()
    entry(proc, 10, 1, (100, 50, 12, 5), "python", "-m", "landseal.server")
    assert sum(spent(before, cpu_seconds(10, proc)).values()) == pytest.approx(7 / TICKS)


def test_a_server_that_ended_is_no_zero(proc: Path) -> None:
    with pytest.raises(ProcessLookupError):
        tree(4711, proc)
