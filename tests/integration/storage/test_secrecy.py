"""A copy of the database tells nobody's name, number, face, paper, picture or token."""

from __future__ import annotations

import base64
import logging

import psycopg
import pytest
from conformance.records import NOW, a_transfer, add_pair, an_upload, conclude, once, propose
from support.land import OTHER, OWNER, parcel

from landseal.server.crypto.vault import Vault
from landseal.server.storage.database import PostgresStore

pytestmark = pytest.mark.engines
WAIT_S = 10.0
PICTURE = b"\xff\xd8\xff\xe0 a picture of a face"
TOKEN = "dG9rZW4tdG9rZW4tdG9rZW4tdG9rZW4tdG9rZW4tdG9r"
EMBEDDING = b"\x01" * 512  # what the samples seal as a template


def fill(store: PostgresStore, sealer: Vault) -> None:
    giver, taker = add_pair(store, sealer)
    upload = an_upload(giver, len(PICTURE))
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.put_parcels([parcel(1)])
        conclude(writes, propose(writes, a_transfer(giver, taker), giver, taker), taker)
        writes.add_upload(upload)
        writes.append_chunk(upload.upload_id, 0, PICTURE)
        writes.keep_answer(once(), TOKEN.encode(), NOW)
        writes.count_failure("login/13800001111", NOW, NOW - NOW)


def dump(url: str) -> bytes:
    """Everything in every table, each bytea as its raw bytes and every other column as text."""
    parts: list[bytes] = []
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f"SELECT * FROM {table}".encode()).fetchall():  # noqa: S608 - own tables
                parts.extend(v if isinstance(v, bytes) else str(v).encode() for v in row)
    return b"\n".join(parts)


def test_no_table_holds_a_name_number_face_paper_picture_or_token(
    store: PostgresStore, sealer: Vault, migrated_url: str
) -> None:
    fill(store, sealer)
    held = dump(migrated_url)
    assert len(held) > 10_000
    assert TOKEN.encode() not in held
    assert base64.urlsafe_b64decode(TOKEN + "==") not in held
    personal = ("王大山", "欧阳春梅", OWNER, OTHER, "13800001111", "13900002222", "王的手机", "抽水泵房", "四川农信")
    for secret in personal:
        plain = secret.encode()
        for form in (plain, base64.b64encode(plain), plain.hex().encode(), secret.encode("unicode_escape")):
            assert form not in held, secret
    for secret_bytes in (PICTURE[4:], EMBEDDING[:32], b"%PDF"):
        assert secret_bytes not in held


def test_a_sealed_value_moved_to_another_row_does_not_open(
    store: PostgresStore, sealer: Vault, migrated_url: str
) -> None:
    giver, taker = add_pair(store, sealer)
    with psycopg.connect(migrated_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE person SET name_sealed = p.name_sealed FROM person p "
            "WHERE p.person_id = %s AND person.person_id = %s",
            (taker.person.person_id, giver.person.person_id),
        )
    with store.reads() as reads, pytest.raises(ValueError, match="does not open"):
        reads.person(giver.person.person_id)


def put_again(store: PostgresStore) -> None:
    """Tries to replace a person who is bound."""
    with store.writes(timeout_s=WAIT_S) as writes:
        account = writes.account_by_login_name("13800001111")
        assert account is not None
        person = writes.person(account.person_id)
        assert person is not None
        writes.put_person(person)


def test_no_log_holds_a_value(
    store: PostgresStore, sealer: Vault, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        fill(store, sealer)
        with pytest.raises(ValueError, match="bound"):
            put_again(store)
    out, err = capfd.readouterr()
    told = caplog.text + out + err
    for secret in ("王大山", OWNER, "13800001111", TOKEN):
        assert secret not in told
