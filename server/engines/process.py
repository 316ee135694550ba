"""One engine process under its shepherd, seen from the program that wants it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from landseal.server.engines.account import Account

_SHEPHERD = Path(__file__).with_name("shepherd.py")

LOG_LIMIT_BYTES = 4 * 1024 * 1024
"""A log larger than this is set aside as ``log.1`` before the engine starts; one older log is kept."""


class EngineError(Exception):
    """An embedded engine could not be made ready."""


class EngineUnavailable(EngineError):
    """This machine lacks something that the engine needs; trying again will not help."""


class EngineInUse(EngineError):
    """Another process runs this engine on the same home."""


class EngineFailed(EngineError):
    """The engine ended or was not ready in time; its log says why."""


@dataclass(frozen=True)
class Command:
    """How to run an engine and how to end it."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    """The whole environment: nothing of the server's own, which may hold secrets, is passed on."""
    log: Path
    account: Account | None
    cwd: Path
    stop_signal: signal.Signals
    death_signal: signal.Signals
    """Sent by the kernel when the shepherd is killed."""
    grace_s: float
    """Seconds between asking and killing when the engine is stopped."""
    sweep: str | None = None
    """Pattern of files outside the home to remove once the engine has ended."""
    orphan_grace_s: float = 3.0
    """The same seconds when the program that wanted the engine is gone."""


class EngineProcess:
    """A running engine. Made by :meth:`launch`; ends when asked, when killed, or with the program that launched it."""

    def __init__(self, shepherd: subprocess.Popen[bytes], pid: int, grace_s: float) -> None:
        self._shepherd = shepherd
        self._grace_s = grace_s
        self._born = _birth(pid)
        self.pid = pid
        """Process id of the engine itself, not of its shepherd."""

    @classmethod
    def launch(cls, command: Command, lock: int) -> EngineProcess:
        """Starts the engine and returns as soon as it has a process id, ready or not.

        Args:
            command: what to run.
            lock: descriptor from :func:`locked`; the shepherd keeps it while it lives, so that one home has one engine.

        Raises:
            EngineFailed: the shepherd could not start.
        """
        with _open_log(command.log) as log:
            shepherd = subprocess.Popen(
                _shepherd_argv(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=dict(command.env),
                pass_fds=(lock,),
                start_new_session=True,
            )
        assert shepherd.stdout is not None  # noqa: S101 - tells mypy what stdout=PIPE means
        line = shepherd.stdout.readline()
        shepherd.stdout.close()
        if not line.strip().isdigit():
            raise EngineFailed(f"the shepherd of {command.argv[0]} did not start: see {command.log}")
        return cls(shepherd, int(line), command.grace_s)

    @property
    def shepherd_pid(self) -> int:
        """Process id of the shepherd."""
        return self._shepherd.pid

    def alive(self) -> bool:
        """Whether the engine runs under a living shepherd."""
        return self._shepherd.poll() is None

    def wait(self, timeout_s: float) -> bool:
        """Waits until the engine and its shepherd have ended; whether they have."""
        deadline = time.monotonic() + timeout_s
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._shepherd.wait(timeout_s)
        while self._shepherd.poll() is None or self._engine_there():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        if self._shepherd.stdin is not None:
            self._shepherd.stdin.close()
        return True

    def stop(self) -> None:
        """Asks the engine to stop and waits; it is killed when its grace is over.

        Raises:
            EngineFailed: a process survived even that.
        """
        if self._shepherd.poll() is None:
            self._shepherd.terminate()
        if not self.wait(self._grace_s + 5.0):
            raise EngineFailed(f"process {self.pid} does not end")

    def _engine_there(self) -> bool:
        return self._born is not None and _birth(self.pid) == self._born


def _shepherd_argv(command: Command) -> list[str]:
    argv = [sys.executable, "-I", "-S", str(_SHEPHERD), f"--parent={os.getpid()}", f"--cwd={command.cwd}"]
    argv += [f"--stop-signal={int(command.stop_signal)}", f"--death-signal={int(command.death_signal)}"]
    argv += [f"--grace={command.grace_s}", f"--orphan-grace={command.orphan_grace_s}"]
    if command.account is not None:
        argv += [f"--uid={command.account.uid}", f"--gid={command.account.gid}"]
    if command.sweep is not None:
        argv.append(f"--sweep={command.sweep}")
    return [*argv, "--", *command.argv]


@contextlib.contextmanager
def locked(path: Path, wait_s: float) -> Iterator[int]:
    """Locks the file for this block and for whoever inherits the descriptor; our own copy is closed on leaving.

    Raises:
        EngineInUse: another process kept it for all of ``wait_s``, the time an earlier engine may take to end.
    """
    deadline = time.monotonic() + wait_s
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise EngineInUse(f"another process runs the engine in {path.parent}") from None
                time.sleep(0.05)
        yield descriptor
    finally:
        os.close(descriptor)


def _open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab", buffering=0)


def log_tail(path: Path, lines: int = 12) -> str:
    """The last lines of an engine's log, for an error message; engines are told to log no payloads."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 8192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def free_port() -> int:
    """A loopback TCP port that is free now and that the kernel never gives to outgoing connections.

    A port of the kernel's own range could be taken between an engine's death and its restart, even by a client that
    tries to reconnect to it (a TCP socket can connect to itself).

    Raises:
        EngineUnavailable: none of many tries was free.
    """
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = range(10240, low) if low > 12288 else range(61000, 65535)
    for port in random.sample(ports, 64):
        if port_is_free(port):
            return port
    raise EngineUnavailable("no free TCP port on 127.0.0.1")


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _birth(pid: int) -> str | None:
    """Start time of a living process in clock ticks, which tells it from a later one with its id; None: no such."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]
