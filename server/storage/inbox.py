"""Inbox events, kept answers, and what is swept away."""

from __future__ import annotations

import datetime as dt
from typing import Any

from psycopg.types.json import Jsonb

from landseal.server.domain.errors import AnswerExists
from landseal.server.domain.once import Once
from landseal.server.domain.records import Answer, Event, EventKind
from landseal.server.storage.channel import CHANNEL
from landseal.server.storage.models import AnswerRow, EventRow
from landseal.server.storage.statements import insert, select
from landseal.server.storage.unit import Unit

ANSWER_LIFETIME = dt.timedelta(hours=24)
"""How long a mutation can be repeated with its request_id (``api.md``, Safe to repeat)."""

_EVENTS = select(EventRow, "WHERE account_id = %(account_id)s AND cursor > %(cursor)s ORDER BY cursor LIMIT %(limit)s")
_SEEN = "SELECT seen_cursor FROM inbox WHERE account_id = %(account_id)s"
_ANSWER = select(AnswerRow, "WHERE caller = %(caller)s AND method = %(method)s AND request_id = %(request_id)s")

# The counter row stays locked until the end of the transaction: cursors have no gaps and appear in their order.
_ADD_EVENT = f"""
    WITH counted AS (
        INSERT INTO inbox (account_id, last_cursor, seen_cursor) VALUES (%(account_id)s, 1, 0)
        ON CONFLICT (account_id) DO UPDATE SET last_cursor = inbox.last_cursor + 1 RETURNING last_cursor),
    added AS (
        INSERT INTO event (account_id, cursor, create_time, kind, details)
        SELECT %(account_id)s, last_cursor, %(now)s, %(kind)s, %(details)s FROM counted RETURNING cursor)
    SELECT cursor, pg_notify('{CHANNEL}', %(account_id)s || ':' || cursor) FROM added"""  # noqa: S608 - a constant
_ACKNOWLEDGE = """
    UPDATE inbox SET seen_cursor = greatest(seen_cursor, least(%(cursor)s, last_cursor))
    WHERE account_id = %(account_id)s RETURNING seen_cursor"""
_KEEP = insert(AnswerRow, "ON CONFLICT DO NOTHING")

_SWEPT = {
    "upload": ("expire_time", dt.timedelta()),
    "login_attempt": ("expire_time", dt.timedelta()),
    "registration_code": ("expire_time", dt.timedelta()),
    "code": ("expire_time", dt.timedelta()),
    "throttle_failure": ("keep_until", dt.timedelta()),
    "answer": ("create_time", ANSWER_LIFETIME),
}
"""Tables, the column that tells the age, and how long after it a row is kept."""
_SWEEP_LIMIT = 5000
"""At most so many rows per table and sweep, so that a sweep stays short."""


class InboxReads(Unit):
    """Lookups."""

    def events_after(self, account_id: str, cursor: int, limit: int) -> list[Event]:
        """Returns an account's events after a cursor, in order."""
        rows = self._all(_EVENTS, account_id=account_id, cursor=cursor, limit=limit)
        return [Event(row[0], row[1], row[2], EventKind(row[3]), row[4]) for row in rows]

    def seen_cursor(self, account_id: str) -> int:
        """Returns the last cursor that was acknowledged; 0 at first."""
        row = self._one(_SEEN, account_id=account_id)
        return int(row[0]) if row else 0

    def answer(self, caller: str, method: str, request_id: str) -> Answer | None:
        """Returns the kept first answer to a mutation."""
        row = self._one(_ANSWER, caller=caller, method=method, request_id=request_id)
        if row is None:
            return None
        return Answer(row[3], self._sealer.open(_answer_context(caller, method, request_id), row[4]))


class InboxWrites(InboxReads):
    """Changes."""

    def add_event(self, account_id: str, kind: EventKind, details: dict[str, str], now: dt.datetime) -> int:
        """Adds an event at the account's next cursor and notifies watchers on commit; returns the cursor."""
        return self._number(_ADD_EVENT, account_id=account_id, kind=str(kind), details=Jsonb(details), now=now)

    def acknowledge(self, account_id: str, through_cursor: int) -> int:
        """Moves the seen cursor forward, never back and never past the last event; returns it."""
        row = self._one(_ACKNOWLEDGE, account_id=account_id, cursor=through_cursor)
        return int(row[0]) if row else 0

    def keep_answer(self, once: Once[Any], response: bytes, now: dt.datetime) -> None:
        """Keeps the first answer, sealed since it may hold a token.

        Raises:
            AnswerExists: another transaction kept one; if it is still open, this waits for its end.
        """
        context = _answer_context(once.caller, once.method, once.request_id)
        kept = self._run(
            _KEEP,
            caller=once.caller,
            method=once.method,
            request_id=once.request_id,
            request_digest=once.request_digest,
            response_sealed=self._sealer.seal(context, response),
            create_time=now,
        )
        if not kept:
            raise AnswerExists("an answer to this request is kept")

    def sweep(self, now: dt.datetime) -> dict[str, int]:
        """Deletes what has served its time, some thousand rows per table at most; returns counts per table."""
        return {
            table: self._run(
                f"DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM {table} WHERE {column} <= %(until)s "  # noqa: S608 - constants of this module
                f"LIMIT {_SWEEP_LIMIT} FOR UPDATE SKIP LOCKED)",
                until=now - kept,
            )
            for table, (column, kept) in _SWEPT.items()
        }


def _answer_context(caller: str, method: str, request_id: str) -> str:
    return f"answer/{caller}/{method}/{request_id}"
