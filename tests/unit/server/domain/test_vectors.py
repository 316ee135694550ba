"""The published vectors are what the code makes, every signature verifies and every forged twin fails."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

FOLDER = Path(__file__).resolve().parents[3] / "vectors"
VECTORS: dict[str, Any] = json.loads((FOLDER / "signed.json").read_text(encoding="utf-8"))
SIGNED = pytest.mark.parametrize("vector", VECTORS["signed"], ids=lambda vector: vector["name"])


def test_the_file_is_what_the_code_makes() -> None:
    spec = importlib.util.spec_from_file_location("landseal_vectors", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.text() == (FOLDER / "signed.json").read_text(encoding="utf-8")


@SIGNED
def test_a_message_is_its_fields_each_behind_its_length(vector: dict[str, Any]) -> None:
    fields = [vector["purpose"].encode(), *map(bytes.fromhex, vector["fields_hex"])]
    message = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    assert message.hex() == vector["message_hex"]
    assert hashlib.sha256(message).hexdigest() == vector["sha256_hex"]


@SIGNED
def test_the_signature_verifies(vector: dict[str, Any]) -> None:
    key = VerifyKey(bytes.fromhex(vector["public_key_hex"]))
    key.verify(bytes.fromhex(vector["message_hex"]), bytes.fromhex(vector["signature_hex"]))


@SIGNED
def test_the_forged_twin_fails(vector: dict[str, Any]) -> None:
    key = VerifyKey(bytes.fromhex(vector["public_key_hex"]))
    with pytest.raises(BadSignatureError):
        key.verify(bytes.fromhex(vector["forged_message_hex"]), bytes.fromhex(vector["signature_hex"]))
