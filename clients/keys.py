"""A device's two key pairs: ``auth`` for logins, calls and captures, ``sign`` for contracts.

Nothing is ever signed raw: each public method signs one purpose, and builds the bytes itself from its arguments
(``protocol.md``, Keys and what they may sign). So no caller can be led to sign bytes that a server handed over.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import nacl.exceptions
import nacl.signing

from landseal.server.domain import signing
from landseal.server.domain.contract import ContractBody, Party, Role
from landseal.server.domain.keys import KeyAlgorithm, PublicKey
from landseal.server.domain.receipts import Receipt


class _Key:
    """An Ed25519 key pair that never shows its secret."""

    def __init__(self, seed: bytes) -> None:
        self._key = nacl.signing.SigningKey(seed)
        self.public = PublicKey(KeyAlgorithm.ED25519, bytes(self._key.verify_key))

    @property
    def key_id(self) -> str:
        """Is the id of the public key."""
        return self.public.key_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.key_id})"

    def _sign(self, message: bytes) -> bytes:
        return self._key.sign(message).signature


class AuthKey(_Key):
    """Proves which device speaks."""

    def enrolment(self, enrolment: Enrolment) -> bytes:
        """Signs that this key belongs to the device that registers."""
        return self._sign(enrolment.signed_bytes())

    def login(self, server_key_id: str, account_id: str, nonce: bytes, login_id: str) -> bytes:
        """Signs one login; the nonce is the server's, everything else this side's."""
        return self._sign(signing.login_bytes(server_key_id, account_id, self.key_id, nonce, login_id))

    def call(
        self,
        server_key_id: str,
        account_id: str,
        request_id: str,
        method: str,
        request: bytes,
        token: str,
        signed_time_ms: int,
    ) -> bytes:
        """Signs one mutation; ``request`` is the serialised request exactly as it is sent."""
        return self._sign(
            signing.call_bytes(
                server_key_id, account_id, self.key_id, request_id, method, request, token, signed_time_ms
            )
        )

    def capture(self, server_key_id: str, account_id: str, capture: CaptureStatement) -> bytes:
        """Signs a finished capture."""
        return self._sign(
            signing.capture_bytes(
                server_key_id,
                account_id,
                self.key_id,
                capture.nonce,
                capture.verification_id,
                capture.instruction_digest,
                capture.chain_head,
                capture.frame_count,
                capture.source,
            )
        )


class SignKey(_Key):
    """Signs contracts, and nothing else but its own enrolment."""

    def enrolment(self, enrolment: Enrolment) -> bytes:
        """Signs that this key belongs to the device that registers."""
        return self._sign(enrolment.signed_bytes())

    def contract(self, body: ContractBody, role: Role, receipt: Receipt) -> bytes:
        """Signs the digest of a contract's body, computed here, together with the SIGN receipt used for it."""
        party = party_of(body, role)
        return self._sign(
            signing.contract_bytes(
                body.server_key_id,
                party.account_id,
                self.key_id,
                body.transfer_id,
                int(role),
                body.digest(),
                receipt.digest(),
            )
        )


@dataclass(frozen=True)
class Enrolment:
    """What both new keys of a device sign at registration."""

    server_key_id: str
    login_name: str
    auth_key_id: str
    sign_key_id: str
    request_id: str
    registration_code: str = field(repr=False)

    def signed_bytes(self) -> bytes:
        """Returns the canonical bytes of purpose ``enrol-device``."""
        return signing.enrolment_bytes(
            self.server_key_id,
            self.login_name,
            self.auth_key_id,
            self.sign_key_id,
            self.request_id,
            self.registration_code,
        )


@dataclass(frozen=True)
class CaptureStatement:
    """What a device states about a finished capture; the digests were computed on this side."""

    nonce: bytes
    verification_id: str
    instruction_digest: bytes
    chain_head: bytes
    frame_count: int
    source: int


@dataclass(frozen=True)
class DeviceKeys:
    """Both key pairs of a device; see :mod:`landseal.clients.keyfile` for keeping them."""

    auth: AuthKey
    sign: SignKey
    seeds: tuple[bytes, bytes] = field(repr=False, compare=False)
    """Both secrets, 32 bytes each; only the key file reads them."""

    @classmethod
    def from_seeds(cls, auth: bytes, sign: bytes) -> DeviceKeys:
        """Builds both pairs from 32 secret bytes each.

        Raises:
            ValueError: a seed has another length, or both are the same.
        """
        if len(auth) != 32 or len(sign) != 32 or auth == sign:
            raise ValueError("two different seeds of 32 bytes are needed")
        return cls(AuthKey(auth), SignKey(sign), (auth, sign))

    @classmethod
    def generate(cls) -> DeviceKeys:
        """Makes two new pairs from the operating system's randomness."""
        return cls.from_seeds(bytes(nacl.signing.SigningKey.generate()), bytes(nacl.signing.SigningKey.generate()))


def party_of(body: ContractBody, role: Role) -> Party:
    """Returns the party on a side.

    Raises:
        ValueError: the role is UNSPECIFIED.
    """
    if role is Role.TRANSFEROR:
        return body.transferor
    if role is Role.TRANSFEREE:
        return body.transferee
    raise ValueError("a contract has two sides")


def is_signed(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Tells whether the signature over the message is by the key; every doubt is a no."""
    if key.algorithm is not KeyAlgorithm.ED25519 or len(key.key) != 32 or len(signature) != 64:
        return False
    try:
        nacl.signing.VerifyKey(key.key).verify(message, signature)
    except (nacl.exceptions.CryptoError, ValueError, TypeError):
        return False
    return True


def sha256(data: bytes) -> bytes:
    """Returns the SHA-256 of bytes, 32 bytes."""
    return hashlib.sha256(data).digest()
