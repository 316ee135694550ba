"""Passwords, tokens and the files that hold secrets."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from landseal.server.crypto.keyfiles import KeyFileFault, load_or_create, replace_secret
from landseal.server.crypto.passwords import MAX_PASSWORD_BYTES, Passwords
from landseal.server.crypto.tokens import TokenMint, derive_token, token_hash

PASSWORDS = Passwords()


def test_a_password_fits_its_own_hash_only() -> None:
    encoded = PASSWORDS.hash("正确的密码 horse")
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORDS.verify(encoded, "正确的密码 horse")
    assert not PASSWORDS.verify(encoded, "正确的密码 horsf")
    assert not PASSWORDS.verify(encoded, "")
    assert PASSWORDS.hash("正确的密码 horse") != encoded
    assert PASSWORDS.is_current(encoded)
    assert not PASSWORDS.is_current(encoded.replace("t=2", "t=1"))


def test_nobody_has_a_password() -> None:
    assert not PASSWORDS.verify(None, "")
    assert not PASSWORDS.verify(None, "x" * (MAX_PASSWORD_BYTES + 1))
    assert not PASSWORDS.verify("", "x")
    assert not PASSWORDS.verify("no hash at all", "x")
    assert not PASSWORDS.verify(PASSWORDS.hash(""), "\ud800")


def test_a_very_long_password_is_refused() -> None:
    encoded = PASSWORDS.hash("")
    assert not PASSWORDS.verify(encoded, "x" * (MAX_PASSWORD_BYTES + 1))
    assert PASSWORDS.verify(PASSWORDS.hash("x" * MAX_PASSWORD_BYTES), "x" * MAX_PASSWORD_BYTES)
    with pytest.raises(ValueError, match="too long"):
        PASSWORDS.hash("x" * (MAX_PASSWORD_BYTES + 1))


def test_an_unknown_account_takes_as_long() -> None:
    encoded = PASSWORDS.hash("right")

    def least_s(stored: str | None) -> float:
        times = []
        for _ in range(7):
            begin = time.process_time()
            PASSWORDS.verify(stored, "wrong")
            times.append(time.process_time() - begin)
        return min(times)

    known, unknown = least_s(encoded), least_s(None)
    assert 0.5 < known / unknown < 2


def test_a_token_is_the_same_for_the_same_request_and_unguessable_otherwise() -> None:
    secret = b"s" * 32
    token = derive_token(secret, "login/1", "request")
    assert token == derive_token(secret, "login/1", "request")
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    others = {
        derive_token(b"t" * 32, "login/1", "request"),
        derive_token(secret, "login/1r", "equest"),
        derive_token(secret, "login/2", "request"),
    }
    assert len(others | {token}) == 4
    assert len(token_hash(token)) == 32
    assert token_hash(token) != token_hash(token + "=")
    assert len(token_hash("\ud800")) == 32


def test_the_mint_keeps_its_secret(tmp_path: Path) -> None:
    mint = TokenMint.load_or_create(tmp_path)
    again = TokenMint.load_or_create(tmp_path)
    assert mint.derive("a", "r") == again.derive("a", "r")
    assert mint.hash("t") == token_hash("t")
    assert repr(mint) == "TokenMint()"
    (tmp_path / "keys" / "token.key").write_text("zz")
    with pytest.raises(KeyFileFault, match="damaged"):
        TokenMint.load_or_create(tmp_path)
    with pytest.raises(ValueError, match="32"):
        TokenMint(b"short")


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    load_or_create(path, lambda: b"x")
    path.chmod(0o640)
    with pytest.raises(KeyFileFault, match="0600"):
        load_or_create(path, lambda: b"y")


def test_a_folder_or_a_huge_file_is_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(bytes(1 << 17))
    path.chmod(0o600)
    with pytest.raises(KeyFileFault, match="no key file"):
        load_or_create(path, lambda: b"y")


def test_replacing_a_secret_leaves_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "secret"
    replace_secret(path, b"one")
    replace_secret(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["secret"]


_PROGRAM = """
import os, sys
from pathlib import Path
from landseal.server.crypto.keyfiles import load_or_create
sys.stdout.buffer.write(load_or_create(Path(sys.argv[1]), lambda: os.urandom(16)))
"""


def test_processes_that_start_together_share_one_secret(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _PROGRAM, str(tmp_path / "secret")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(6)]
    made = {process.communicate(timeout=60)[0] for process in started}
    assert len(made) == 1
    assert all(len(secret) == 16 for secret in made)
    assert os.listdir(tmp_path) == ["secret"]
