"""QR codes on this side: shown on a screen, and read from a camera's or a gallery's image."""

from __future__ import annotations

import io

import segno
import zxingcpp
from PIL import Image, ImageOps, UnidentifiedImageError

from landseal.server.domain.qrcodes import MAX_PAYLOAD, QrFault, checked_payload

MAX_IMAGE_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 50_000_000
QUIET_ZONE = 4
"""Modules of white border (ISO/IEC 18004)."""
_FORMATS = ("PNG", "JPEG", "WEBP")


class QrUnreadable(QrFault):
    """No image, no code, or several different codes; nothing is guessed."""


def _symbol(payload: str) -> segno.QRCode:
    return segno.make_qr(checked_payload(payload), error="m", boost_error=False)


def qr_png(payload: str, *, scale: int = 8) -> bytes:
    """Returns the code as PNG, ``scale`` pixels a module; QrFault when the payload cannot be printed."""
    out = io.BytesIO()
    _symbol(payload).save(out, kind="png", scale=scale, border=QUIET_ZONE)
    return out.getvalue()


def qr_terminal(payload: str) -> str:
    """Returns the code as half-block text for a terminal; QrFault when the payload cannot be printed."""
    out = io.StringIO()
    _symbol(payload).terminal(out=out, border=QUIET_ZONE, compact=True)
    return out.getvalue()


def _grey(image: bytes) -> Image.Image:
    if len(image) > MAX_IMAGE_BYTES:
        raise QrUnreadable("the image is too large")
    try:
        with Image.open(io.BytesIO(image), formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise QrUnreadable("the image has too many pixels")
            upright = ImageOps.exif_transpose(opened)
            flat = Image.new("RGBA", upright.size, "white")
            flat.alpha_composite(upright.convert("RGBA"))  # transparent pictures would turn black
            return flat.convert("L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, QrUnreadable):
            raise
        raise QrUnreadable("not an image") from None


def read_qr(image: bytes) -> str:
    """Returns the payload of the one QR code in a PNG, JPEG or WebP image, turned and blurred a little or not.

    The payload is untrusted text of at most 120 characters: give it to ``parse_transferee_payload``.

    Raises:
        QrUnreadable: not an image, too large, no QR code in it, or several that differ.
    """
    found = zxingcpp.read_barcodes(_grey(image), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    payloads = {each.text for each in found if each.valid}
    if len(payloads) != 1:
        raise QrUnreadable("several codes" if payloads else "no code was found")
    payload = payloads.pop()
    if len(payload) > MAX_PAYLOAD:
        raise QrUnreadable("the code is longer than ours are")
    return payload
