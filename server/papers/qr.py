"""QR codes: pictures for paper and screen, and the text that they carry."""

from __future__ import annotations

import io
import re

import segno

MAX_PAYLOAD = 120
"""Characters; longer codes are too fine for old cameras at error level M (measured with printed codes)."""
TRANSFEREE_PREFIX = "landseal:c:"
CONTRACT_PREFIX = "landseal:t:"
_CODE = re.compile(r"[A-Z2-7]{8,100}")
_QUIET_ZONE = 4
"""Modules of white border (ISO/IEC 18004)."""


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


def _symbol(payload: str) -> segno.QRCode:
    if not 0 < len(payload) <= MAX_PAYLOAD or not payload.isascii() or not payload.isprintable():
        raise QrFault("a payload must be 1 to 120 printable ASCII characters")
    return segno.make_qr(payload, error="m", boost_error=False)


def qr_png(payload: str, *, scale: int = 8) -> bytes:
    """Returns the code as PNG, ``scale`` pixels a module; QrFault when the payload cannot be printed."""
    out = io.BytesIO()
    _symbol(payload).save(out, kind="png", scale=scale, border=_QUIET_ZONE)
    return out.getvalue()


def qr_svg(payload: str) -> str:
    """Returns the code as SVG without a fixed size, the same text for the same payload; QrFault as above."""
    out = io.BytesIO()
    _symbol(payload).save(out, kind="svg", border=_QUIET_ZONE, xmldecl=False, omitsize=True, light="white")
    return out.getvalue().decode("ascii")


def qr_terminal(payload: str) -> str:
    """Returns the code as half-block text for a terminal, dark on light; QrFault as above."""
    out = io.StringIO()
    _symbol(payload).terminal(out=out, border=_QUIET_ZONE, compact=True)
    return out.getvalue()
