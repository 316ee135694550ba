"""Pieces of uploads in memory, for a server that is one process: pictures then never leave it before they are judged.

Where several processes answer, a later piece or the submission may reach another one, so there the pieces live in the
database. A restart loses what is here, as a crash of the database loses the unlogged table: the upload is then gone,
and the client begins a new one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

LIMIT_BYTES = 256 << 20
"""All pieces together; further ones go to the database."""
KEPT_S = 660.0
"""A little longer than an upload lives; what nobody submitted is let go after it."""


@dataclass
class _Pieces:
    begun: float
    by_start: dict[int, bytes] = field(default_factory=dict, repr=False)


class PieceShelf:
    """Keeps pieces by upload and place. Thread-safe; what it holds is bounded."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` counts seconds and never goes back."""
        self._limit, self._clock, self._guard = limit_bytes, clock, threading.Lock()
        self._uploads: dict[str, _Pieces] = {}
        """In the order in which they were begun."""
        self._held = 0

    def put(self, upload_id: str, start: int, data: bytes) -> bool:
        """Keeps a piece in place of any other with this start; False, and nothing kept there, when it is full."""
        with self._guard:
            self._let_go_old()
            pieces = self._uploads.get(upload_id)
            if pieces is not None:
                self._held -= len(pieces.by_start.pop(start, b""))
            if self._held + len(data) > self._limit:
                return False
            if pieces is None:
                pieces = self._uploads[upload_id] = _Pieces(self._clock())
            pieces.by_start[start] = data
            self._held += len(data)
            return True

    def pieces(self, upload_id: str) -> dict[int, bytes]:
        """The pieces of an upload by their start; empty when there are none."""
        with self._guard:
            held = self._uploads.get(upload_id)
            return dict(held.by_start) if held else {}

    def drop(self, upload_id: str) -> None:
        """Lets the pieces of an upload go."""
        with self._guard:
            self._drop(upload_id)

    def _drop(self, upload_id: str) -> None:
        held = self._uploads.pop(upload_id, None)
        if held is not None:
            self._held -= sum(map(len, held.by_start.values()))

    def _let_go_old(self) -> None:
        while self._uploads:
            oldest, held = next(iter(self._uploads.items()))
            if self._clock() - held.begun <= KEPT_S:
                return
            self._drop(oldest)
