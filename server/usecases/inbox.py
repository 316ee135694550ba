"""What concerns a person, in order, until they have seen it."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Sequence

from landseal.server.domain.budget import Budget
from landseal.server.domain.doors import Sealer, Store
from landseal.server.domain.once import Once
from landseal.server.domain.records import Caller, Event, EventKind
from landseal.server.domain.times import Clock
from landseal.server.usecases.codes import relay_context


class Inbox:
    """Reads and acknowledges events."""

    def __init__(self, store: Store, sealer: Sealer, *, clock: Clock) -> None:
        self._store, self._sealer, self._clock = store, sealer, clock

    def events(self, caller: Caller, after_cursor: int, limit: int) -> Sequence[Event]:
        """Returns the caller's events after a cursor, in order, opened."""
        with self._store.reads() as reads:
            return [self._opened(event) for event in reads.events_after(caller.account_id, after_cursor, limit)]

    def acknowledge(self, caller: Caller, through_cursor: int, once: Once[int], budget: Budget) -> int:
        """Marks events up to a cursor as seen; never goes back. Returns the last cursor seen."""
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            seen = writes.acknowledge(caller.account_id, through_cursor)
            writes.keep_answer(once, once.encode(seen), self._clock())
        return seen

    def _opened(self, event: Event) -> Event:
        if event.kind is not EventKind.CODE_RELAYED:
            return event
        sealed = base64.b64decode(event.details["payload_sealed"])
        payload = self._sealer.open(relay_context(event.account_id), sealed).decode()
        return dataclasses.replace(event, details={"payload": payload, "masked_name": event.details["masked_name"]})
