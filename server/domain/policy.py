"""What the operator allows: one named policy is in force, its id is repeated in every receipt."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from landseal.server.domain.canonical import digest
from landseal.server.domain.receipts import CaptureSource


@dataclass(frozen=True)
class Policy:
    """The rules of one deployment."""

    name: str
    """production, demo or loadtest."""
    silent_required: bool
    """Whether silent liveness must take part; if it cannot, nothing passes."""
    sources: frozenset[CaptureSource]
    """Where frames may come from."""
    attempts: int
    """Tries per account and purpose within the window."""
    attempt_window: dt.timedelta
    instruction_lifetime: dt.timedelta
    """From issue to the submitted burst."""
    clock_bound: bool
    """Whether the frames' times must fit the server's own clock; only recorded or rendered bursts are exempt."""

    @property
    def mark(self) -> str:
        """What receipts and contracts are marked with; empty in production."""
        return "" if self.name == "production" else self.name

    @property
    def liveness(self) -> str:
        """What must decide liveness at least."""
        return "silent+active" if self.silent_required else "active"

    @property
    def policy_id(self) -> str:
        """First 16 hex digits of the digest of all rules."""
        rules = (
            self.name,
            int(self.silent_required),
            tuple(sorted(int(source) for source in self.sources)),
            self.attempts,
            int(self.attempt_window.total_seconds()),
            int(self.instruction_lifetime.total_seconds()),
            int(self.clock_bound),
        )
        return digest("policy", *rules).hex()[:16]


_ALL_SOURCES = frozenset((CaptureSource.CAMERA, CaptureSource.FILE, CaptureSource.PUPPET))


def named(name: str, *, silent_required: bool) -> Policy:
    """Returns the policy of that name.

    ``security.md`` B3: three tries, instructions at most three minutes old. Demo and load test differ in what they
    must: frames that
    are rendered or recorded, many tries in a short time.

    Raises:
        ValueError: there is no such policy, or production without silent liveness.
    """
    if name == "production":
        if not silent_required:
            raise ValueError("the production policy demands silent liveness")
        sources = frozenset((CaptureSource.CAMERA,))
        return Policy(name, True, sources, 3, dt.timedelta(minutes=10), dt.timedelta(minutes=3), clock_bound=True)
    if name in ("demo", "loadtest"):
        window, lifetime = dt.timedelta(minutes=10), dt.timedelta(minutes=3)
        return Policy(name, silent_required, _ALL_SOURCES, 1_000_000, window, lifetime, clock_bound=False)
    raise ValueError("the policies are production, demo and loadtest")
