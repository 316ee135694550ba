"""A migrated database, its store and the sealer that the store was given.

Making a database costs seconds on a busy machine; so one is made for all tests of this folder and emptied for each.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from support.engines import other_database

from landseal.server.crypto.keyring import Keyring
from landseal.server.crypto.vault import Vault
from landseal.server.engines.postgres import EmbeddedPostgres
from landseal.server.storage.database import PostgresStore
from landseal.server.storage.migrate import migrate

# Rows are deleted, tables not truncated: the latter syncs some hundred files.
_TABLES = (
    *("event", "inbox", "answer", "claim", "draft", "contract", "transfer_move", "transfer", "code", "upload_piece"),
    *("upload", "judging", "burst", "receipt", "verification", "session", "login_attempt", "device_key", "device"),
    *("registration_code", "account", "person", "parcel", "throttle_failure"),
)
_KEPT = ("contract", "transfer_move")
"""Tables whose rows a trigger keeps."""


def empty(url: str) -> None:
    """Deletes every row, those that the schema keeps included: only the tables' owner can."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in _KEPT:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        with connection.transaction():
            connection.execute(b"UPDATE person SET account_id = NULL")
            for table in _TABLES:
                connection.execute(f"DELETE FROM {table}".encode())  # noqa: S608 - constants
        for table in _KEPT:
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER".encode())


@pytest.fixture
def sealer() -> Vault:
    return Vault(Keyring.generate())


@pytest.fixture(scope="session")
def shared_url(postgres: EmbeddedPostgres) -> str:
    server = postgres.start()
    name = f"storage_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    url = other_database(server, name)
    migrate(url)
    return url


@pytest.fixture
def migrated_url(shared_url: str) -> str:
    """The URL of a migrated, empty database."""
    empty(shared_url)
    return shared_url


@pytest.fixture
def store(migrated_url: str, sealer: Vault) -> Iterator[PostgresStore]:
    made = PostgresStore(migrated_url, sealer)
    yield made
    made.close()
