"""Sealing: XChaCha20-Poly1305 with the context as associated data, and keyed hashes for looking values up.

A sealed value is version (1 byte), key id (4), nonce (24, random), ciphertext with tag (16). A value that is moved to
another row, column, person or version does not open: the context names its place.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path

import nacl.bindings
import nacl.exceptions

from landseal.server.crypto.keyring import KEY_ID_BYTES, Keyring
from landseal.server.domain.canonical import encode

_VERSION = b"\x01"
_NONCE_BYTES = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
_HEADER_BYTES = len(_VERSION) + KEY_ID_BYTES


class Vault:
    """Implements :class:`landseal.server.domain.doors.Sealer`; safe to share between threads."""

    def __init__(self, keyring: Keyring) -> None:
        self._keys = {key.key_id: key.seal_key for key in keyring.keys}
        self._newest = keyring.keys[-1].key_id
        self._lookup_key = keyring.lookup_key

    @classmethod
    def load_or_create(cls, home: Path, environ: Mapping[str, str]) -> Vault:
        """Opens the keyring of a home or of the environment; see :meth:`Keyring.load_or_create`."""
        return cls(Keyring.load_or_create(home, environ))

    def seal(self, context: str, plain: bytes) -> bytes:
        """Encrypts with the newest key; 45 bytes longer than the plain bytes."""
        header = _VERSION + self._newest
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
            plain, header + context.encode(), nonce, self._keys[self._newest]
        )
        return header + nonce + cipher

    def open(self, context: str, sealed: bytes) -> bytes:
        """Decrypts.

        Raises:
            ValueError: bytes or context were changed, or the key is not on the ring; which of them is not told.
        """
        header, nonce, cipher = _parts(sealed)
        key = self._keys.get(header[len(_VERSION) :])
        if key is None or not header.startswith(_VERSION):
            raise ValueError("a sealed value does not open")
        try:
            return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
                cipher, header + context.encode(), nonce, key
            )
        except (nacl.exceptions.CryptoError, TypeError, ValueError):
            raise ValueError("a sealed value does not open") from None

    def is_current(self, sealed: bytes) -> bool:
        """Tells whether the newest key sealed it; otherwise it should be opened and sealed again."""
        return sealed[:_HEADER_BYTES] == _VERSION + self._newest

    def lookup_hash(self, kind: str, value: str) -> bytes:
        """Returns HMAC-SHA256 (32 bytes) of kind and value under a key of its own; keys change, this stays."""
        return hmac.digest(self._lookup_key, encode("lookup", kind, value), hashlib.sha256)

    def __repr__(self) -> str:
        return f"Vault({len(self._keys)} keys)"


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    end = _HEADER_BYTES + _NONCE_BYTES
    return bytes(sealed[:_HEADER_BYTES]), bytes(sealed[_HEADER_BYTES:end]), bytes(sealed[end:])
