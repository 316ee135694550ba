"""The store on PostgreSQL."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from landseal.server.domain.doors import Sealer
from landseal.server.domain.errors import DatabaseAway
from landseal.server.storage.captures import CaptureReads, CaptureWrites
from landseal.server.storage.contracts import ContractReads, ContractWrites
from landseal.server.storage.faults import translated
from landseal.server.storage.inbox import InboxReads, InboxWrites
from landseal.server.storage.land import LandReads, LandWrites
from landseal.server.storage.people import PeopleReads, PeopleWrites
from landseal.server.storage.pool import Pool, PoolSizes
from landseal.server.storage.shelf import PieceShelf
from landseal.server.storage.transfers import TransferReads, TransferWrites

_TRANSACTION_TIMEOUT_SINCE = 170_000
"""First server version that ends a whole transaction by itself."""
_GRACE_MS = 250
"""How much later than this side the server gives up: a statement's own limit is the politer one."""


class PostgresReads(PeopleReads, CaptureReads, LandReads, TransferReads, ContractReads, InboxReads):
    """Implements :class:`landseal.server.domain.doors.Reads`."""


class PostgresWrites(
    PostgresReads, PeopleWrites, CaptureWrites, LandWrites, TransferWrites, ContractWrites, InboxWrites
):
    """Implements :class:`landseal.server.domain.doors.Writes`."""


Inspector = TypeVar("Inspector", bound=PostgresReads)


class _Lent(threading.local):
    """What this thread holds."""

    unit: PostgresReads | None = None


class PostgresStore:
    """Implements :class:`landseal.server.domain.doors.Store`; safe between threads, not across a fork."""

    def __init__(
        self, url: str, sealer: Sealer, sizes: PoolSizes | None = None, shelf: PieceShelf | None = None
    ) -> None:
        """Prepares the pool; ``shelf`` keeps uploads in memory, for the only process that uses this database."""
        self._pool = Pool(url, sizes or PoolSizes())
        self._shelf = shelf
        self._sealer = sealer
        self._lent = _Lent()

    @contextmanager
    def reads(self) -> Iterator[PostgresReads]:
        """Lends a connection for lookups; inside this thread's own reads or writes, the one it holds.

        Raises:
            DatabaseAway: none can be made, or none became free in time.
        """
        if self._lent.unit is not None:
            yield self._lent.unit
            return
        with self._connection(), self._lend(PostgresReads(self._pool, self._sealer, self._shelf)) as unit:
            yield unit

    @contextmanager
    def writes(self, *, timeout_s: float) -> Iterator[PostgresWrites]:
        """Opens a transaction that commits when the block ends, and rolls back when it ends with an exception.

        Args:
            timeout_s: what the transaction may take in all, waiting for locks included.

        Raises:
            DatabaseAway: nothing was committed, or the answer to the commit was lost.
            RuntimeError: this thread is inside another writes.
        """
        if isinstance(self._lent.unit, PostgresWrites):
            raise RuntimeError("a transaction inside a transaction would not commit on its own")
        unit = PostgresWrites(self._pool, self._sealer, self._shelf)
        with self._connection() if self._lent.unit is None else _nothing(), self._lend(unit):
            self._begin(timeout_s)
            unit.deadline = time.monotonic() + timeout_s
            try:
                yield unit
            except BaseException:
                self._roll_back()
                raise
            self._commit()
            for act in unit.committed:
                act()

    @contextmanager
    def snapshot(self, kind: type[Inspector], *, timeout_s: float) -> Iterator[Inspector]:
        """Lends reads of the given kind in which everything stands still; not inside other reads or writes.

        Raises:
            DatabaseAway: as in :meth:`writes`.
        """
        unit = kind(self._pool, self._sealer)
        with self._connection(), self._lend(unit):
            self._begin(timeout_s, " ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield unit
            finally:
                self._roll_back()

    def version(self) -> str:
        """Returns the server's version, for example ``18.4``; empty while it is away."""
        try:
            with self._connection(), translated():
                answer = self._pool.execute_sql("SHOW server_version").fetchone()
        except DatabaseAway:
            return ""
        return str(answer[0]).partition(" ")[0]

    def close(self) -> None:
        """Closes every idle connection; those in use are closed when they come back or when the process ends."""
        self._pool.close_idle()

    @contextmanager
    def _lend(self, unit: PostgresReads) -> Iterator[PostgresReads]:
        before, self._lent.unit = self._lent.unit, unit
        try:
            yield unit
        finally:
            self._lent.unit = before

    @contextmanager
    def _connection(self) -> Iterator[None]:
        """Lends a connection to this thread; a broken one is closed when it comes back, not lent again."""
        if not self._pool.is_closed():
            yield
            return
        with translated():
            self._pool.connect()
        try:
            yield
        finally:
            self._pool.close()

    def _begin(self, timeout_s: float, kind: str = "") -> None:
        limit_ms = max(1, math.ceil(timeout_s * 1000))
        limits = {
            "statement_timeout": limit_ms,
            "lock_timeout": limit_ms,
            "idle_in_transaction_session_timeout": limit_ms + _GRACE_MS,
        }
        with translated():
            if self._pool.connection().info.server_version >= _TRANSACTION_TIMEOUT_SINCE:
                limits["transaction_timeout"] = limit_ms + _GRACE_MS
            settings = "".join(f"; SET LOCAL {name} = {value}" for name, value in limits.items())
            # Without parameters psycopg sends all of it in one message: one round trip begins and limits.
            self._pool.execute_plain(f"BEGIN{kind}{settings}")

    def _commit(self) -> None:
        with translated():
            self._pool.commit()

    def _roll_back(self) -> None:
        try:
            with translated():
                self._pool.rollback()
        except Exception:  # the first error is the one to tell; the connection is broken and will be closed
            self._pool.connection().close()


@contextmanager
def _nothing() -> Iterator[None]:
    yield
