"""The text that our QR codes carry; pictures of it are made where they are needed."""

from __future__ import annotations

import re

MAX_PAYLOAD = 120
"""Characters; longer codes need modules too fine for old cameras."""
TRANSFEREE_PREFIX = "landseal:c:"
CONTRACT_PREFIX = "landseal:t:"
_CODE = re.compile(r"[A-Z2-7]{8,100}")


class QrFault(ValueError):
    """A payload cannot be printed, or text is no payload of ours; the message never repeats it."""


def _checked(prefix: str, code: str) -> str:
    if not _CODE.fullmatch(code):
        raise QrFault("a code must be 8 to 100 characters of base32 without padding")
    return prefix + code


def transferee_payload(code: str) -> str:
    """Returns ``landseal:c:<code>`` for a transferee code in unpadded base32; QrFault otherwise."""
    return _checked(TRANSFEREE_PREFIX, code)


def trace_payload(code: str) -> str:
    """Returns ``landseal:t:<code>``, which a printed contract carries to be traced; QrFault when not base32."""
    return _checked(CONTRACT_PREFIX, code)


def _parsed(prefix: str, payload: str) -> str:
    if not payload.startswith(prefix):
        raise QrFault("not a code of this kind")
    _checked(prefix, payload[len(prefix) :])
    return payload[len(prefix) :]


def parse_transferee_payload(payload: str) -> str:
    """Returns the code in a transferee payload; QrFault for everything else (a link, another kind of code, blanks)."""
    return _parsed(TRANSFEREE_PREFIX, payload)


def parse_trace_payload(payload: str) -> str:
    """Returns the code in a trace payload; QrFault for everything else."""
    return _parsed(CONTRACT_PREFIX, payload)


def checked_payload(payload: str) -> str:
    """Returns a payload that can be printed: 1 to 120 printable ASCII characters; QrFault otherwise."""
    if not 0 < len(payload) <= MAX_PAYLOAD or not payload.isascii() or not payload.isprintable():
        raise QrFault("a payload must be 1 to 120 printable ASCII characters")
    return payload
