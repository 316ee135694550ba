"""Reads the size, kind and orientation of an encoded image from its first bytes, before any decoder sees it.

A decoder that is asked to open a pixel bomb has already lost: limits are checked on these numbers, which cost nothing.
Formats: JPEG (ITU-T T.81), PNG (ISO/IEC 15948 with APNG), WebP (RFC 9649); EXIF orientation is tag 0x0112 of TIFF 6.0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from landseal.inference.reading import FrameFault

MAX_SEGMENTS = 1_000
"""JPEG segments or WebP chunks that are walked before a file counts as broken; photographs have about twenty."""

_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_JPEG_OTHER_FRAMES = frozenset({0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
# BMP, TIFF, JPEG XL, JPEG 2000 and Photoshop; HEIC and AVIF are told by "ftyp".
_FOREIGN = (b"BM", b"II*\0", b"MM\0*", b"\0\0\0\x0cJXL ", b"\xff\x0a", b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"8BPS")


class ImageFault(Exception):
    """These bytes are no image that is read here; ``code`` says why and the message never holds any of the bytes."""

    def __init__(self, code: FrameFault) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass(frozen=True)
class Header:
    """What a file says about itself: width and height in stored pixels, and the EXIF orientation 1..8."""

    width: int
    height: int
    orientation: int = 1


def read_header(data: bytes) -> Header:
    """Tells kind and size without decoding; linear in the header, at most :data:`MAX_SEGMENTS` steps.

    Raises:
        ImageFault: NOT_AN_IMAGE, UNSUPPORTED (an image of another kind), ANIMATED, BROKEN.
    """
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):
        raise ImageFault(FrameFault.BROKEN) from None
    raise ImageFault(_foreign(data))


def _foreign(data: bytes) -> FrameFault:
    if data.startswith((b"GIF87a", b"GIF89a")):
        frames = data.count(b"\x21\xf9\x04")
        return FrameFault.ANIMATED if frames > 1 or b"NETSCAPE2.0" in data else FrameFault.UNSUPPORTED
    known = data.startswith(_FOREIGN) or data[4:8] == b"ftyp"
    return FrameFault.UNSUPPORTED if known else FrameFault.NOT_AN_IMAGE


def _jpeg(data: bytes) -> Header:
    # A cut-off scan decodes to a picture with a grey rest; no end marker can occur inside a scan: its absence tells.
    if data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):
        raise ImageFault(FrameFault.BROKEN)
    at, orientation = 2, 1
    for _ in range(MAX_SEGMENTS):
        if data[at] != 0xFF:
            raise ImageFault(FrameFault.BROKEN)
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes may precede a marker
            at += 1
            continue
        if marker in _JPEG_BARE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _JPEG_FRAMES:
            precision, height, width = struct.unpack_from(">BHH", data, at + 4)
            if precision != 8:
                raise ImageFault(FrameFault.UNSUPPORTED)
            return Header(width, height, orientation)
        if marker in _JPEG_OTHER_FRAMES:
            raise ImageFault(FrameFault.UNSUPPORTED)
        if marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            orientation = exif_orientation(data[at + 10 : at + 2 + length])
        if marker == 0xDA or length < 2:
            break
        at += 2 + length
    raise ImageFault(FrameFault.BROKEN)


def _png(data: bytes) -> Header:
    width, height = struct.unpack_from(">II", data, 16)
    if data[12:16] != b"IHDR":
        raise ImageFault(FrameFault.BROKEN)
    at, orientation, pixels = 8, 1, False
    for _ in range(10 * MAX_SEGMENTS):  # encoders cut pixels into chunks of 8 KiB or so
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if kind == b"acTL":
            raise ImageFault(FrameFault.ANIMATED)
        if kind == b"eXIf":
            orientation = exif_orientation(data[at + 8 : at + 8 + length])
        if kind == b"IEND":
            if not pixels:
                break
            return Header(width, height, orientation)
        pixels = pixels or kind == b"IDAT"
        at += 12 + length
    raise ImageFault(FrameFault.BROKEN)


def _webp(data: bytes) -> Header:
    (riff,) = struct.unpack_from("<I", data, 4)
    if len(data) < riff + 8:
        raise ImageFault(FrameFault.BROKEN)
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header(width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind != b"VP8X":
        raise ImageFault(FrameFault.BROKEN)
    if data[20] & 0x02:
        raise ImageFault(FrameFault.ANIMATED)
    width = int.from_bytes(data[24:27], "little") + 1
    height = int.from_bytes(data[27:30], "little") + 1
    return Header(width, height, _webp_orientation(data) if data[20] & 0x08 else 1)


def _webp_orientation(data: bytes) -> int:
    at = 12
    for _ in range(MAX_SEGMENTS):
        if at + 8 > len(data):
            break
        (length,) = struct.unpack_from("<I", data, at + 4)
        if data[at : at + 4] == b"EXIF":
            return exif_orientation(data[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0"))
        at += 8 + length + (length & 1)
    return 1


def exif_orientation(tiff: bytes) -> int:
    """Orientation 1..8 of a TIFF block; 1 when it is absent or the block makes no sense (viewers do the same)."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (ifd,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, ifd)
        for entry in range(min(entries, MAX_SEGMENTS)):
            tag, _kind, _count, value = struct.unpack_from(order + "HHIH", tiff, ifd + 2 + 12 * entry)
            if tag == 0x0112:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
