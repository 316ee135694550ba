"""Overload is refused at once and with a type; nothing queues without bound."""

from __future__ import annotations

import enum
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason

_RETRY_S = (0.5, 1.5)
"""Refused clients come back at different times."""


class Gate(enum.Enum):
    """The narrower gates inside; what one kind of work fills up, the other kinds do not notice."""

    NONE = enum.auto()
    """The call is light."""
    INFERENCE = enum.auto()
    """It costs about a second of inference or rendering."""
    PASSWORD = enum.auto()
    """It costs a password's hash, and anybody may ask for it."""


class _Places:
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
    """A gate for all calls and, inside, one for each kind of costly ones.

    Calls that cost a second of inference or rendering can never fill all places, so that reading stays possible; and
    strangers' logins, which cost a password's hash, can never take the places of either.
    """

    def __init__(self, *, calls: int, heavy_calls: int, password_calls: int) -> None:
        self._all = _Places(calls)
        self._narrow = {Gate.INFERENCE: _Places(heavy_calls), Gate.PASSWORD: _Places(password_calls)}

    @contextmanager
    def passed(self, gate: Gate) -> Iterator[None]:
        """Holds a place while the block runs; raises Refused OVERLOADED."""
        with self._all.passed():
            if gate is Gate.NONE:
                yield
                return
            with self._narrow[gate].passed():
                yield
