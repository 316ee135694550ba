"""The pool of connections: peewee's, made fit for a server that is killed and comes back."""

from __future__ import annotations

import select
import time
from dataclasses import dataclass
from typing import Any

import psycopg
from playhouse.pool import PooledPostgresqlDatabase  # type: ignore[import-untyped]  # the wheel types peewee only
from psycopg.pq import TransactionStatus

_AWAY_S = 0.2
"""After a connection could not be made the next callers are told at once for this long, instead of queueing up."""


@dataclass(frozen=True)
class PoolSizes:
    """Limits of one process's connections."""

    max_connections: int = 16
    wait_s: float = 3.0
    """How long a call waits for a free connection."""
    connect_s: int = 3
    """How long one attempt to connect may take; libpq counts whole seconds and at least 2."""
    read_statement_s: float = 5.0
    """How long a statement outside a transaction may take."""


class Pool(PooledPostgresqlDatabase):  # type: ignore[misc]  # its base is untyped
    """A pool that never lends a dead connection and never logs a statement's values."""

    def __init__(self, url: str, sizes: PoolSizes, application: str = "landseal") -> None:
        self._away_until = 0.0
        super().__init__(
            _scheme(url),
            max_connections=sizes.max_connections,
            timeout=sizes.wait_s,
            prefer_psycopg3=True,
            autoconnect=False,
            connect_timeout=max(2, sizes.connect_s),
            application_name=application,
            options=f"-c statement_timeout={int(sizes.read_statement_s * 1000)} -c timezone=UTC",
            tcp_user_timeout=10_000,
            keepalives_idle=30,
        )

    def _connect(self) -> object:
        if time.monotonic() < self._away_until:
            raise psycopg.OperationalError("the database was away a moment ago")
        try:
            return super()._connect()
        except psycopg.OperationalError:
            self._away_until = time.monotonic() + _AWAY_S
            self.close_idle()
            raise

    def _is_closed(self, conn: psycopg.Connection[Any]) -> bool:
        """Tells whether the server has hung up; peewee would ask it, one round trip under the pool's lock each time.

        An idle connection has nothing to read, unless the server has closed it or said why it will.
        """
        if conn.closed or conn.pgconn.transaction_status != TransactionStatus.IDLE:
            return True
        poll = select.poll()
        poll.register(conn.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return bool(poll.poll(0))

    def execute_plain(self, sql: str) -> None:
        """Runs statements without parameters, several in one message."""
        self.connection().execute(sql, prepare=False)

    def _log_query(self, sql: str, params: object) -> None:
        """Keeps names, hashes and sealed bytes out of every log, whatever its level."""


def _scheme(url: str) -> str:
    """Rewrites the short scheme: peewee hands a URL to psycopg only when it begins with the long one."""
    return "postgresql://" + url.removeprefix("postgres://") if url.startswith("postgres://") else url
