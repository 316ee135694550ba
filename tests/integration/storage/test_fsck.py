"""What fsck finds: every rule, broken on purpose by somebody who owns the tables."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise

import psycopg
import pytest
from conformance.records import (
    NOW,
    Actor,
    a_contract,
    a_draft,
    a_receipt,
    a_transfer,
    add_pair,
    an_upload,
)
from support.land import parcel

from landseal.server.crypto.signing import SigningKey, verify
from landseal.server.crypto.vault import Vault
from landseal.server.domain.contract import Contract, Role
from landseal.server.domain.receipts import Binding
from landseal.server.domain.records import EventKind
from landseal.server.domain.signing import contract_bytes, platform_bytes
from landseal.server.domain.terms import ParcelPart
from landseal.server.domain.times import millis
from landseal.server.domain.transfer import State
from landseal.server.storage.codec import to_json
from landseal.server.storage.database import PostgresStore
from landseal.server.storage.fsck import fsck

pytestmark = pytest.mark.engines
WAIT_S = 10.0
_TRIGGERS = ("transfer", "transfer_move", "draft", "contract")


FLIP = "UPDATE contract SET body_sealed = set_bit(body_sealed, 400, 1 - get_bit(body_sealed, 400))"
SWAP = """
    UPDATE contract SET transferor_receipt_id = transferee_receipt_id, transferee_receipt_id = transferor_receipt_id"""


def concluded(store: PostgresStore, giver: Actor, taker: Actor) -> Contract:
    """Concludes a transfer with real signatures, as the use cases do."""
    platform, keys = SigningKey(b"p" * 32), (SigningKey(b"g" * 32), SigningKey(b"t" * 32))
    transfer = a_transfer(giver, taker)
    draft = a_draft(transfer, giver, taker)
    body = replace(
        draft.body,
        document_sha256=hashlib.sha256(draft.document).digest(),
        transferor=replace(draft.body.transferor, sign_key=keys[0].public),
        transferee=replace(draft.body.transferee, sign_key=keys[1].public),
        server_key_id=platform.public.key_id,
    )
    draft = replace(draft, body=body, terms_digest=body.digest())
    binding = Binding(transfer.transfer_id, 1, body.digest())
    receipts = a_receipt(giver, binding), a_receipt(taker, binding)
    signatures = [
        key.sign(
            contract_bytes(
                body.server_key_id, party.account_id, key.public.key_id, body.transfer_id, int(role), body.digest(),
                receipt.digest(),
            )
        )
        for key, party, role, receipt in zip(
            keys, (body.transferor, body.transferee), (Role.TRANSFEROR, Role.TRANSFEREE), receipts, strict=True
        )
    ]  # fmt: skip
    unsigned = a_contract(draft, *receipts)
    sealed = platform_bytes(
        platform.public.key_id, unsigned.contract_id, body.digest(), (signatures[0], signatures[1]),
        (receipts[0].digest(), receipts[1].digest()), millis(NOW),
    )  # fmt: skip
    contract = replace(
        unsigned,
        transferor_signature=replace(unsigned.transferor_signature, signature=signatures[0]),
        transferee_signature=replace(unsigned.transferee_signature, signature=signatures[1]),
        server_key=platform.public,
        platform_signature=platform.sign(sealed),
    )
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.put_parcels([parcel(1)])
        writes.add_transfer(transfer, NOW)
        writes.put_draft(draft)
        for receipt in receipts:
            writes.add_receipt(receipt)
            writes.use_receipt(receipt.receipt_id)
        part = body.parcels[0]
        writes.add_claims(transfer.transfer_id, [ParcelPart(part.parcel_code, 1)], NOW.date(), NOW.date())
        writes.offer_draft(transfer.transfer_id, 1, receipts[0].receipt_id, signatures[0])
        steps = (State.AWAITING_VERIFICATION, State.VERIFIED, State.PROPOSED, State.CONFIRMED)
        for old, new in pairwise(steps):
            assert writes.move_transfer(transfer.transfer_id, old, new, NOW, version=1)
        writes.add_contract(contract, draft.document)
        changes = {"contract_id": contract.contract_id}
        assert writes.move_transfer(transfer.transfer_id, State.CONFIRMED, State.CONCLUDED, NOW, **changes)
        writes.add_event(giver.account.account_id, EventKind.TRANSFER_MOVED, {}, NOW)
        writes.add_event(giver.account.account_id, EventKind.TRANSFER_MOVED, {}, NOW)
    return contract


@pytest.fixture
def pair(store: PostgresStore, sealer: Vault) -> tuple[Actor, Actor]:
    return add_pair(store, sealer)


@pytest.fixture
def contract(store: PostgresStore, pair: tuple[Actor, Actor]) -> Contract:
    return concluded(store, *pair)


def tamper(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for table in _TRIGGERS:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        for statement in statements:
            connection.execute(statement.encode())
        for table in _TRIGGERS:
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER".encode())


def test_a_concluded_transfer_is_whole(store: PostgresStore, contract: Contract) -> None:
    assert fsck(store, verify) == []
    assert fsck(store) == []


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("HISTORY_ENDS_ELSEWHERE", "DELETE FROM transfer_move WHERE move_number = 5"),
        ("HISTORY_NOT_DRAWN", "UPDATE transfer_move SET state = 7 WHERE move_number = 2"),
        ("HISTORY_NOT_DRAWN", "DELETE FROM transfer_move WHERE move_number = 1"),
        ("OFFER_WITHOUT_CLAIM", "DELETE FROM claim"),
        ("CLAIM_WITHOUT_OFFER", "UPDATE transfer SET state = 7, contract_id = NULL"),
        ("CONTRACT_WITHOUT_CONCLUSION", "UPDATE transfer SET state = 7, contract_id = NULL"),
        ("OFFER_WITHOUT_SIGNATURE", "UPDATE transfer SET version = 2"),
        ("SIGNED_WITH_AN_OPEN_RECEIPT", "UPDATE receipt SET used = false"),
        ("TRANSFEROR_SIGNATURE_WRONG", "UPDATE receipt SET used = false"),
        ("CURSORS_WITH_GAPS", "DELETE FROM event WHERE cursor = 1"),
        ("CURSORS_WITH_GAPS", "UPDATE inbox SET last_cursor = 3"),
        ("PERSON_AND_ACCOUNT_DISAGREE", "UPDATE person SET account_id = NULL"),
        ("DEVICE_WITHOUT_KEYS", "DELETE FROM device_key WHERE key_id <> auth_key_id"),
        ("CONTRACT_UNREADABLE", FLIP),
        ("CONTRACT_UNREADABLE", "UPDATE contract SET document_sealed = 'x'"),
        ("CONTRACT_RECEIPTS_DISAGREE", SWAP),
    ],
)  # fmt: skip
def test_a_broken_rule_is_found(
    store: PostgresStore, contract: Contract, migrated_url: str, rule: str, statement: str
) -> None:
    tamper(migrated_url, statement)
    assert rule in {finding.rule for finding in fsck(store, verify)}


def test_a_used_upload_that_kept_its_pieces_is_found(
    store: PostgresStore, pair: tuple[Actor, Actor], migrated_url: str
) -> None:
    upload = an_upload(pair[0])
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.add_upload(upload)
        writes.append_chunk(upload.upload_id, 0, b"abc")
    assert fsck(store) == []
    tamper(migrated_url, "UPDATE upload SET used = true")
    assert [finding.rule for finding in fsck(store)] == ["USED_UPLOAD_WITH_PIECES"]


def test_a_contract_that_an_insider_sealed_anew_is_found(
    store: PostgresStore, sealer: Vault, contract: Contract, migrated_url: str
) -> None:
    """The insider has the vault, too, but nobody's signing key."""
    forgeries = {
        "CONTRACT_PAPER_CHANGED": replace(contract, body=replace(contract.body, document_sha256=b"x" * 32)),
        "TRANSFEROR_SIGNATURE_WRONG": replace(contract, body=replace(contract.body, contract_number="another")),
        "TRANSFEREE_SIGNATURE_WRONG": replace(
            contract, transferee_signature=replace(contract.transferee_signature, signature=b"x" * 64)
        ),
        "PLATFORM_SIGNATURE_WRONG": replace(contract, platform_signature=b"x" * 64),
    }
    for rule, forged in forgeries.items():
        sealed = sealer.seal(f"contract/{contract.contract_id}", to_json(forged))
        tamper(migrated_url, f"UPDATE contract SET body_sealed = '\\x{sealed.hex()}'")  # noqa: S608 - own bytes
        assert [finding.rule for finding in fsck(store, verify)] == [rule]
