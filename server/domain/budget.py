"""Time is handed down: what is left of a call's deadline."""

from __future__ import annotations

import time
from dataclasses import dataclass

from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason


@dataclass(frozen=True)
class Budget:
    """A deadline on the monotonic clock; storage and inference get what is left of it."""

    deadline: float
    """Reading of ``time.monotonic()`` at which the call is over."""

    @classmethod
    def of_seconds(cls, seconds: float) -> Budget:
        """Returns a budget that begins now."""
        return cls(time.monotonic() + seconds)

    def left_s(self) -> float:
        """Returns the seconds left, always positive.

        Raises:
            Refused: DEADLINE_EXCEEDED when nothing is left.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Refused(Reason.DEADLINE_EXCEEDED)
        return left
