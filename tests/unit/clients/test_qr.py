from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from landseal.clients.qr import QrUnreadable, qr_png, qr_terminal, read_qr
from landseal.server.domain.qrcodes import (
    QrFault,
    parse_trace_payload,
    parse_transferee_payload,
    trace_payload,
    transferee_payload,
)
from landseal.server.papers.qr import qr_svg

CODE = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"
codes = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=8, max_size=100)


def as_bytes(image: Image.Image, kind: str = "PNG", **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def printed() -> Image.Image:
    return Image.open(io.BytesIO(qr_png(transferee_payload(CODE)))).convert("L")


@given(codes)
def test_what_is_printed_is_read_again(code: str) -> None:
    assert parse_transferee_payload(read_qr(qr_png(transferee_payload(code)))) == code


@given(codes)
def test_the_two_kinds_of_code_are_never_taken_for_each_other(code: str) -> None:
    with pytest.raises(QrFault):
        parse_transferee_payload(trace_payload(code))
    with pytest.raises(QrFault):
        parse_trace_payload(transferee_payload(code))
    assert parse_trace_payload(trace_payload(code)) == code


@pytest.mark.parametrize("angle", [7, 45, 90, 133, 180, 270])
def test_a_turned_code_is_read(angle: int) -> None:
    turned = printed().rotate(angle, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
    assert read_qr(as_bytes(turned)) == transferee_payload(CODE)


def test_a_blurred_and_noisy_photograph_is_read() -> None:
    page = Image.new("L", (900, 700), 190)
    page.paste(printed().rotate(5, expand=True, fillcolor=255), (200, 120))
    photo = page.filter(ImageFilter.GaussianBlur(2.2)).convert("RGB")
    assert read_qr(as_bytes(photo, "JPEG", quality=45)) == transferee_payload(CODE)


def test_a_picture_with_a_transparent_ground_is_read() -> None:
    clear = printed().convert("RGBA")
    clear.putalpha(printed().point(lambda value: 255 - value))
    assert read_qr(as_bytes(clear)) == transferee_payload(CODE)


def test_a_picture_without_a_code_is_refused() -> None:
    with pytest.raises(QrUnreadable, match="no code"):
        read_qr(as_bytes(Image.effect_noise((300, 300), 60)))


def test_two_different_codes_in_one_picture_are_refused() -> None:
    other = Image.open(io.BytesIO(qr_png(transferee_payload("A" * 32)))).convert("L")
    both = Image.new("L", (printed().width + other.width, max(printed().height, other.height)), 255)
    both.paste(printed(), (0, 0))
    both.paste(other, (printed().width, 0))
    with pytest.raises(QrUnreadable, match="several"):
        read_qr(as_bytes(both))


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", qr_png("landseal")[:80], b"%PDF-1.7", bytes(1000)]
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(QrUnreadable, match="not an image"):
        read_qr(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(QrUnreadable):
        read_qr(data)


@pytest.mark.parametrize("code", ["", "SHORT", "mfrggzdfmztwq2lk", "MFRGGZDF=", "A" * 101, "ABCDEFG1", "ABCDEFGH\n"])
def test_what_is_not_base32_gets_no_code(code: str) -> None:
    with pytest.raises(QrFault):
        transferee_payload(code)


@pytest.mark.parametrize("payload", ["", "x" * 121, "中文", "a\nb"])
def test_a_payload_that_cannot_be_printed_is_refused(payload: str) -> None:
    with pytest.raises(QrFault):
        qr_png(payload)


def test_the_terminal_and_the_paper_show_it_too() -> None:
    assert "▄" in qr_terminal(transferee_payload(CODE))
    assert qr_svg(trace_payload(CODE)) == qr_svg(trace_payload(CODE))
    assert qr_svg(trace_payload(CODE)).startswith("<svg")
