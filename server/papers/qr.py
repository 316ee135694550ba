"""The QR code on the contract."""

from __future__ import annotations

import io

import segno

from landseal.server.domain.qrcodes import checked_payload

_QUIET_ZONE = 4
"""Modules of white border (ISO/IEC 18004)."""


def qr_svg(payload: str) -> str:
    """Returns the code as SVG without a fixed size, the same text for the same payload.

    Raises:
        QrFault: the payload is not 1 to 120 printable ASCII characters.
    """
    out = io.BytesIO()
    symbol = segno.make_qr(checked_payload(payload), error="m", boost_error=False)
    symbol.save(out, kind="svg", border=_QUIET_ZONE, xmldecl=False, omitsize=True, light="white")
    return out.getvalue().decode("ascii")
