"""Uploads whose pieces stay in memory, on the real database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conformance.records import add_pair, an_upload
from conformance.store import WAIT_S, StoreSuite

from landseal.server.crypto.vault import Vault
from landseal.server.storage.database import PostgresStore
from landseal.server.storage.shelf import PieceShelf


@pytest.fixture
def store(migrated_url: str, sealer: Vault) -> Iterator[PostgresStore]:
    made = PostgresStore(migrated_url, sealer, shelf=PieceShelf(limit_bytes=1 << 20))
    yield made
    made.close()


@pytest.mark.engines
class TestShelvedStore(StoreSuite):
    """The store keeps every promise of the doors with a shelf too."""


@pytest.mark.engines
def test_a_use_that_is_rolled_back_keeps_the_pieces(store: PostgresStore, sealer: Vault) -> None:
    giver, _ = add_pair(store, sealer)
    upload = an_upload(giver)
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.add_upload(upload)
        writes.append_chunk(upload.upload_id, 0, b"abc")
    with pytest.raises(ZeroDivisionError), store.writes(timeout_s=WAIT_S) as writes:  # noqa: PT012 - both must be in it
        assert writes.use_upload(upload.upload_id)
        _ = 1 / 0
    with store.reads() as reads:
        assert reads.upload_data(upload.upload_id) == b"abc"
    with store.writes(timeout_s=WAIT_S) as writes:
        assert writes.use_upload(upload.upload_id)
    with store.reads() as reads:
        assert reads.upload_data(upload.upload_id) == b""


@pytest.mark.engines
def test_what_finds_no_room_in_memory_goes_to_the_database(migrated_url: str, sealer: Vault) -> None:
    shelf = PieceShelf(limit_bytes=3)
    store = PostgresStore(migrated_url, sealer, shelf=shelf)
    giver, _ = add_pair(store, sealer)
    upload = an_upload(giver)
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.add_upload(upload)
        writes.append_chunk(upload.upload_id, 0, b"abc")
        writes.append_chunk(upload.upload_id, 3, b"def")
    assert shelf.pieces(upload.upload_id) == {0: b"abc"}
    with store.reads() as reads:
        assert reads.upload_data(upload.upload_id) == b"abcdef"
    store.close()
