"""Keeps a device's keys in one private file, sealed by a passphrase if the person wants one.

The file is JSON. Sealed: XSalsa20-Poly1305 (nacl SecretBox) under a key that Argon2id (libsodium's MODERATE limits)
derives from the passphrase and a random salt; the limits are kept in the file and bounded when it is read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nacl.exceptions
import nacl.pwhash.argon2id as argon2id
import nacl.secret
import nacl.utils

from landseal.clients.errors import LandsealError
from landseal.clients.keys import DeviceKeys
from landseal.clients.localreasons import LocalReason
from landseal.clients.sealedfile import read_private, write_private

FORMAT = "landseal-device-keys/1"
_MAX_MEMORY = 1 << 30
_MAX_OPERATIONS = 16


def save_keys(keys: DeviceKeys, path: Path, passphrase: str | None = None) -> None:
    """Writes the keys with mode 0600; without a passphrase the file's mode is all that protects them.

    Raises:
        OSError: the folder cannot be written.
    """
    secret = b"".join(keys.seeds)
    content: dict[str, Any] = {"format": FORMAT, "kdf": "none", "secret": secret.hex()}
    if passphrase:
        salt = nacl.utils.random(argon2id.SALTBYTES)
        limits = (argon2id.OPSLIMIT_MODERATE, argon2id.MEMLIMIT_MODERATE)
        box = nacl.secret.SecretBox(_derive(passphrase, salt, *limits))
        content |= {"kdf": "argon2id", "salt": salt.hex(), "operations": limits[0], "memory_bytes": limits[1]}
        content["secret"] = bytes(box.encrypt(secret)).hex()
    write_private(path, json.dumps(content).encode())


def load_keys(path: Path, passphrase: str | None = None) -> DeviceKeys:
    """Reads the keys.

    Raises:
        LandsealError: KEYS_EXPOSED, or KEYS_UNREADABLE when the file is missing, damaged or the passphrase is wrong.
    """
    data = read_private(path)
    try:
        secret = _open(json.loads(data), passphrase)
        return DeviceKeys.from_seeds(secret[:32], secret[32:])
    except (ValueError, KeyError, TypeError, MemoryError, RuntimeError, nacl.exceptions.CryptoError):
        # without the cause: its text could repeat what the file holds
        raise LandsealError(LocalReason.KEYS_UNREADABLE, detail="damaged, or the passphrase is wrong") from None


def _open(content: dict[str, Any], passphrase: str | None) -> bytes:
    if content["format"] != FORMAT:
        raise ValueError("another format")
    sealed = bytes.fromhex(content["secret"])
    if content["kdf"] == "none":
        return sealed
    operations, memory = int(content["operations"]), int(content["memory_bytes"])
    if content["kdf"] != "argon2id" or not passphrase or operations > _MAX_OPERATIONS or memory > _MAX_MEMORY:
        raise ValueError("cannot be opened")
    key = _derive(passphrase, bytes.fromhex(content["salt"]), operations, memory)
    return bytes(nacl.secret.SecretBox(key).decrypt(sealed))


def _derive(passphrase: str, salt: bytes, operations: int, memory: int) -> bytes:
    return argon2id.kdf(nacl.secret.SecretBox.KEY_SIZE, passphrase.encode(), salt, opslimit=operations, memlimit=memory)
