"""Turns encoded bytes that a stranger sent into pixels, or into a typed fault, with bounded memory.

OpenCV's bundled libjpeg-turbo, libpng and libwebp do the decoding; only these three formats reach them, and only after
:mod:`landseal.inference.vision.headers` has found the size to be within the limits.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from landseal.inference.reading import FrameFault
from landseal.inference.vision.headers import Header, ImageFault, read_header

__all__ = ["MAX_BYTES", "MAX_PIXELS", "MIN_SIDE", "READ_SIDE", "ImageFault", "Rgb", "decode_image", "perceptual_hash"]

Rgb: TypeAlias = NDArray[np.uint8]
"""uint8 [height, width, 3], red first, upright."""

MAX_BYTES = 3 * 1024 * 1024
"""Encoded bytes of one image; the edge allows no more either."""
MAX_PIXELS = 16_000_000
"""Pixels that a header may announce: 48 MB as bytes, twice that for a 16-bit PNG while it is being read."""
MIN_SIDE = 32
"""Pixels of the shorter side below which no face can be measured."""
READ_SIDE = 1024
"""A bigger image is read at a half, a quarter or an eighth while its longer side stays at least this: libjpeg skips
most of the inverse transform. Faces that matter here fill a tenth of the image or more, so 100 pixels remain."""

_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def decode_image(data: bytes) -> Rgb:
    """Decodes one JPEG, PNG or WebP image to upright RGB, uint8 [height, width, 3].

    Orientation is EXIF's; 16-bit, grey, palette and CMYK images become 8-bit RGB and alpha is dropped. Images whose
    longer side is 2 * :data:`READ_SIDE` or more come back at a half, a quarter or an eighth of their size.

    Raises:
        ImageFault: with the code that says why; nothing of the image is in the message.
    """
    if not data:
        raise ImageFault(FrameFault.EMPTY)
    if len(data) > MAX_BYTES:
        raise ImageFault(FrameFault.TOO_MANY_BYTES)
    header = read_header(data)
    _check_size(header)
    return _upright(_decode(data, header), header.orientation)


def _check_size(header: Header) -> None:
    if header.width <= 0 or header.height <= 0:
        raise ImageFault(FrameFault.BROKEN)
    if header.width * header.height > MAX_PIXELS:
        raise ImageFault(FrameFault.TOO_MANY_PIXELS)
    if min(header.width, header.height) < MIN_SIDE:
        raise ImageFault(FrameFault.TOO_SMALL)


def _decode(data: bytes, header: Header) -> Rgb:
    factor = _reduction(header)
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), _REDUCED[factor] | cv2.IMREAD_IGNORE_ORIENTATION)
    except (cv2.error, MemoryError):
        raise ImageFault(FrameFault.BROKEN) from None
    if bgr is None or not _agrees(bgr.shape, header, factor):
        raise ImageFault(FrameFault.BROKEN)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _reduction(header: Header) -> int:
    longer, shorter = max(header.width, header.height), min(header.width, header.height)
    return next((f for f in (8, 4, 2) if longer // f >= READ_SIDE and shorter // f >= MIN_SIDE), 1)


def _agrees(shape: tuple[int, ...], header: Header, factor: int) -> bool:
    """Decoders round a reduced size up or down; anything else means that header and content tell different stories."""
    return abs(shape[0] - header.height / factor) <= 1 and abs(shape[1] - header.width / factor) <= 1


def _upright(rgb: Rgb, orientation: int) -> Rgb:
    if orientation in (5, 6, 7, 8):
        rgb = rgb.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        rgb = rgb[:, ::-1]
    if orientation in (3, 4, 7, 8):
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)


def perceptual_hash(rgb: Rgb) -> int:
    """64-bit difference hash: whether each cell of an 8x8 grid is darker than its right neighbour, first cell highest.

    Near-duplicates differ in a few bits; small shifts of a living head change more than recompression does.
    """
    # Every nth pixel is enough for cells of thousands of pixels, and much faster than averaging all of them.
    step = max(1, min(rgb.shape[:2]) // 96)
    size = (rgb.shape[1] // step, rgb.shape[0] // step)
    grey = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_NEAREST), cv2.COLOR_RGB2GRAY)
    cells = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    return int.from_bytes(np.packbits(cells[:, :-1] < cells[:, 1:]).tobytes(), "big")
