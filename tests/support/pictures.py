"""Pictures that a capture must not be taken in by, made from one good frame (uint8 RGB, or its encoded bytes)."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Rgb = NDArray[np.uint8]
_ORIENTATION = 0x0112
"""EXIF's tag."""


def rgb(encoded: bytes) -> Rgb:
    with Image.open(io.BytesIO(encoded)) as image:
        return np.asarray(image.convert("RGB"))


def jpeg(picture: Rgb, quality: int = 92) -> bytes:
    return _saved(Image.fromarray(picture), "JPEG", quality=quality)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(height: int = 480, width: int = 640) -> Rgb:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)


def nobody() -> Rgb:
    """A sky over a field."""
    rows = np.linspace(40, 220, 480, dtype=np.uint8)
    return np.repeat(np.stack([rows, rows[::-1], np.full_like(rows, 90)], 1)[:, None], 640, axis=1)


def two_faces(one: Rgb, other: Rgb) -> Rgb:
    """Both in full, side by side."""
    height = min(one.shape[0], other.shape[0])
    return np.ascontiguousarray(np.hstack([one[:height], other[:height]]))


def far_away(picture: Rgb, share: float) -> Rgb:
    """The whole picture shrunk into the middle of an even wall."""
    height, width = picture.shape[:2]
    small = np.asarray(Image.fromarray(picture).resize((int(width * share), int(height * share))))
    wall = np.full_like(picture, 128)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    wall[top : top + small.shape[0], left : left + small.shape[1]] = small
    return wall


def resized(picture: Rgb, factor: float) -> Rgb:
    height, width = picture.shape[:2]
    return np.asarray(Image.fromarray(picture).resize((int(width * factor), int(height * factor))))


def cut_off(picture: Rgb, share: float) -> Rgb:
    """What is left of it without so much of its left side."""
    return np.ascontiguousarray(picture[:, int(picture.shape[1] * share) :])


def darker(picture: Rgb, factor: float) -> Rgb:
    return (picture * factor).astype(np.uint8)


def blurred(picture: Rgb, radius: float) -> Rgb:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def broken(encoded: bytes) -> bytes:
    """Keeps what a JPEG begins with and overwrites what describes it."""
    return encoded[:4] + bytes(200) + encoded[204:]


def truncated(encoded: bytes) -> bytes:
    return encoded[: len(encoded) // 2]


def cmyk(picture: Rgb) -> bytes:
    return _saved(Image.fromarray(picture).convert("CMYK"), "JPEG", quality=95)


def rotated(picture: Rgb) -> bytes:
    """Lies on its side, and says so in EXIF, as phones do."""
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    return _saved(Image.fromarray(np.ascontiguousarray(np.rot90(picture))), "JPEG", quality=92, exif=exif)


def animated(picture: Rgb, kind: str) -> bytes:
    """Two pictures, one after the other; GIF or WEBP."""
    first, second = Image.fromarray(picture), Image.fromarray(np.ascontiguousarray(picture[:, ::-1]))
    return _saved(first, kind, save_all=True, append_images=[second], duration=100, loop=0)


def pixel_bomb(side: int) -> bytes:
    """A PNG of ``side * side`` black pixels in few bytes: it compresses a thousandfold."""
    row = b"\0" + bytes(side * 3)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return _png(side, side, packed)


def announced_bomb(side: int) -> bytes:
    """A PNG that announces ``side * side`` pixels and holds one row."""
    return _png(side, side, zlib.compress(b"\0" + bytes(64)))


def _png(width: int, height: int, packed: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
