"""A running server on the session's engines, with the demo's people and land."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from conftest import Engines
from support.engines import other_database

from landseal.clients.demo import cast, props
from landseal.clients.demo.people import Actor, enter, import_people
from landseal.clients.demo.stage import Stage, opened


@dataclass
class Village:
    """A server with two people who have accounts, and the means to bring in others."""

    stage: Stage
    giver: Actor
    taker: Actor
    models: Path

    def code_for(self, player: cast.Player) -> str:
        """Imports somebody and returns their registration code."""
        with closing(self.stage.admin()) as admin:
            import_people(admin, [player])
            return admin.issue_code(player.id_number)


@pytest.fixture(scope="module")
def village(engines: Engines, model_weights: Path, landseal_home: Path) -> Iterator[Village]:
    """A server of this module's own, on an empty database."""
    name = f"e2e_{uuid.uuid4().hex}"
    with psycopg.connect(engines.postgres_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    url = other_database(engines.postgres_url, name)
    home = landseal_home / name
    with opened(
        home,
        model_weights,
        "demo",
        database_url=url,
        triton_url=engines.triton_address,
        triton_tls=engines.triton.tls,
    ) as stage:
        with closing(stage.admin()) as admin:
            players = cast.transferor(), cast.transferee()
            admin.import_parcels(props.parcels(*players), props.FORMAT)
            import_people(admin, list(players))
            giver, taker = (enter(stage, admin, player, model_weights) for player in players)
        yield Village(stage, giver, taker, model_weights)
        giver.client.close()
        taker.client.close()
