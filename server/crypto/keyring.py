"""The keys that seal what the database holds: several, so that they can be changed without downtime."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from landseal.server.crypto.keyfiles import KEYS_FOLDER, KeyFileFault, load_or_create, replace_secret

VARIABLE = "LANDSEAL_VAULT_KEY"
"""Environment variable with the keys, oldest first: 64 hexadecimal digits each, separated by commas."""
FORMAT = "landseal-vault/1"
_KEY_BYTES = 32
KEY_ID_BYTES = 4


def _derived(master: bytes, purpose: str) -> bytes:
    return hmac.digest(master, f"landseal/{purpose}/v1".encode(), hashlib.sha256)


@dataclass(frozen=True)
class VaultKey:
    """One sealing key; the master itself is used for nothing but deriving."""

    master: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.master) != _KEY_BYTES:
            raise ValueError("a vault key has 32 bytes")

    @property
    def key_id(self) -> bytes:
        """Four bytes that stand before everything this key has sealed."""
        return _derived(self.master, "vault-key-id")[:KEY_ID_BYTES]

    @property
    def seal_key(self) -> bytes:
        """The key of the cipher."""
        return _derived(self.master, "vault-seal")


@dataclass(frozen=True)
class Keyring:
    """All keys that can open, oldest first; the newest seals. The lookup key outlives every change of keys."""

    keys: tuple[VaultKey, ...]
    lookup_master: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys or len({key.key_id for key in self.keys}) != len(self.keys):
            raise ValueError("a keyring needs keys, each once")
        if len(self.lookup_master) != _KEY_BYTES:
            raise ValueError("a lookup key has 32 bytes")

    @property
    def lookup_key(self) -> bytes:
        """The key of the hashes by which values are looked up."""
        return _derived(self.lookup_master, "vault-lookup")

    @classmethod
    def generate(cls) -> Keyring:
        """Makes a ring of one key from the operating system's randomness."""
        return cls((VaultKey(secrets.token_bytes(_KEY_BYTES)),), secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Reads the form of the environment variable; the first key also gives the lookup key and so must stay first.

        Raises:
            ValueError: the text is something else; the message does not repeat it.
        """
        try:
            masters = [bytes.fromhex(each) for each in text.split(",")]
            return cls(tuple(VaultKey(each) for each in masters), masters[0])
        except ValueError:
            raise ValueError(f"{VARIABLE} must hold keys of 64 hexadecimal digits, separated by commas") from None

    def rotated(self) -> Keyring:
        """Returns a ring whose newest key is new; everything sealed so far still opens."""
        return Keyring((*self.keys, VaultKey(secrets.token_bytes(_KEY_BYTES))), self.lookup_master)

    def to_json(self) -> bytes:
        """Returns the content of the keyring file."""
        keys = [key.master.hex() for key in self.keys]
        return json.dumps({"format": FORMAT, "lookup": self.lookup_master.hex(), "keys": keys}).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Keyring:
        """Reads the content of the keyring file.

        Raises:
            KeyFileFault: it is damaged.
        """
        try:
            content = json.loads(data)
            if content["format"] != FORMAT:
                raise ValueError
            keys = tuple(VaultKey(bytes.fromhex(each)) for each in content["keys"])
            return cls(keys, bytes.fromhex(content["lookup"]))
        except (ValueError, KeyError, TypeError):
            raise KeyFileFault("vault.json is damaged") from None  # the cause could repeat what the file holds

    @classmethod
    def load_or_create(cls, home: Path, environ: Mapping[str, str]) -> Keyring:
        """Takes the keys from :data:`VARIABLE` or else from ``home/keys/vault.json``, which is made when missing.

        Raises:
            ValueError: the variable is malformed.
            KeyFileFault: the file is damaged, or others may read it.
        """
        text = environ.get(VARIABLE)
        if text:
            return cls.parse(text)
        return cls.from_json(load_or_create(_path(home), lambda: cls.generate().to_json()))

    def save(self, home: Path) -> None:
        """Replaces ``home/keys/vault.json``, for example with :meth:`rotated`."""
        replace_secret(_path(home), self.to_json())


def _path(home: Path) -> Path:
    return home / KEYS_FOLDER / "vault.json"
