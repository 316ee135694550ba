"""Writes the vectors: ``python tests/vectors/make.py``; all inputs are fixed, so the file never changes by itself."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from landseal.server.domain import signing
from landseal.server.domain.canonical import Value, encode
from landseal.server.domain.contract import ContractBody, ContractParcel, Party
from landseal.server.domain.keys import KeyAlgorithm, PublicKey
from landseal.server.domain.receipts import Binding, CaptureSource, Purpose, Receipt
from landseal.server.domain.terms import TransferKind, UseOfLand, empty_terms
from landseal.server.domain.times import millis

FOLDER = Path(__file__).parent
AUTH, SIGN, PLATFORM = (SigningKey(hashlib.sha256(name).digest()) for name in (b"auth", b"sign", b"platform"))
NOW = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)
ACCOUNT, OTHER = "7f1d6f0e-1111-4aaa-8bbb-000000000001", "7f1d6f0e-2222-4aaa-8bbb-000000000002"
REQUEST = "0d7cbb6a-3333-4ccc-8ddd-000000000003"
TRANSFER, RECEIPT = "5f1d6f0e-4444-4aaa-8bbb-000000000004", "6f1d6f0e-5555-4aaa-8bbb-000000000005"
NONCE = bytes(range(32))


def public(key: SigningKey) -> PublicKey:
    return PublicKey(KeyAlgorithm.ED25519, bytes(key.verify_key))


def parts(message: bytes) -> list[bytes]:
    found = []
    while message:
        length = int.from_bytes(message[:4], "big")
        found.append(message[4 : 4 + length])
        message = message[4 + length :]
    return found


def signed(name: str, key: SigningKey, message: bytes) -> dict[str, Any]:
    """A signed message, and its twin with the last bit of the last field changed under the same signature."""
    forged = message[:-1] + bytes([message[-1] ^ 1])
    return {
        "name": name,
        "purpose": parts(message)[0].decode(),
        "fields_hex": [part.hex() for part in parts(message)[1:]],
        "message_hex": message.hex(),
        "sha256_hex": hashlib.sha256(message).hexdigest(),
        "public_key_hex": bytes(key.verify_key).hex(),
        "signature_hex": key.sign(message).signature.hex(),
        "forged_message_hex": forged.hex(),
    }


def body() -> ContractBody:
    terms = empty_terms(TransferKind.LEASE)
    keys = public(SIGN), public(AUTH)
    return ContractBody(
        transfer_id=TRANSFER,
        version=2,
        contract_number="LS20261122-5F1D6F0E",
        transferor=Party(ACCOUNT, "张三", "11010119900307123X", keys[0]),
        transferee=Party(OTHER, "李四", "110101199003071248", keys[1]),
        parcels=(ContractParcel("1101011010010000001", "村东一号", 6667, hashlib.sha256(b"parcel").digest()),),
        terms=dataclasses.replace(terms, start_date=dt.date(2027, 1, 1), use=UseOfLand.GRAIN, late_per_ten_thousand=5),
        offer_expire_time=NOW + dt.timedelta(days=7),
        document_sha256=hashlib.sha256(b"pdf").digest(),
        mark="demo",
        server_key_id=public(PLATFORM).key_id,
    )


def receipt() -> Receipt:
    return Receipt(
        receipt_id=RECEIPT,
        account_id=ACCOUNT,
        session_id=REQUEST,
        auth_key_id=public(AUTH).key_id,
        purpose=Purpose.SIGN,
        binding=Binding(TRANSFER, 2, body().digest()),
        identity_digest=signing.identity_digest("张三", "11010119900307123X"),
        issue_time=NOW,
        expire_time=NOW + dt.timedelta(minutes=3),
        calibration_id="0123456789abcdef",
        policy_id="fedcba9876543210",
        liveness="silent+active",
        mark="demo",
        source=CaptureSource.PUPPET,
        server_key_id=public(PLATFORM).key_id,
    )


def vectors() -> dict[str, Any]:
    """Returns everything that stands in ``signed.json``."""
    audience, auth, sign = public(PLATFORM).key_id, public(AUTH).key_id, public(SIGN).key_id
    frames = [(b"first image", 0), (b"second image", 200)]
    instruction = signing.instruction_digest(600, 200, 31, ((1, 600), (4, 1200), (2, 800)))
    head = signing.chain_head(NONCE, frames)
    method = "/landseal.transfer.v1.TransferService/CreateTransfer"
    terms, proof = body().digest(), receipt().digest()
    messages = [
        ("enrol-device", AUTH, signing.enrolment_bytes(audience, "13800000000", auth, sign, REQUEST, "CODE2345")),
        ("login", AUTH, signing.login_bytes(audience, ACCOUNT, auth, NONCE, REQUEST)),
        ("call", AUTH, signing.call_bytes(audience, ACCOUNT, auth, REQUEST, method, b"request", "token", millis(NOW))),
        ("capture", AUTH, signing.capture_bytes(audience, ACCOUNT, auth, NONCE, REQUEST, instruction, head, 2, 3)),
        ("receipt", PLATFORM, receipt().signed_bytes()),
        ("contract", SIGN, signing.contract_bytes(audience, ACCOUNT, sign, TRANSFER, 1, terms, proof)),
        (
            "contract-platform",
            PLATFORM,
            signing.platform_bytes(audience, RECEIPT, terms, (b"s" * 64, b"t" * 64), (proof, proof), millis(NOW)),
        ),
    ]
    notice = signing.notice_digest("CODE2345", ("张*", "110101********123X"), ("李*", "110101********1248"))
    plain: list[tuple[str, tuple[Value, ...]]] = [
        ("empty", ()),
        ("kinds", ("文字", b"\x00\xff", 0, 2**64 - 1, ("nested", (1, "deep")))),
    ]
    return {
        "encodings": [{"purpose": name, "message_hex": encode(name, *fields).hex()} for name, fields in plain],
        "digests": {
            "identity": signing.identity_digest("张三", "11010119900307123X").hex(),
            "instruction": instruction.hex(),
            "capture-chain": head.hex(),
            "notice": notice.hex(),
            "contract-terms": terms.hex(),
            "key-id": auth,
        },
        "signed": [signed(*each) for each in messages],
    }


def text() -> str:
    """Returns the file's text."""
    return json.dumps(vectors(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (FOLDER / "signed.json").write_text(text(), encoding="utf-8")
