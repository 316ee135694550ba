"""Several server processes on one port: each is this program again, on the engines that the parent runs.

Connections are spread by the kernel (SO_REUSEPORT). A worker that dies is started again; when the parent dies, the
workers notice and drain.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time

from landseal.server.engines.pair import EnginePair
from landseal.server.settings import PREFIX, Settings

WORKER = "LANDSEAL_WORKER"
"""Set for workers: their number, from 0; only number 0 listens for administrators."""
_POLL_S = 0.2
_BACKOFF_S = (0.5, 10.0)
_log = logging.getLogger(__name__)


class Fleet:
    """Keeps the settings' number of workers running from :meth:`start` to :meth:`stop`."""

    def __init__(self, settings: Settings, engines: EnginePair) -> None:
        """Prepares workers on engines that run."""
        self._settings, self._stop = settings, threading.Event()
        self._environment = os.environ | {
            PREFIX + "DATABASE_URL": engines.database_url,
            PREFIX + "TRITON_URL": engines.triton_url,
            PREFIX + "HOME": str(settings.home),
        }
        if (tls := engines.triton_tls) is not None:
            files = {"ROOT_CERTIFICATES": tls.root, "CLIENT_CERTIFICATE": tls.certificate, "CLIENT_KEY": tls.key}
            self._environment |= {f"{PREFIX}TRITON_{name}": str(path) for name, path in files.items() if path}
        self._threads = [
            threading.Thread(target=self._keep, args=(number,), name=f"worker-{number}")
            for number in range(settings.workers)
        ]

    def start(self) -> None:
        """Starts all workers."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Asks all workers to drain and waits for them."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _keep(self, number: int) -> None:
        pause, longest = _BACKOFF_S
        while not self._stop.is_set():
            begin = time.monotonic()
            status = self._run(number)
            if self._stop.is_set():
                return
            _log.error("worker %d ended with status %d and is started again", number, status)
            pause = _BACKOFF_S[0] if time.monotonic() - begin > longest else min(2 * pause, longest)
            self._stop.wait(pause)

    def _run(self, number: int) -> int:
        extra = {WORKER: str(number)} | ({PREFIX + "ADMIN_LISTEN": ""} if number else {})
        command = [sys.executable, "-m", "landseal.server"]
        with subprocess.Popen(command, env=self._environment | extra, stdin=subprocess.DEVNULL) as worker:
            while worker.poll() is None and not self._stop.wait(_POLL_S):
                pass
            if worker.poll() is None:
                worker.terminate()
                try:
                    worker.wait(timeout=self._settings.drain_s + 10.0)
                except subprocess.TimeoutExpired:
                    worker.kill()
            return worker.wait()


def when_orphaned(stop: threading.Event) -> None:
    """Sets ``stop`` when this worker's parent is gone; returns at once in a process that is no worker."""
    if WORKER not in os.environ:
        return
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent and not stop.wait(_POLL_S):
            pass
        stop.set()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
