"""Keeps engines running: starts them together, restarts those that die, stops them at the end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from landseal.server.engines.process import EngineError

_LOG = logging.getLogger(__name__)


class Engine(Protocol):
    """What can be watched."""

    name: str

    def start(self) -> str:
        """Starts the engine, waits until it is ready and returns its address, the same after every restart.

        Raises:
            EngineError: it could not be started.
        """

    def stop(self) -> None:
        """Stops it and waits until nothing of it is left."""

    def alive(self) -> bool:
        """Whether its process runs."""


class EngineWatch:
    """Watches engines from one thread each, so that a slow restart of one holds up no other.

    After a death the restart follows at once; further deaths or failed starts within ``settled_s`` double the pause up
    to ``backoff_max_s``, so that a broken engine does not eat the machine.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        *,
        poll_s: float = 0.1,
        backoff_s: float = 0.25,
        backoff_max_s: float = 15.0,
        settled_s: float = 30.0,
    ) -> None:
        self._engines = tuple(engines)
        self._poll_s = poll_s
        self._backoff_s = backoff_s
        self._backoff_max_s = backoff_max_s
        self._settled_s = settled_s
        self._closing = threading.Event()
        self._restarts = {engine.name: 0 for engine in self._engines}
        self._threads: list[threading.Thread] = []

    def start(self) -> dict[str, str]:
        """Starts all engines at the same time, then watches them; addresses by name.

        Raises:
            EngineError: one could not be started; the others were stopped again.
        """
        try:
            with ThreadPoolExecutor(max_workers=max(1, len(self._engines))) as pool:
                started = pool.map(lambda engine: engine.start(), self._engines)
                addresses = dict(zip(self._restarts, started, strict=True))
        except EngineError:
            self.close()
            raise
        for engine in self._engines:
            thread = threading.Thread(target=self._watch, args=(engine,), name=f"watch-{engine.name}", daemon=True)
            thread.start()
            self._threads.append(thread)
        return addresses

    def restarts(self) -> dict[str, int]:
        """How often each engine was restarted since the start."""
        return dict(self._restarts)

    def close(self) -> None:
        """Ends the watching, then stops the engines, the last one first. Safe to call again."""
        self._closing.set()
        for thread in self._threads:
            thread.join()
        for engine in reversed(self._engines):
            engine.stop()

    def __enter__(self) -> EngineWatch:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _watch(self, engine: Engine) -> None:
        pause, started = 0.0, time.monotonic()
        while not self._closing.wait(self._poll_s):
            if engine.alive():
                if time.monotonic() - started > self._settled_s:
                    pause = 0.0
                continue
            _LOG.warning("engine %s died; restarting it in %.2f s", engine.name, pause)
            if self._closing.wait(pause):
                return
            pause = min(max(2 * pause, self._backoff_s), self._backoff_max_s)
            if self._restart(engine):
                started = time.monotonic()

    def _restart(self, engine: Engine) -> bool:
        try:
            engine.start()
        except (EngineError, OSError) as error:  # a full disk and the like pass; the next try comes after the pause
            _LOG.error("engine %s could not be restarted: %s", engine.name, error)
            return False
        self._restarts[engine.name] += 1
        _LOG.warning("engine %s runs again (restart %d)", engine.name, self._restarts[engine.name])
        return True
