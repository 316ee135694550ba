"""Signatures: every doubt is a no."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseal.server.crypto.keyfiles import KeyFileFault
from landseal.server.crypto.signing import SigningKey, check_public_key, verify
from landseal.server.domain.keys import KeyAlgorithm, PublicKey

KEY = SigningKey(b"k" * 32)
MESSAGE = b"what was signed"
SIGNATURE = KEY.sign(MESSAGE)
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493

# All encodings of points of small order, canonical or not (Chalkias, Garillot, Nikolaenko: Taming the many EdDSAs).
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


def ed25519(key: bytes) -> PublicKey:
    return PublicKey(KeyAlgorithm.ED25519, key)


def test_the_right_signature_fits_and_no_other_does() -> None:
    assert verify(KEY.public, MESSAGE, SIGNATURE)
    assert not verify(KEY.public, MESSAGE + b"!", SIGNATURE)
    assert not verify(SigningKey(b"o" * 32).public, MESSAGE, SIGNATURE)


@given(st.integers(0, 64 * 8 - 1))
def test_a_flipped_bit_never_fits(bit: int) -> None:
    changed = bytearray(SIGNATURE)
    changed[bit // 8] ^= 1 << bit % 8
    assert not verify(KEY.public, MESSAGE, bytes(changed))


def test_rfc_8032_test_vector_2() -> None:
    key = SigningKey(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    assert key.public.key.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_wrong_sizes_are_a_no_and_never_an_error(key: bytes, signature: bytes) -> None:
    assert not verify(ed25519(key), MESSAGE, signature)


def test_things_that_are_no_bytes_are_a_no_and_never_an_error() -> None:
    assert not verify(ed25519(None), MESSAGE, SIGNATURE)  # type: ignore[arg-type]  # as an attacker would
    assert not verify(KEY.public, MESSAGE, "x" * 64)  # type: ignore[arg-type]  # as an attacker would
    assert not verify(None, MESSAGE, SIGNATURE)  # type: ignore[arg-type]  # as an attacker would
    assert not check_public_key(None)  # type: ignore[arg-type]  # as an attacker would


def test_another_algorithm_is_a_no() -> None:
    assert not verify(PublicKey(KeyAlgorithm.UNSPECIFIED, KEY.public.key), MESSAGE, SIGNATURE)
    assert not check_public_key(PublicKey(KeyAlgorithm.UNSPECIFIED, KEY.public.key))


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_keys_of_small_order_are_refused(key: str) -> None:
    """Under such a key one signature would fit many messages."""
    bad = bytes.fromhex(key)
    assert not check_public_key(ed25519(bad))
    assert not verify(ed25519(bad), MESSAGE, bad + bytes(32))
    assert not verify(ed25519(bad), MESSAGE, bytes.fromhex(SMALL_ORDER[0]) + bytes(32))


@pytest.mark.parametrize("key", ["02" + "00" * 31, "ff" * 32, "f1" + "ff" * 30 + "7f"])
def test_points_off_the_curve_or_not_canonical_are_refused(key: str) -> None:
    assert not check_public_key(ed25519(bytes.fromhex(key)))


def test_a_signature_has_one_form_only() -> None:
    """Adding the group's order to the scalar would give a second signature of the same message."""
    scalar = int.from_bytes(SIGNATURE[32:], "little") + GROUP_ORDER
    assert not verify(KEY.public, MESSAGE, SIGNATURE[:32] + scalar.to_bytes(32, "little"))


def test_proper_keys_may_be_registered() -> None:
    assert all(check_public_key(SigningKey(bytes([n]) * 32).public) for n in range(20))
    assert not check_public_key(ed25519(KEY.public.key[:31]))


def test_the_platform_key_stays_the_same_and_hides(tmp_path: Path) -> None:
    first, second = SigningKey.load_or_create(tmp_path), SigningKey.load_or_create(tmp_path)
    assert first.public == second.public
    seed = (tmp_path / "keys" / "platform.key").read_text()
    assert seed not in repr(first) + repr(vars(first))
    assert (tmp_path / "keys" / "platform.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", ["", "zz" * 32, "00" * 31, "00" * 33])
def test_a_damaged_key_file_is_told_without_its_content(tmp_path: Path, content: str) -> None:
    SigningKey.load_or_create(tmp_path)
    (tmp_path / "keys" / "platform.key").write_text(content)
    with pytest.raises(KeyFileFault, match="damaged") as caught:
        SigningKey.load_or_create(tmp_path)
    assert caught.value.__suppress_context__


def test_a_seed_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        SigningKey(b"short")
