"""Passwords by Argon2id with OWASP's parameters (Password Storage Cheat Sheet: m = 19 MiB, t = 2, p = 1)."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
MAX_PASSWORD_BYTES = 1024
"""Longer passwords never fit; the cost of hashing stays bounded."""


class Passwords:
    """Hashes and checks; checking takes as long for an account that does not exist."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, hash_len=32, salt_len=16, type=Type.ID
        )
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(32))

    def hash(self, password: str) -> str:
        """Returns the encoded hash (PHC string) under a new salt.

        Raises:
            ValueError: the password is longer than :data:`MAX_PASSWORD_BYTES`.
        """
        if len(password.encode()) > MAX_PASSWORD_BYTES:
            raise ValueError("the password is too long")
        return self._hasher.hash(password)

    def verify(self, encoded: str | None, password: str) -> bool:
        """Tells whether the password fits; None stands for an account that does not exist and never fits."""
        try:
            too_long = len(password.encode()) > MAX_PASSWORD_BYTES
            fits = self._hasher.verify(encoded or self._nobodys, "" if too_long else password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
        return fits and encoded is not None and not too_long

    def is_current(self, encoded: str) -> bool:
        """Tells whether a hash has the parameters above; otherwise the password should be hashed again at login."""
        return not self._hasher.check_needs_rehash(encoded)
