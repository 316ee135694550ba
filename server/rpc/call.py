"""One call as a handler sees it; nothing of gRPC reaches a servicer but this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from google.protobuf.message import Message

from landseal.server.domain.budget import Budget
from landseal.server.domain.once import Once
from landseal.server.domain.records import Caller
from landseal.server.rpc.journal import Line

Result = TypeVar("Result")


def serialise(message: Message) -> bytes:
    """Returns the bytes of a response; equal messages have equal bytes."""
    return message.SerializeToString(deterministic=True)


@dataclass
class Call:
    """One call that has passed the edge's checks."""

    method: str
    budget: Budget
    line: Line = field(repr=False)
    who: str
    """Under which name its answer is kept: the account, an administrator's certificate, or a keyed hash of a secret."""
    token: str = field(default="", repr=False)
    session: Caller | None = field(default=None, repr=False)
    request_id: str = ""
    request_digest: bytes = field(default=b"", repr=False)
    trailers: dict[str, str] = field(default_factory=dict)
    """Metadata sent after the response; early headers would switch the clients' retries off."""

    @property
    def caller(self) -> Caller:
        """Who calls.

        Raises:
            LookupError: the method needs no token; a servicer that asks all the same is wrong.
        """
        if self.session is None:
            raise LookupError(f"{self.method} has no caller")
        return self.session

    @property
    def scope(self) -> tuple[str, str]:
        """What page tokens of this call are bound to."""
        return self.method, self.who

    def once(self, response: Callable[[Result], Message]) -> Once[Result]:
        """Names this mutation for the use case; ``encode`` also makes the response's bytes."""
        return Once(
            self.who, self.method, self.request_id, self.request_digest, lambda result: serialise(response(result))
        )

    def note(self, outcome: str) -> None:
        """Tells the journal how an answer that is no error ended, for example SPOOF_SUSPECTED."""
        self.line.outcome = outcome
