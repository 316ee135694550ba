"""Ends what has run out and erases what has served its time, every few seconds, on every worker alike.

Both jobs skip what another worker has locked, so that it does not matter how many of them run.
"""

from __future__ import annotations

import logging
import threading

from landseal.server.domain.doors import Store
from landseal.server.domain.errors import DatabaseAway
from landseal.server.domain.times import Clock
from landseal.server.usecases.offers import expire_transfers

_TIMEOUT_S = 20.0
_BATCH = 200
_log = logging.getLogger(__name__)


class Housekeeping:
    """A thread that keeps the store tidy from :meth:`start` to :meth:`close`."""

    def __init__(self, store: Store, *, every_s: float, clock: Clock) -> None:
        self._store, self._every_s, self._clock = store, every_s, clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stops the thread and waits for the round in progress."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_TIMEOUT_S)

    def run_once(self) -> None:
        """Makes one round; raises DatabaseAway when the database is."""
        now = self._clock()
        expire_transfers(self._store, now, limit=_BATCH, timeout_s=_TIMEOUT_S)
        with self._store.writes(timeout_s=_TIMEOUT_S) as writes:
            writes.sweep(now)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self.run_once()
            except DatabaseAway:
                _log.warning("housekeeping waits for the database")
            except Exception:
                # The thread must outlive any single bad round; the next one starts afresh.
                _log.exception("a round of housekeeping failed")
