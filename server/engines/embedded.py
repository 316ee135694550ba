"""What the embedded engines have in common: one process on one loopback port, started once per home."""

from __future__ import annotations

import abc
import threading
import time
from pathlib import Path

from landseal.server.engines.account import make_folder
from landseal.server.engines.process import (
    Command,
    EngineFailed,
    EngineProcess,
    free_port,
    locked,
    log_tail,
    port_is_free,
)

_PORT_TRIES = 5


class EmbeddedEngine(abc.ABC):
    """An engine that this program runs in ``home/<name>`` while :meth:`start` .. :meth:`stop`."""

    name: str
    _start_s: float
    """How long it may take to become ready."""
    _former_s = 10.0
    """How long an earlier engine of this home, perhaps of a killed program, may take to end."""

    def __init__(self, home: Path) -> None:
        self._home = make_folder(home.absolute(), 0o711)
        self._folder = make_folder(self._home / self.name, 0o711)
        self._port: int | None = None
        self._process: EngineProcess | None = None
        self._guard = threading.Lock()

    @property
    def log(self) -> Path:
        """The engine's log: no statements, no values, no images."""
        return self._folder / "log"

    @property
    def pid(self) -> int | None:
        """Process id of the engine, None before the first start."""
        return self._process.pid if self._process else None

    @property
    def shepherd_pid(self) -> int | None:
        """Process id of the engine's shepherd, None before the first start."""
        return self._process.shepherd_pid if self._process else None

    def alive(self) -> bool:
        """Whether the engine's process runs."""
        return self._process is not None and self._process.alive()

    def start(self) -> str:
        """Starts the engine and waits until it is ready; safe to call again.

        Returns:
            Its address; the port stays the same for the life of this object, so that clients find it after a restart.

        Raises:
            EngineUnavailable: this machine cannot run it.
            EngineInUse: another process runs the engine of this home.
            EngineFailed: it ended or was not ready in time.
        """
        with self._guard:
            if not self.alive():
                if self._process is not None and not self._process.wait(self._former_s):
                    raise EngineFailed(f"the former {self.name}, process {self.pid}, does not end")
                with locked(self._folder / "lock", self._former_s) as lock:
                    self._prepare()
                    self._port = self._launch(lock)
            assert self._port is not None  # noqa: S101 - tells mypy what being alive means
            return self._address(self._port)

    def stop(self) -> None:
        """Asks the engine to stop and waits until no process of it is left; safe to call again.

        Raises:
            EngineFailed: a process survived even SIGKILL.
        """
        with self._guard:
            if self._process is not None:
                self._process.stop()
                self._sweep()

    def _launch(self, lock: int) -> int:
        """On the first start another port is tried when the chosen one was snatched; later the port is a promise."""
        tries = _PORT_TRIES if self._port is None else 1
        for left in reversed(range(tries)):
            port = self._port or free_port()
            self._process = EngineProcess.launch(self._command(port), lock)
            try:
                self._await_ready(self._process, port)
            except EngineFailed:
                self._process.stop()
                if left and not port_is_free(port):
                    continue
                raise
            return port
        raise EngineFailed(f"every port that {self.name} tried was snatched")

    def _await_ready(self, process: EngineProcess, port: int) -> None:
        deadline = time.monotonic() + self._start_s
        while process.alive() and time.monotonic() < deadline:
            if self._ready(process, port):
                return
            time.sleep(0.02)
        raise EngineFailed(f"{self.name} did not become ready; end of {self.log}:\n{log_tail(self.log)}")

    @abc.abstractmethod
    def _prepare(self) -> None:
        """Makes the folder fit for a start; only one process of this home is here at a time."""

    @abc.abstractmethod
    def _command(self, port: int) -> Command:
        """How to run the engine on this port."""

    @abc.abstractmethod
    def _ready(self, process: EngineProcess, port: int) -> bool:
        """Whether this very process serves."""

    @abc.abstractmethod
    def _address(self, port: int) -> str:
        """What clients connect to."""

    def _sweep(self) -> None:  # noqa: B027 - not every engine leaves something
        """Removes what the engine left outside its folder."""
