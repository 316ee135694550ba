"""The bytes that devices sign, one function per purpose; clients and server build them from their own knowledge.

Every message names the audience (the platform's key id), the account, the signing key and a nonce, so that no
signature fits
another server, person, device or occasion (``protocol.md``, Keys and what they may sign).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from landseal.server.domain.canonical import digest, encode


def enrolment_bytes(
    server_key_id: str, login_name: str, auth_key_id: str, sign_key_id: str, request_id: str, registration_code: str
) -> bytes:
    """Returns what both new keys of a device sign when an account is registered."""
    code_digest = hashlib.sha256(registration_code.encode()).digest()
    return encode("enrol-device", server_key_id, login_name, auth_key_id, sign_key_id, request_id, code_digest)


def login_bytes(server_key_id: str, account_id: str, auth_key_id: str, nonce: bytes, login_id: str) -> bytes:
    """Returns what the auth key signs to complete a login."""
    return encode("login", server_key_id, account_id, auth_key_id, nonce, login_id)


def call_bytes(
    server_key_id: str,
    account_id: str,
    auth_key_id: str,
    request_id: str,
    method: str,
    request: bytes,
    token: str,
    signed_time_ms: int,
) -> bytes:
    """Returns what the auth key signs for one mutation; ``request`` is the serialised request exactly as it is sent."""
    return encode(
        "call",
        server_key_id,
        account_id,
        auth_key_id,
        request_id,
        method,
        hashlib.sha256(request).digest(),
        hashlib.sha256(token.encode()).digest(),
        signed_time_ms,
    )


def identity_digest(legal_name: str, id_number: str) -> bytes:
    """Returns the digest by which receipts name a registered identity."""
    return digest("identity", legal_name, id_number)


def instruction_digest(
    lead_in_ms: int, frame_interval_ms: int, frame_count: int, actions: Iterable[tuple[int, int]]
) -> bytes:
    """Returns the digest of an instruction; each action is its shape's number and its hold time in milliseconds."""
    return digest("instruction", lead_in_ms, frame_interval_ms, frame_count, tuple(tuple(a) for a in actions))


def chain_head(nonce: bytes, frames: Iterable[tuple[bytes, int]]) -> bytes:
    """Returns the head of the hash chain over frames (encoded image, offset in milliseconds), starting from the
    nonce.
    """
    link = digest("capture-chain", nonce)
    for image, offset_ms in frames:
        link = digest("capture-chain", link, hashlib.sha256(image).digest(), offset_ms)
    return link


def capture_bytes(
    server_key_id: str,
    account_id: str,
    auth_key_id: str,
    nonce: bytes,
    verification_id: str,
    instruction: bytes,
    head: bytes,
    frame_count: int,
    source: int,
) -> bytes:
    """Returns what the auth key signs over a finished capture; ``instruction`` is the instruction's digest."""
    return encode(
        "capture",
        server_key_id,
        account_id,
        auth_key_id,
        nonce,
        verification_id,
        instruction,
        head,
        frame_count,
        source,
    )


def notice_digest(code: str, transferor: tuple[str, str], transferee: tuple[str, str]) -> bytes:
    """Returns the digest of the two masked identities (name, ID number) that the transferor confirmed for a code."""
    return digest("notice", code, *transferor, *transferee)


def contract_bytes(
    server_key_id: str,
    account_id: str,
    sign_key_id: str,
    transfer_id: str,
    role: int,
    terms_digest: bytes,
    receipt_digest: bytes,
) -> bytes:
    """Returns what a party's sign key signs: the terms' digest, the same for both, and the party's own SIGN receipt."""
    return encode("contract", server_key_id, account_id, sign_key_id, transfer_id, role, terms_digest, receipt_digest)


def platform_bytes(
    server_key_id: str,
    contract_id: str,
    terms_digest: bytes,
    signatures: tuple[bytes, bytes],
    receipt_digests: tuple[bytes, bytes],
    conclude_time_ms: int,
) -> bytes:
    """Returns what the platform signs last; both tuples are transferor first."""
    return encode(
        "contract-platform",
        server_key_id,
        contract_id,
        terms_digest,
        *signatures,
        *receipt_digests,
        conclude_time_ms,
    )
