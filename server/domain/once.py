"""What makes a mutation safe to repeat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Once(Generic[Result]):
    """Names one mutation by its caller, method and request_id, and knows how its answer is kept.

    A use case keeps its result in the very transaction that causes the effect; a second call with the same name
    finds the answer
    there (``doors.Writes.keep_answer``) or loses the race with :class:`landseal.server.domain.errors.AnswerExists`.
    """

    caller: str
    """Account id, or the connection's kind for calls before login."""
    method: str
    request_id: str
    request_digest: bytes
    encode: Callable[[Result], bytes] = field(repr=False)
    """Turns the result into the response's bytes."""
