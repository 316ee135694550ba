"""Instants in UTC; the clock itself is an argument everywhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]
"""Returns the present instant, aware, in UTC."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def millis(instant: dt.datetime) -> int:
    """Returns whole milliseconds since 1970 (UTC), rounded down; that is how instants are signed."""
    return (instant - _EPOCH) // dt.timedelta(milliseconds=1)


def from_millis(value: int) -> dt.datetime:
    """Returns the instant of so many milliseconds since 1970 (UTC)."""
    return _EPOCH + dt.timedelta(milliseconds=value)


def utc_now() -> dt.datetime:
    """Returns the machine's clock, cut to milliseconds so that stored and signed instants agree."""
    return from_millis(millis(dt.datetime.now(dt.UTC)))
