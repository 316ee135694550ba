"""A migrated database of each test's own, its store and the sealer that the store was given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from landseal.server.crypto.keyring import Keyring
from landseal.server.crypto.vault import Vault
from landseal.server.storage.database import PostgresStore
from landseal.server.storage.migrate import migrate


@pytest.fixture
def sealer() -> Vault:
    return Vault(Keyring.generate())


@pytest.fixture
def migrated_url(database_url: str) -> str:
    migrate(database_url)
    return database_url


@pytest.fixture
def store(migrated_url: str, sealer: Vault) -> Iterator[PostgresStore]:
    made = PostgresStore(migrated_url, sealer)
    yield made
    made.close()
