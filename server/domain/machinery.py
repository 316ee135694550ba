"""What use cases need of the crypto and papers rooms, as protocols; ``app.py`` hands the real ones in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from landseal.server.domain.contract import ContractBody
from landseal.server.domain.keys import PublicKey
from landseal.server.domain.parcel import Parcel


class Signer(Protocol):
    """The platform's signing key."""

    @property
    def public(self) -> PublicKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """Signs canonical bytes."""


class SignatureCheck(Protocol):
    """Checks signatures and keys; never raises, any doubt is False."""

    def __call__(self, key: PublicKey, message: bytes, signature: bytes) -> bool:
        """Tells whether the signature is the key's over exactly this message."""


class KeyCheck(Protocol):
    """Checks that a public key is well formed and not of small order."""

    def __call__(self, key: PublicKey) -> bool:
        """Tells whether the key may be registered."""


class Passwords(Protocol):
    """Argon2id."""

    def hash(self, password: str) -> str:
        """Returns the encoded hash."""

    def verify(self, encoded: str | None, password: str) -> bool:
        """Checks a password; takes as long when there is no hash."""


class Tokens(Protocol):
    """Derives bearer tokens, so that a repeated login answers the same without storing one."""

    def derive(self, caller: str, request_id: str) -> str:
        """Returns a token of 256 bits."""

    def hash(self, token: str) -> bytes:
        """Returns what is stored of a token, 32 bytes."""


class Papers(Protocol):
    """Renders documents."""

    def contract(self, body: ContractBody, parcels: Sequence[Parcel], when: dt.datetime) -> bytes:
        """Returns the contract's PDF, byte for byte the same for the same input (``body.document_sha256`` is ignored).

        Raises:
            Refused: PAPER_IMPOSSIBLE.
        """
