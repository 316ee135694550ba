"""The frozen encoding of everything that is signed or hashed; never protobuf serialisation.

A value is text (UTF-8), bytes, a non-negative integer (8 bytes, big-endian) or a tuple of values. An item is a
big-endian 32-bit length followed by that many bytes; a tuple's bytes are its items one after the other. A message
is the item of ``landseal/<purpose>/v1`` followed by the item of each field. No two different messages have the
same bytes as long as every purpose fixes the types of its fields, and a signature for one purpose never fits another.
"""

from __future__ import annotations

import hashlib

Value = str | bytes | int | tuple["Value", ...]

_MAX_ITEM = 2**32 - 1
_MAX_INTEGER = 2**64 - 1


def _payload(value: Value) -> bytes:
    if isinstance(value, bool):
        raise TypeError("a truth value has no canonical form; use 0 or 1")
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, bytes):
        return value
    if isinstance(value, int):
        if not 0 <= value <= _MAX_INTEGER:
            raise ValueError("an integer must lie in 0 .. 2^64 - 1")
        return value.to_bytes(8, "big")
    if isinstance(value, tuple):
        return b"".join(_item(each) for each in value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _item(value: Value) -> bytes:
    payload = _payload(value)
    if len(payload) > _MAX_ITEM:
        raise ValueError("an item must be shorter than 2^32 bytes")
    return len(payload).to_bytes(4, "big") + payload


def encode(purpose: str, *fields: Value) -> bytes:
    """Returns the bytes of one message: the domain-separation tag and then every field, each length-prefixed.

    Raises:
        TypeError: a field is of a kind that has no canonical form (floats and truth values, for example).
        ValueError: an integer is negative or too large, or text cannot be encoded as UTF-8.
    """
    return b"".join(_item(each) for each in (f"landseal/{purpose}/v1", *fields))


def digest(purpose: str, *fields: Value) -> bytes:
    """Returns the SHA-256 (32 bytes) of :func:`encode`."""
    return hashlib.sha256(encode(purpose, *fields)).digest()
