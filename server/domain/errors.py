"""The one error family: raised deep inside, mapped to a status once, in ``rpc/errors.py``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from landseal.server.domain.reasons import Reason


@dataclass(frozen=True)
class FieldFault:
    """One field that breaks its rule; ``text`` never repeats the value."""

    field: str
    text: str


class Refused(Exception):
    """A call ends with a reason of the catalogue; whatever it had begun in the database is rolled back."""

    def __init__(
        self,
        reason: Reason,
        *,
        metadata: Mapping[str, str] | None = None,
        faults: tuple[FieldFault, ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.faults = faults
        self.retry_after_s = retry_after_s


class DatabaseAway(Exception):
    """The database cannot be reached or is restarting; nothing was committed, or a commit's answer was lost."""


class AnswerExists(Exception):
    """Another call with the same request_id committed first; read its answer."""
