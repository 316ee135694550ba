"""Two people with devices at the fake platform, for client tests."""

from __future__ import annotations

from dataclasses import dataclass, replace

from support.fake_platform import FakePlatform
from support.land import OTHER, OWNER

from landseal.clients.cameras.base import Capture, CaptureInstruction, OnPrompt
from landseal.clients.cameras.files import FileCamera
from landseal.clients.client import LandsealClient
from landseal.clients.keys import DeviceKeys
from landseal.clients.session import Registration
from landseal.server.domain.receipts import CaptureSource


class StatedCamera(FileCamera):
    """States a camera as the source, as receipts without a mark must."""

    def capture(self, instruction: CaptureInstruction, on_prompt: OnPrompt) -> Capture:
        return replace(super().capture(instruction, on_prompt), source=CaptureSource.CAMERA)


CAMERA = StatedCamera([b"frame %d" % number + bytes(120_000) for number in range(5)])
"""Five frames of no image: the fake looks at no face; 600 KB, so that an upload takes several chunks."""


@dataclass
class Person:
    """One person, logged in."""

    client: LandsealClient
    keys: DeviceKeys
    account_id: str
    login_name: str


def join(platform: FakePlatform, login_name: str, legal_name: str, id_number: str, allow_mark: str = "") -> Person:
    client = LandsealClient.connect(platform.target, platform.certificate_pem, allow_mark=allow_mark)
    keys = DeviceKeys.generate()
    form = Registration(login_name, "a long password", legal_name, id_number, "CODE-1234")
    account_id = client.session.register(form, keys)
    client.session.login(login_name, "a long password", keys, account_id)
    client.know_identity(legal_name, id_number)
    return Person(client, keys, account_id, login_name)


def transferor(platform: FakePlatform, allow_mark: str = "") -> Person:
    return join(platform, "13800001111", "王大山", OWNER, allow_mark)


def transferee(platform: FakePlatform, allow_mark: str = "") -> Person:
    return join(platform, "13900002222", "欧阳春梅", OTHER, allow_mark)
