"""Seals open only in their own place, under a key that is on the ring."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseal.server.crypto.keyfiles import KeyFileFault
from landseal.server.crypto.keyring import VARIABLE, Keyring, VaultKey
from landseal.server.crypto.vault import Vault

RING = Keyring((VaultKey(b"1" * 32),), b"l" * 32)
VAULT = Vault(RING)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.binary())
def test_what_was_sealed_opens_in_its_context(context: str, plain: bytes) -> None:
    sealed = VAULT.seal(context, plain)
    assert VAULT.open(context, sealed) == plain
    assert len(sealed) == len(plain) + 45
    with pytest.raises(ValueError, match="does not open"):
        VAULT.open(context + "x", sealed)


def test_any_changed_byte_is_found() -> None:
    sealed = VAULT.seal("place", b"secret")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(ValueError, match="does not open"):
            VAULT.open("place", bytes(changed))
    for length in range(len(sealed)):
        with pytest.raises(ValueError, match="does not open"):
            VAULT.open("place", sealed[:length])
    with pytest.raises(ValueError, match="does not open"):
        VAULT.open("place", sealed + b"\0")


def test_the_same_value_is_sealed_differently_each_time() -> None:
    assert len({VAULT.seal("place", b"secret") for _ in range(100)}) == 100


def test_rotation_keeps_old_seals_open_and_lookups_equal() -> None:
    rotated = RING.rotated()
    newer = Vault(rotated)
    old = VAULT.seal("place", b"secret")
    new = newer.seal("place", b"secret")
    assert newer.open("place", old) == b"secret"
    assert newer.open("place", new) == b"secret"
    assert (newer.is_current(old), newer.is_current(new)) == (False, True)
    with pytest.raises(ValueError, match="does not open"):
        VAULT.open("place", new)
    assert newer.lookup_hash("id", "x") == VAULT.lookup_hash("id", "x")
    assert Vault(Keyring(rotated.keys[1:], rotated.lookup_master)).open("place", new) == b"secret"


def test_lookup_hashes_tell_kinds_values_and_keys_apart() -> None:
    other = Vault(Keyring((VaultKey(b"1" * 32),), b"m" * 32))
    hashes = {
        VAULT.lookup_hash("id", "ab"),
        VAULT.lookup_hash("ida", "b"),
        VAULT.lookup_hash("id", "abc"),
        other.lookup_hash("id", "ab"),
    }
    assert len(hashes) == 4
    assert all(len(each) == 32 for each in hashes)
    assert VAULT.lookup_hash("id", "ab") in hashes


def test_the_file_is_made_once_and_private(tmp_path: Path) -> None:
    first = Vault.load_or_create(tmp_path, {})
    assert Vault.load_or_create(tmp_path, {}).open("place", first.seal("place", b"x")) == b"x"
    path = tmp_path / "keys" / "vault.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in path.parent.iterdir()) == ["vault.json"]
    Keyring.load_or_create(tmp_path, {}).rotated().save(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(Keyring.load_or_create(tmp_path, {}).keys) == 2
    assert Vault.load_or_create(tmp_path, {}).open("place", first.seal("place", b"x")) == b"x"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    one, two = "11" * 32, "22" * 32
    single = Vault.load_or_create(tmp_path, {VARIABLE: one})
    double = Vault.load_or_create(tmp_path, {VARIABLE: f"{one},{two}"})
    assert double.open("place", single.seal("place", b"x")) == b"x"
    assert not single.is_current(double.seal("place", b"x"))
    assert double.lookup_hash("id", "x") == single.lookup_hash("id", "x")
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("text", ["xyz", "11" * 31, "11" * 32 + ",", "11" * 32 + "," + "11" * 32])
def test_a_malformed_variable_is_refused_without_repeating_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=VARIABLE) as caught:
        Keyring.load_or_create(tmp_path, {VARIABLE: text})
    assert "11" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": "landseal-vault/1", "lookup": "00", "keys": []}'])
def test_a_damaged_file_is_told(tmp_path: Path, content: str) -> None:
    Keyring.load_or_create(tmp_path, {})
    (tmp_path / "keys" / "vault.json").write_text(content)
    with pytest.raises(KeyFileFault, match="damaged"):
        Keyring.load_or_create(tmp_path, {})


def test_nothing_shows_the_keys() -> None:
    shown = repr(RING) + repr(VAULT) + repr(RING.keys[0])
    assert "1111" not in shown
    assert "llll" not in shown
    assert "31" * 8 not in shown
