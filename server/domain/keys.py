"""Public keys and their ids."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from landseal.server.domain.canonical import digest


class KeyAlgorithm(enum.IntEnum):
    """Signature algorithms; the numbers are those of the proto."""

    UNSPECIFIED = 0
    ED25519 = 1


@dataclass(frozen=True)
class PublicKey:
    """A raw public key, 32 bytes for Ed25519."""

    algorithm: KeyAlgorithm
    key: bytes

    @property
    def key_id(self) -> str:
        """Lower-case hex of the first 16 bytes of the digest of purpose ``key`` with the algorithm's name and the
        key.
        """
        return digest("key", self.algorithm.name, self.key)[:16].hex()
