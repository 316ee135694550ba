"""The canonical encoding: what is different has different bytes, and what has no form is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseal.server.domain.canonical import Value, digest, encode

values = st.recursive(
    st.text() | st.binary() | st.integers(0, 2**64 - 1),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
    max_leaves=12,
)


def items(message: bytes) -> Iterator[bytes]:
    while message:
        length = int.from_bytes(message[:4], "big")
        assert len(message) >= 4 + length
        yield message[4 : 4 + length]
        message = message[4 + length :]


def test_a_message_is_its_tag_and_its_items() -> None:
    assert encode("login", "a", b"\x01", 2, ("x", 3)) == b"".join(
        (
            b"\x00\x00\x00\x11landseal/login/v1",
            b"\x00\x00\x00\x01a",
            b"\x00\x00\x00\x01\x01",
            b"\x00\x00\x00\x08" + (2).to_bytes(8, "big"),
            b"\x00\x00\x00\x11" + b"\x00\x00\x00\x01x" + b"\x00\x00\x00\x08" + (3).to_bytes(8, "big"),
        )
    )


@given(st.lists(values, max_size=6))
def test_every_field_is_found_again_by_its_length(fields: list[Value]) -> None:
    parts = list(items(encode("purpose", *fields)))
    assert parts[0] == b"landseal/purpose/v1"
    assert len(parts) == 1 + len(fields)


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_texts_never_share_bytes(one: list[str], other: list[str]) -> None:
    assert (encode("p", *one) == encode("p", *other)) == (one == other)


@given(st.lists(st.lists(st.binary(max_size=3), max_size=3).map(tuple), max_size=3))
def test_moving_a_boundary_changes_the_bytes(groups: list[tuple[bytes, ...]]) -> None:
    flat = [each for group in groups for each in group]
    if len(groups) != len(flat):
        assert encode("p", *groups) != encode("p", *flat)


def test_one_purpose_never_fits_another() -> None:
    assert digest("login", "a") != digest("call", "a")
    assert encode("a", "b") != encode("a/v1", "b")


@pytest.mark.parametrize("bad", [True, None, 1.5, ["list"], {"a": 1}])
def test_what_has_no_canonical_form_is_refused(bad: object) -> None:
    with pytest.raises(TypeError):
        encode("p", bad)  # type: ignore[arg-type]  # the test hands in what the type forbids


@pytest.mark.parametrize("bad", [-1, 2**64])
def test_integers_out_of_range_are_refused(bad: int) -> None:
    with pytest.raises(ValueError, match="integer"):
        encode("p", bad)


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        encode("p", "\ud800")
