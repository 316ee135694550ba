"""One JSON line per call: who, what, when, how it ended, in UTC. Never payloads, tokens, names or biometrics."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from landseal.server.domain.times import Clock

OK = "OK"
CANCELLED = "CANCELLED"
"""The client went away before the answer."""


@dataclass
class Line:
    """What is known of one call so far."""

    method: str
    peer: str
    """Kind of the connection only (``ipv4``, ``ipv6``, ``unix``): addresses are personal data."""
    account_id: str = ""
    outcome: str = OK
    started: float = field(default_factory=time.perf_counter)


class Journal:
    """Writes lines to a stream. JSON escapes every control character, so that no value can forge a line."""

    def __init__(self, write: Callable[[str], object], clock: Clock) -> None:
        self._write, self._clock, self._guard = write, clock, threading.Lock()

    @classmethod
    def to_stream(cls, stream: TextIO, clock: Clock) -> Journal:
        """Writes to an open stream, for example standard error."""

        def write(text: str) -> None:
            stream.write(text)
            stream.flush()

        return cls(write, clock)

    @classmethod
    def to_file(cls, path: Path, clock: Clock) -> Journal:
        """Appends to a file that only its owner reads; it is opened for every line, so that it can be rotated away."""
        path.touch(mode=0o600, exist_ok=True)

        def write(text: str) -> None:
            with path.open("a", encoding="ascii") as file:
                file.write(text)

        return cls(write, clock)

    def close(self, line: Line) -> None:
        """Writes the line of a finished call; a full disk loses the line and not the call."""
        entry = {
            "time": self._clock().isoformat(timespec="milliseconds"),
            "method": line.method,
            "outcome": line.outcome,
            "ms": round((time.perf_counter() - line.started) * 1000, 1),
            "peer": line.peer,
            "account": line.account_id,
        }
        text = json.dumps(entry, ensure_ascii=True, separators=(",", ":")) + "\n"
        try:
            with self._guard:
                self._write(text)
        except OSError:
            pass


def peer_kind(peer: str) -> str:
    """Returns the kind of a gRPC peer (``ipv4:127.0.0.1:5`` is ``ipv4``), without its address."""
    kind = peer.partition(":")[0]
    return kind if kind in ("ipv4", "ipv6", "unix") else "other"
