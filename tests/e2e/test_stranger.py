"""A program without any of our Python registers, logs in and reads a transfer."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.deal import alive

from landseal.clients.demo import cast
from landseal.server.domain.idcard import check_digit
from landseal.server.domain.receipts import Binding, Purpose

from .conftest import Village

pytestmark = pytest.mark.engines
ROOT = Path(__file__).resolve().parents[2]


def test_a_stranger_with_nothing_but_the_protos_concludes_a_transfer(village: Village) -> None:
    first17 = "11010119850505003"
    player = dataclasses.replace(
        cast.transferor(),
        login_name="stranger",
        legal_name="陌生人",
        id_number=first17 + check_digit(first17),
        collective="别处",
    )
    receipt = alive(village.taker, Purpose.CODE, Binding())
    code = village.taker.client.transfer.create_code(receipt)
    job = {
        "root": str(ROOT),
        "target": f"localhost:{village.stage.app.port}",
        "authority": str(village.stage.app.certificates.authority),
        "login_name": player.login_name,
        "password": player.password,
        "legal_name": player.legal_name,
        "id_number": player.id_number,
        "registration_code": village.code_for(player),
        "payload": code.payload,
    }
    program = Path(__file__).with_name("stranger.py")
    ran = subprocess.run(
        [sys.executable, str(program)], input=json.dumps(job), capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert seen["our_python"] == []
    assert seen["state"] == "STATE_AWAITING_VERIFICATION"
    own = village.taker.client.transfer.get(seen["transfer_id"])
    assert own.transferee.masked_name == seen["transferee"]
