"""Device keys: never shown, kept privately, good for one purpose each."""

from __future__ import annotations

import hashlib
import inspect
import json
from pathlib import Path

import pytest

from landseal.clients import keys as keys_module
from landseal.clients.errors import LandsealError
from landseal.clients.keyfile import load_keys, save_keys
from landseal.clients.keys import AuthKey, DeviceKeys, SignKey, is_signed
from landseal.clients.localreasons import LocalReason
from landseal.server.domain import signing
from landseal.server.domain.keys import KeyAlgorithm, PublicKey


def test_keys_come_back_from_their_file(tmp_path: Path) -> None:
    keys = DeviceKeys.generate()
    save_keys(keys, tmp_path / "a" / "keys.json")
    held = load_keys(tmp_path / "a" / "keys.json")
    assert (held.auth.key_id, held.sign.key_id) == (keys.auth.key_id, keys.sign.key_id)
    assert (tmp_path / "a" / "keys.json").stat().st_mode & 0o777 == 0o600


def test_a_passphrase_seals_the_file_and_only_it_opens_it(tmp_path: Path) -> None:
    keys, path = DeviceKeys.generate(), tmp_path / "keys.json"
    save_keys(keys, path, "a passphrase")
    assert keys.seeds[0].hex() not in path.read_text()
    assert load_keys(path, "a passphrase").sign.key_id == keys.sign.key_id
    for wrong in (None, "", "another"):
        with pytest.raises(LandsealError) as caught:
            load_keys(path, wrong)
        assert caught.value.reason is LocalReason.KEYS_UNREADABLE


def test_a_key_file_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    save_keys(DeviceKeys.generate(), tmp_path / "keys.json")
    (tmp_path / "keys.json").chmod(0o644)
    with pytest.raises(LandsealError) as caught:
        load_keys(tmp_path / "keys.json")
    assert caught.value.reason is LocalReason.KEYS_EXPOSED


@pytest.mark.parametrize(
    "change", [{"secret": "00"}, {"kdf": "rot13"}, {"format": "x"}, {"secret": "00" * 64}, {"memory_bytes": 1 << 40}]
)
def test_a_damaged_key_file_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "keys.json"
    save_keys(DeviceKeys.generate(), path, "p")
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(LandsealError) as caught:
        load_keys(path, "p")
    assert caught.value.reason is LocalReason.KEYS_UNREADABLE


def test_secrets_are_never_shown() -> None:
    keys = DeviceKeys.generate()
    for text in (repr(keys), str(keys), repr(keys.auth), f"{keys.sign}", repr(vars(keys.auth))):
        assert all(seed.hex() not in text and repr(seed) not in text for seed in keys.seeds)


def test_no_public_function_signs_bytes_that_were_handed_over() -> None:
    for kind, purposes in ((AuthKey, {"enrolment", "login", "call", "capture"}), (SignKey, {"enrolment", "contract"})):
        signers = {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}
        assert signers == purposes
    public = {name for name, _ in inspect.getmembers(keys_module, inspect.isfunction) if not name.startswith("_")}
    assert public == {"dataclass", "field", "is_signed", "party_of", "sha256"}


def test_a_signature_is_good_for_one_purpose_audience_and_key_only() -> None:
    keys, other = DeviceKeys.generate(), DeviceKeys.generate()
    signature = keys.auth.login("server", "account", b"n" * 32, "login")
    good = signing.login_bytes("server", "account", keys.auth.key_id, b"n" * 32, "login")
    assert is_signed(keys.auth.public, good, signature)
    assert not is_signed(other.auth.public, good, signature)
    assert not is_signed(keys.sign.public, good, signature)
    for twin in (
        signing.login_bytes("another", "account", keys.auth.key_id, b"n" * 32, "login"),
        signing.login_bytes("server", "account", keys.auth.key_id, b"m" * 32, "login"),
        hashlib.sha256(good).digest(),
    ):
        assert not is_signed(keys.auth.public, twin, signature)


@pytest.mark.parametrize("signature", [b"", b"x" * 63, b"x" * 64, b"x" * 72])
def test_every_doubt_about_a_signature_is_a_no(signature: bytes) -> None:
    assert not is_signed(PublicKey(KeyAlgorithm.ED25519, bytes(32)), b"message", signature)
    assert not is_signed(PublicKey(KeyAlgorithm.UNSPECIFIED, bytes(32)), b"message", signature)
    assert not is_signed(PublicKey(KeyAlgorithm.ED25519, b"short"), b"message", signature)
