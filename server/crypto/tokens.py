"""Bearer tokens: derived, so that a repeated login answers the same, and stored only as a hash."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

from landseal.server.crypto.keyfiles import KEYS_FOLDER, KeyFileFault, load_or_create
from landseal.server.domain.canonical import encode

_SECRET_BYTES = 32


def derive_token(server_secret: bytes, caller: str, request_id: str) -> str:
    """Returns HMAC-SHA256 (256 bits) over caller and request id, as 43 characters of URL-safe base64."""
    mac = hmac.digest(server_secret, encode("token", caller, request_id), hashlib.sha256)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """Returns the SHA-256 (32 bytes) of a token; a token has 256 random bits, so no slow or keyed hash is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class TokenMint:
    """Derives tokens from one server secret that it never shows."""

    def __init__(self, server_secret: bytes) -> None:
        if len(server_secret) != _SECRET_BYTES:
            raise ValueError("a token secret has 32 bytes")
        self._secret = server_secret

    @classmethod
    def load_or_create(cls, home: Path) -> TokenMint:
        """Loads ``home/keys/token.key`` (64 hexadecimal digits), or makes it.

        Raises:
            KeyFileFault: the file is damaged, or others may read it.
        """
        path = home / KEYS_FOLDER / "token.key"
        text = load_or_create(path, lambda: secrets.token_bytes(_SECRET_BYTES).hex().encode())
        try:
            return cls(bytes.fromhex(text.decode("ascii")))
        except ValueError:
            raise KeyFileFault("token.key is damaged") from None  # the cause could repeat what the file holds

    def derive(self, caller: str, request_id: str) -> str:
        """Returns the token of a caller's request; the same for the same request."""
        return derive_token(self._secret, caller, request_id)

    def hash(self, token: str) -> bytes:
        """Returns what is stored of a token, 32 bytes."""
        return token_hash(token)

    def __repr__(self) -> str:
        return "TokenMint()"
