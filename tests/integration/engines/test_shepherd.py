"""The shepherd with a toy engine: whoever dies, nobody is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from support.processes import eventually, family, gone

from landseal.server.engines import process, shepherd
from landseal.server.engines.account import unprivileged
from landseal.server.engines.process import Command, EngineInUse, EngineProcess, locked

STUBBORN = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
FERTILE = (
    "import subprocess,time; subprocess.Popen(['/bin/sleep','600'], start_new_session=True);"
    "print('up', flush=True); time.sleep(600)"
)
PLAIN = "import time; print('up', flush=True); time.sleep(600)"


def command(folder: Path, code: str = PLAIN, *, grace_s: float = 5.0, sweep: str | None = None) -> Command:
    return Command(
        argv=("/usr/bin/env", "python3", "-c", code),
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        log=folder / "log",
        account=None,
        cwd=folder,
        stop_signal=signal.SIGTERM,
        death_signal=signal.SIGKILL,
        grace_s=grace_s,
        sweep=sweep,
        orphan_grace_s=0.5,
    )


def launched(folder: Path, what: Command) -> EngineProcess:
    with locked(folder / "lock", 5.0) as lock:
        engine = EngineProcess.launch(what, lock)
    assert eventually(lambda: b"up" in what.log.read_bytes(), 20.0)
    return engine


def everyone(engine: EngineProcess) -> list[psutil.Process]:
    return family(engine.shepherd_pid)


def test_a_stop_ends_engine_and_shepherd_and_is_safe_to_repeat(tmp_path: Path) -> None:
    engine = launched(tmp_path, command(tmp_path))
    processes = everyone(engine)
    assert engine.alive()
    engine.stop()
    engine.stop()
    assert gone(processes)
    assert not engine.alive()


def test_an_engine_that_will_not_stop_is_killed_after_its_grace(tmp_path: Path) -> None:
    engine = launched(tmp_path, command(tmp_path, STUBBORN, grace_s=0.4))
    processes = everyone(engine)
    engine.stop()
    assert gone(processes)


def test_children_of_a_killed_engine_are_killed_even_in_their_own_session(tmp_path: Path) -> None:
    engine = launched(tmp_path, command(tmp_path, FERTILE))
    assert eventually(lambda: len(everyone(engine)) == 4, 10.0)  # shepherd, guard, engine, child
    processes = everyone(engine)
    os.kill(engine.pid, signal.SIGKILL)
    assert engine.wait(5.0)
    assert gone(processes)


def test_a_killed_shepherd_takes_its_engine_along(tmp_path: Path) -> None:
    engine = launched(tmp_path, command(tmp_path))
    processes = everyone(engine)
    os.kill(engine.shepherd_pid, signal.SIGKILL)
    assert engine.wait(5.0)
    assert eventually(lambda: gone(processes), 5.0)  # the guard sees to it and follows


def test_files_that_the_engine_leaves_are_swept_after_a_kill(tmp_path: Path) -> None:
    left = tmp_path / "region-1"
    left.write_text("an image")
    engine = launched(tmp_path, command(tmp_path, sweep=str(tmp_path / "region-*")))
    os.kill(engine.pid, signal.SIGKILL)
    assert engine.wait(5.0)
    assert not left.exists()


@pytest.mark.parametrize("lifeline_held", [False, True], ids=["", "while a fork holds its lifeline open"])
def test_a_killed_parent_leaves_nobody_within_five_seconds(tmp_path: Path, *, lifeline_held: bool) -> None:
    parent_code = (
        "import os, sys, time, pathlib, signal\n"
        "from landseal.server.engines.process import *\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        f"argv = ({sys.executable!r}, '-c', {STUBBORN!r})\n"
        "command = Command(argv, {}, folder / 'log', None, folder, signal.SIGTERM, signal.SIGKILL, 5.0)\n"
        "with locked(folder / 'lock', 5.0) as lock: engine = EngineProcess.launch(command, lock)\n"
        f"forked = os.fork() if {lifeline_held} else 1\n"
        "if forked: print(engine.shepherd_pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    shepherd_pid = int(parent.stdout.readline())
    parent.stdout.close()
    engine = family(shepherd_pid)
    forks = psutil.Process(parent.pid).children()
    try:
        assert eventually(lambda: len(family(shepherd_pid)) == 3, 5.0)  # shepherd, guard, engine
        engine = family(shepherd_pid)
        parent.kill()
        parent.wait()
        assert eventually(lambda: gone(engine), 5.0)
    finally:
        for fork in forks:
            if fork.pid != shepherd_pid and fork.is_running():
                fork.kill()


def test_one_home_has_one_engine(tmp_path: Path) -> None:
    engine = launched(tmp_path, command(tmp_path))
    try:
        with pytest.raises(EngineInUse), locked(tmp_path / "lock", wait_s=0.2):
            pass
    finally:
        engine.stop()
    with locked(tmp_path / "lock", wait_s=0.2):
        pass


def test_a_program_that_does_not_exist_ends_the_shepherd_and_says_so(tmp_path: Path) -> None:
    missing = Command(
        ("/nonexistent/engine",), {}, tmp_path / "log", None, tmp_path, signal.SIGTERM, signal.SIGKILL, 1.0
    )
    with locked(tmp_path / "lock", 5.0) as lock:
        engine = EngineProcess.launch(missing, lock)
    assert engine.wait(5.0)
    assert "could not be started" in process.log_tail(tmp_path / "log")


def test_an_engine_gets_no_variable_that_was_not_meant_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDSEAL_SECRET", "platform key")
    engine = launched(tmp_path, command(tmp_path))
    try:
        assert b"platform key" not in Path(f"/proc/{engine.pid}/environ").read_bytes()
        assert b"platform key" not in Path(f"/proc/{engine.shepherd_pid}/environ").read_bytes()
    finally:
        engine.stop()


def test_an_engine_can_dump_no_core_and_gain_no_privileges(tmp_path: Path) -> None:
    engine = launched(tmp_path, command(tmp_path))
    try:
        assert psutil.Process(engine.pid).rlimit(psutil.RLIMIT_CORE) == (0, 0)
        assert "NoNewPrivs:\t1" in Path(f"/proc/{engine.pid}/status").read_text()
    finally:
        engine.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to another account")
def test_root_hands_the_engine_to_an_unprivileged_account(own_home: Path) -> None:
    account = unprivileged()
    assert account is not None
    plain = command(own_home)
    sleeper = Command(
        ("/bin/sleep", "600"), plain.env, plain.log, account, Path("/"), signal.SIGTERM, signal.SIGKILL, 5.0
    )
    with locked(own_home / "lock", 5.0) as lock:
        engine = EngineProcess.launch(sleeper, lock)
    try:
        assert eventually(lambda: psutil.Process(engine.pid).name() == "sleep", 5.0)
        assert psutil.Process(engine.pid).uids().effective == account.uid
        os.kill(engine.shepherd_pid, signal.SIGKILL)  # the death signal survived the change of account
        assert engine.wait(5.0)
    finally:
        engine.stop()


def test_a_large_log_is_set_aside_before_the_start(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"old\n" * (process.LOG_LIMIT_BYTES // 4 + 1))
    engine = launched(tmp_path, command(tmp_path))
    engine.stop()
    assert (tmp_path / "log.1").stat().st_size > process.LOG_LIMIT_BYTES
    assert (tmp_path / "log").stat().st_size < 1000


def test_ports_for_engines_lie_outside_the_range_of_outgoing_connections() -> None:
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    ports = {process.free_port() for _ in range(50)}
    assert not any(low <= port <= high for port in ports)


def test_the_shepherd_needs_nothing_but_the_standard_library() -> None:
    source = Path(shepherd.__file__)
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-I", "-S", str(source), "--help"], capture_output=True, check=True)
    assert b"--orphan-grace" in done.stdout
    assert time.monotonic() - started < 10.0


STRAY = (
    "import os,signal,time; os.fork() or [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)];"
    "print('up', flush=True); time.sleep(600)"
)
"""An engine whose helper heeds nothing and outlives it, as Triton's stubs were seen to."""


def test_a_killed_shepherd_leaves_no_helper_of_its_engine_behind(tmp_path: Path) -> None:
    engine = launched(tmp_path, command(tmp_path, STRAY))
    assert eventually(lambda: len(everyone(engine)) == 4, 10.0)  # shepherd, guard, engine, helper
    processes = everyone(engine)
    os.kill(engine.shepherd_pid, signal.SIGKILL)
    assert eventually(lambda: gone(processes), 8.0)
