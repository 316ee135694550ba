"""Overload is refused at once and with a type; nothing queues without bound."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason

_RETRY_S = (0.5, 1.5)
"""Refused clients come back at different times."""


class Gate:
    """Lets so many calls in at the same time; watchers do not pass here."""

    def __init__(self, limit: int) -> None:
        self._slots = threading.BoundedSemaphore(limit)

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Holds one place while the block runs.

        Raises:
            Refused: OVERLOADED, with a time to come back.
        """
        if not self._slots.acquire(blocking=False):
            raise Refused(Reason.OVERLOADED, retry_after_s=random.uniform(*_RETRY_S))  # noqa: S311 - spreads load only
        try:
            yield
        finally:
            self._slots.release()


class Gates:
    """A gate for all calls and, inside, one for heavy ones.

    Calls that cost a second of inference, rendering or password hashing can never fill all places, so that reading
    stays possible.
    """

    def __init__(self, *, calls: int, heavy_calls: int) -> None:
        self._all, self._heavy = Gate(calls), Gate(heavy_calls)

    @contextmanager
    def passed(self, *, heavy: bool) -> Iterator[None]:
        """Holds a place while the block runs; raises Refused OVERLOADED."""
        with self._all.passed():
            if not heavy:
                yield
                return
            with self._heavy.passed():
                yield
