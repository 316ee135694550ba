"""Brings a database to the schema of this program; safe to run by many processes at once, and again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

import psycopg

from landseal.server.domain.errors import DatabaseAway

_LOCK = 0x4C414E445345414C
"""Key of the advisory lock: LANDSEAL in ASCII."""
_HISTORY = """
    CREATE TABLE IF NOT EXISTS schema_migration (
        number integer PRIMARY KEY,
        name text NOT NULL,
        sha256 bytea NOT NULL,
        apply_time timestamptz NOT NULL DEFAULT now()
    )"""
_ADD = "INSERT INTO schema_migration (number, name, sha256) VALUES (%s, %s, %s)"
_CONNECT_S = 10


class MigrationFault(Exception):
    """The database's history does not fit this program's: a shipped file was changed, or the program is older."""


@dataclass(frozen=True)
class Migration:
    """One numbered SQL file."""

    number: int
    name: str
    sql: bytes

    @property
    def sha256(self) -> bytes:
        """Digest of the file, kept in the database."""
        return hashlib.sha256(self.sql).digest()


def migrations() -> list[Migration]:
    """Returns the shipped files in their order."""
    return sorted(_files(), key=lambda each: each.number)


def _files() -> Iterator[Migration]:
    for file in resources.files("landseal.server.storage.migrations").iterdir():
        if file.name.endswith(".sql"):
            yield Migration(int(file.name[:4]), file.name, file.read_bytes())


def migrate(url: str) -> list[str]:
    """Applies what is missing, each file in a transaction of its own, and returns the names of the files applied.

    Raises:
        MigrationFault: see there; nothing was changed.
        DatabaseAway: the database cannot be reached.
    """
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_S) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))  # ends with the connection
            connection.execute(_HISTORY)
            return [_apply(connection, each) for each in _missing(connection)]
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseAway(error.sqlstate or type(error).__name__) from None


def _missing(connection: psycopg.Connection) -> list[Migration]:
    rows = connection.execute("SELECT number, sha256 FROM schema_migration").fetchall()
    applied = {int(number): bytes(sha256) for number, sha256 in rows}
    shipped = migrations()
    unknown = applied.keys() - {each.number for each in shipped}
    if unknown:
        raise MigrationFault(f"the database is newer: migration {max(unknown)} is unknown here")
    for each in shipped:
        if applied.get(each.number, each.sha256) != each.sha256:
            raise MigrationFault(f"{each.name} was changed after it had been applied")
    return [each for each in shipped if each.number not in applied]


def _apply(connection: psycopg.Connection, migration: Migration) -> str:
    with connection.transaction():
        connection.execute(migration.sql)
        connection.execute(_ADD, (migration.number, migration.name, migration.sha256))
    return migration.name
