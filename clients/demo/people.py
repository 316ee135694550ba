"""A player on the stage: account, device, session and camera."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from landseal.clients.admin import AdminClient, PersonToImport
from landseal.clients.cameras.puppet_camera import PuppetCamera
from landseal.clients.client import LandsealClient
from landseal.clients.demo.cast import Player
from landseal.clients.demo.impostors import Recorder
from landseal.clients.demo.stage import Stage
from landseal.clients.keys import DeviceKeys
from landseal.clients.session import Registration
from landseal.session.v1 import session_pb2


@dataclass
class Actor:
    """A player who has registered and logged in."""

    player: Player
    account_id: str
    keys: DeviceKeys
    client: LandsealClient
    camera: Recorder
    """The honest puppet; it remembers its last take."""

    def login(self, client: LandsealClient) -> session_pb2.Session:
        """Logs in through a client."""
        client.know_identity(self.player.legal_name, self.player.id_number)
        return client.session.login(self.player.login_name, self.player.password, self.keys, self.account_id)


def import_people(admin: AdminClient, players: list[Player]) -> None:
    """Imports the players' portraits, as an administrator would.

    Raises:
        RuntimeError: a portrait was refused.
    """
    rows = [PersonToImport(p.legal_name, p.id_number, p.collective, p.enrolled) for p in players]
    answer = admin.import_faces(rows)
    if answer.faults or not answer.done:
        raise RuntimeError(f"the portraits were refused: {[fault.code for fault in answer.faults]}")


def enter(stage: Stage, admin: AdminClient, player: Player, models: Path) -> Actor:
    """Registers a player with a new device and logs in."""
    client, keys = stage.client(), DeviceKeys.generate()
    person = Registration(
        player.login_name, player.password, player.legal_name, player.id_number, admin.issue_code(player.id_number)
    )
    account_id = client.session.register(person, keys)
    camera = Recorder(PuppetCamera(player.portrait, weights=models))
    actor = Actor(player, account_id, keys, client, camera)
    actor.login(client)
    return actor
