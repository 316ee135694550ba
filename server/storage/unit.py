"""One lent connection: runs statements, seals and opens; every room of reads and writes builds on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from landseal.server.domain.doors import Sealer
from landseal.server.domain.errors import DatabaseAway
from landseal.server.storage.faults import translated
from landseal.server.storage.pool import Pool
from landseal.server.storage.shelf import PieceShelf

Row = tuple[Any, ...]
Params = Mapping[str, object]


class Unit:
    """A connection while it is lent, inside a transaction or not."""

    def __init__(self, pool: Pool, sealer: Sealer, shelf: PieceShelf | None = None) -> None:
        self._pool = pool
        self._sealer = sealer
        self._shelf = shelf
        self.committed: list[Callable[[], None]] = []
        """What is done once the transaction is known to be committed, and not otherwise."""
        self.deadline: float | None = None
        """Reading of ``time.monotonic()`` after which no further statement begins; None outside a transaction."""

    def _execute(self, sql: str, params: Params) -> psycopg.Cursor[Row]:
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise DatabaseAway("the transaction's time is over")
        with translated():
            cursor: psycopg.Cursor[Row] = self._pool.execute_sql(sql, params)
            return cursor

    def _one(self, sql: str, **params: object) -> Row | None:
        return self._execute(sql, params).fetchone()

    def _all(self, sql: str, **params: object) -> list[Row]:
        return self._execute(sql, params).fetchall()

    def _all_binary(self, sql: str, **params: object) -> list[Row]:
        """As :meth:`_all`, for large columns: as text PostgreSQL would send bytes as hex digits, two for each."""
        with translated():
            cursor: psycopg.Cursor[Row] = self._pool.connection().execute(sql, params, binary=True)
            return cursor.fetchall()

    def _number(self, sql: str, **params: object) -> int:
        """Returns the first column of the first row; there must be one, a number or a truth value."""
        row = self._one(sql, **params)
        if row is None:
            raise LookupError("a statement that always answers gave no row")
        return int(row[0])

    def _run(self, sql: str, **params: object) -> int:
        """Returns how many rows were changed."""
        return self._execute(sql, params).rowcount

    def _seal_text(self, context: str, text: str) -> bytes:
        return self._sealer.seal(context, text.encode())

    def _open_text(self, context: str, sealed: bytes) -> str:
        return self._sealer.open(context, sealed).decode()
