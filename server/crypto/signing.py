"""Ed25519 (RFC 8032): checking everybody's signatures, and the platform's own key."""

from __future__ import annotations

from pathlib import Path

import nacl.bindings
import nacl.exceptions
import nacl.signing

from landseal.server.crypto.keyfiles import KEYS_FOLDER, KeyFileFault, load_or_create
from landseal.server.domain.keys import KeyAlgorithm, PublicKey

KEY_BYTES = 32
SIGNATURE_BYTES = 64


def verify(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Tells whether the signature over exactly this message is the key's; never raises, any doubt is False.

    libsodium refuses keys of small order, keys and scalars that are not canonical, and so signatures of which a
    second, different form would fit as well.
    """
    try:
        if key.algorithm is not KeyAlgorithm.ED25519:
            return False
        if len(key.key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
            return False
        nacl.signing.VerifyKey(key.key).verify(message, signature)
    except (nacl.exceptions.CryptoError, TypeError, ValueError, AttributeError):
        return False
    return True


def check_public_key(key: PublicKey) -> bool:
    """Tells whether the key may be registered: a canonical point of the prime-order group, not zero; never raises."""
    try:
        if key.algorithm is not KeyAlgorithm.ED25519 or len(key.key) != KEY_BYTES:
            return False
        return bool(nacl.bindings.crypto_core_ed25519_is_valid_point(key.key))
    except (nacl.exceptions.CryptoError, TypeError, ValueError, AttributeError):
        return False


class SigningKey:
    """The platform's key; it never shows its secret."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != KEY_BYTES:
            raise ValueError("a signing key has a seed of 32 bytes")
        self._key = nacl.signing.SigningKey(seed)
        self._public = PublicKey(KeyAlgorithm.ED25519, bytes(self._key.verify_key))

    @classmethod
    def load_or_create(cls, home: Path) -> SigningKey:
        """Loads ``home/keys/platform.key`` (64 hexadecimal digits), or makes it.

        Raises:
            KeyFileFault: the file is damaged, or others may read it.
        """
        text = load_or_create(
            home / KEYS_FOLDER / "platform.key", lambda: bytes(nacl.signing.SigningKey.generate()).hex().encode()
        )
        try:
            return cls(bytes.fromhex(text.decode("ascii")))
        except ValueError:
            raise KeyFileFault("platform.key is damaged") from None  # the cause could repeat what the file holds

    @property
    def public(self) -> PublicKey:
        """The public half."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """Signs canonical bytes; returns 64 bytes."""
        return self._key.sign(message).signature

    def __repr__(self) -> str:
        return f"SigningKey({self._public.key_id})"
