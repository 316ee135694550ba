"""Slows guessers down; the counters live in the database and so are shared by all workers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from landseal.server.domain.doors import Store
from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason
from landseal.server.domain.times import Clock

_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Throttle:
    """At most ``limit`` failures per key within ``window``."""

    store: Store
    clock: Clock
    limit: int = 10
    window: dt.timedelta = dt.timedelta(minutes=15)

    def demand(self, key: str) -> None:
        """Raises Refused RATE_LIMITED when the key has failed too often lately."""
        with self.store.reads() as reads:
            failures = reads.failures(key, self.clock(), self.window)
        if failures >= self.limit:
            raise Refused(Reason.RATE_LIMITED, retry_after_s=self.window.total_seconds() / self.limit)

    def failed(self, key: str) -> None:
        """Counts a failure; in a transaction of its own, since the call that failed is rolled back."""
        with self.store.writes(timeout_s=_TIMEOUT_S) as writes:
            writes.count_failure(key, self.clock(), self.window)
