from __future__ import annotations

import contextlib
import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence
from support.faces import astronaut, encode, jpeg

from landseal.inference.reading import FrameFault
from landseal.inference.vision import decode
from landseal.inference.vision.decode import MAX_BYTES, ImageFault, decode_image, perceptual_hash
from landseal.inference.vision.headers import MAX_SEGMENTS, read_header

SMALL = np.ascontiguousarray(astronaut()[:200, 100:340])


def pillow(mode: str, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(SMALL).convert(mode).save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *more: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")


def jpeg_header(width: int, height: int, marker: int = 0xC0, precision: int = 8) -> bytes:
    frame = struct.pack(">BBHBHHB", 0xFF, marker, 11, precision, height, width, 1) + b"\1\x11\0"
    return b"\xff\xd8" + frame + b"\xff\xda\0\x08\1\1\0\0\x3f\0\xff\xd9"


def webp_canvas(width: int, height: int, flags: int = 0) -> bytes:
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0])
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body)) + body


def animation(kind: str) -> bytes:
    frames = [Image.fromarray(SMALL), Image.fromarray(SMALL[::-1])]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
    assert len(list(ImageSequence.Iterator(Image.open(io.BytesIO(out.getvalue()))))) == 2
    return out.getvalue()


def fault(data: bytes) -> FrameFault:
    with pytest.raises(ImageFault) as caught:
        decode_image(data)
    return caught.value.code


BAD = {
    "nothing": (b"", FrameFault.EMPTY),
    "text": (b"hello, I am no image at all", FrameFault.NOT_AN_IMAGE),
    "zeros": (bytes(1000), FrameFault.NOT_AN_IMAGE),
    "script": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", FrameFault.NOT_AN_IMAGE),
    "half a signature": (b"\x89PNG", FrameFault.NOT_AN_IMAGE),
    "only a JPEG signature": (b"\xff\xd8\xff", FrameFault.BROKEN),
    "only a PNG signature": (b"\x89PNG\r\n\x1a\n", FrameFault.BROKEN),
    "only a WebP signature": (b"RIFF\x04\0\0\0WEBP", FrameFault.BROKEN),
    "JPEG cut in half": (jpeg(SMALL)[:4000], FrameFault.BROKEN),
    "JPEG without its last byte": (jpeg(SMALL)[:-1], FrameFault.BROKEN),
    "PNG cut in half": (encode(SMALL, ".png")[:20000], FrameFault.BROKEN),
    "PNG with a flipped pixel byte": (
        (lambda data: data[:5000] + bytes([data[5000] ^ 255]) + data[5001:])(encode(SMALL, ".png")),
        FrameFault.BROKEN,
    ),
    "PNG without pixels": (png(64, 64).replace(b"IDAT", b"tEXt"), FrameFault.BROKEN),
    "PNG whose pixels are rubbish": (png(64, 64), FrameFault.BROKEN),
    "WebP cut in half": (encode(SMALL, ".webp")[:2000], FrameFault.BROKEN),
    "WebP canvas without a picture": (webp_canvas(64, 64), FrameFault.BROKEN),
    "PNG bomb": (png(60_000, 60_000), FrameFault.TOO_MANY_PIXELS),
    "PNG bomb beyond 31 bits": (png(2**32 - 1, 2**32 - 1), FrameFault.TOO_MANY_PIXELS),
    "JPEG bomb": (jpeg_header(65_535, 65_535), FrameFault.TOO_MANY_PIXELS),
    "WebP bomb": (webp_canvas(16_383, 16_383), FrameFault.TOO_MANY_PIXELS),
    "one pixel over the limit": (png(16_000_001, 1), FrameFault.TOO_MANY_PIXELS),
    "PNG without width": (png(0, 64), FrameFault.BROKEN),
    "JPEG without height": (jpeg_header(64, 0), FrameFault.BROKEN),
    "tiny": (encode(SMALL[:31, :100], ".png"), FrameFault.TOO_SMALL),
    "one pixel": (encode(SMALL[:1, :1], ".png"), FrameFault.TOO_SMALL),
    "a thread": (jpeg(SMALL[:, :8]), FrameFault.TOO_SMALL),
    "animated GIF": (animation("GIF"), FrameFault.ANIMATED),
    "animated PNG": (animation("PNG"), FrameFault.ANIMATED),
    "animated WebP": (animation("WEBP"), FrameFault.ANIMATED),
    "still GIF": (pillow("P", "GIF"), FrameFault.UNSUPPORTED),
    "BMP": (pillow("RGB", "BMP"), FrameFault.UNSUPPORTED),
    "TIFF": (pillow("RGB", "TIFF"), FrameFault.UNSUPPORTED),
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n", FrameFault.UNSUPPORTED),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", FrameFault.UNSUPPORTED),
    "12-bit JPEG": (jpeg_header(64, 64, precision=12), FrameFault.UNSUPPORTED),
    "lossless JPEG": (jpeg_header(64, 64, marker=0xC3), FrameFault.UNSUPPORTED),
    "arithmetic JPEG": (jpeg_header(64, 64, marker=0xC9), FrameFault.UNSUPPORTED),
    "too many bytes": (jpeg(SMALL) + bytes(MAX_BYTES), FrameFault.TOO_MANY_BYTES),
    "endless JPEG segments": (b"\xff\xd8" + b"\xff\xe0\0\2" * (MAX_SEGMENTS + 1) + b"\xff\xd9", FrameFault.BROKEN),
    "endless PNG chunks": (png(64, 64, chunk(b"tEXt", b"") * (MAX_SEGMENTS * 10)), FrameFault.BROKEN),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_bytes_are_named_faults(name: str) -> None:
    data, expected = BAD[name]
    assert fault(data) is expected


@pytest.mark.parametrize("name", [name for name in BAD if "bomb" in name or "over the limit" in name])
def test_no_decoder_sees_a_pixel_bomb(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object) -> None:
        raise AssertionError("a decoder was called")

    monkeypatch.setattr(cv2, "imdecode", explode)
    assert fault(BAD[name][0]) is FrameFault.TOO_MANY_PIXELS


def test_the_largest_image_allowed_is_read_at_a_quarter() -> None:
    data = jpeg(np.full((4000, 4000, 3), 200, np.uint8), 30)
    assert decode_image(data).shape == (2000, 2000, 3)
    assert decode_image(jpeg(np.full((3000, 4100, 3), 200, np.uint8), 30)).shape == (750, 1025, 3)
    assert decode_image(encode(np.full((1000, 2048, 3), 200, np.uint8), ".png")).shape == (500, 1024, 3)


def test_an_image_of_everyday_size_keeps_every_pixel() -> None:
    assert np.array_equal(decode_image(encode(SMALL, ".png")), SMALL)
    assert decode_image(jpeg(np.zeros((1080, 1920, 3), np.uint8))).shape == (1080, 1920, 3)


@pytest.mark.parametrize("kind", [".jpg", ".webp"])
def test_lossy_formats_come_close_and_red_stays_red(kind: str) -> None:
    decoded = decode_image(encode(SMALL, kind))
    assert np.abs(decoded.astype(int) - SMALL).mean() < 5


@pytest.mark.parametrize("mode", ["CMYK", "L", "YCbCr"])
def test_odd_jpeg_colours_become_rgb(mode: str) -> None:
    decoded = decode_image(pillow(mode, "JPEG", quality=95))
    truth = np.asarray(Image.fromarray(SMALL).convert(mode).convert("RGB"))
    assert decoded.shape == SMALL.shape
    assert np.abs(decoded.astype(int) - truth).mean() < 6


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P", "1"])
def test_odd_png_colours_become_rgb(mode: str) -> None:
    decoded = decode_image(pillow(mode, "PNG"))
    truth = np.asarray(Image.fromarray(SMALL).convert(mode).convert("RGB"))
    assert np.abs(decoded.astype(int) - truth).mean() < 1


def test_sixteen_bit_png_becomes_eight_bit() -> None:
    done, data = cv2.imencode(".png", SMALL[:, :, ::-1].astype(np.uint16) * 257)
    assert done
    assert np.abs(decode_image(data.tobytes()).astype(int) - SMALL).max() <= 1


def test_progressive_jpeg_is_read() -> None:
    assert decode_image(pillow("RGB", "JPEG", progressive=True)).shape == SMALL.shape


def test_bytes_behind_the_end_of_a_jpeg_do_no_harm() -> None:
    assert decode_image(jpeg(SMALL) + b"camera maker's trailer").shape == SMALL.shape


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(kind: str, orientation: int) -> None:
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = Image.fromarray(SMALL)
    if orientation in undo:
        stored = stored.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    stored.save(out, kind, exif=exif, **({"quality": 95} if kind != "PNG" else {}))
    decoded = decode_image(out.getvalue())
    assert decoded.shape == SMALL.shape
    assert np.abs(decoded.astype(int) - SMALL).mean() < 6


@pytest.mark.parametrize("tiff", [b"", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff", b"XX" * 40])
def test_senseless_exif_means_upright(tiff: bytes) -> None:
    plain = jpeg(SMALL)
    segment = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
    assert read_header(plain[:2] + segment + plain[2:]).orientation == 1


def test_a_header_that_lies_about_the_size_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    data = jpeg(SMALL)
    monkeypatch.setattr(decode, "read_header", lambda _: read_header(jpeg(SMALL[:100])))
    assert fault(data) is FrameFault.BROKEN


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from([".jpg", ".png", ".webp"]),
    edits=st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.integers(0, 2**16),
)
def test_damaged_images_are_read_or_refused_and_nothing_else(kind: str, edits: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(encode(SMALL[:64, :64], kind))
    for at, value in edits:
        data[at % len(data)] = value
    damaged = bytes(data[: cut % len(data)] if cut % 2 else data)
    with contextlib.suppress(ImageFault):
        rgb = decode_image(damaged)
        assert rgb.dtype == np.uint8
        assert rgb.shape[2] == 3


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x80\0\0\0WEBPVP8X"])
)
def test_random_bytes_are_refused(tail: bytes, head: bytes) -> None:
    with pytest.raises(ImageFault):
        decode_image(head + tail)


def test_a_fault_never_shows_the_bytes() -> None:
    with pytest.raises(ImageFault) as caught:
        decode_image(b"secret face")
    assert "secret" not in str(caught.value) + repr(caught.value)


def test_perceptual_hash_forgives_compression_and_notices_another_picture() -> None:
    one, again = perceptual_hash(astronaut()), perceptual_hash(decode_image(jpeg(astronaut(), 40)))
    other = perceptual_hash(np.ascontiguousarray(astronaut()[:, ::-1]))
    assert (one ^ again).bit_count() <= 4
    assert (one ^ other).bit_count() >= 20
