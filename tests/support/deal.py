"""A transfer between two actors, step by step, so that a test can stop at any of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from landseal.admin.v1 import admin_pb2
from landseal.clients.demo import props
from landseal.clients.demo.cast import COLLECTIVE, Player
from landseal.clients.demo.people import Actor
from landseal.clients.demo.stage import Stage
from landseal.clients.review import Review, wish
from landseal.contract.v1 import contract_pb2
from landseal.server.domain.receipts import Binding, Purpose, Receipt
from landseal.transfer.v1 import transfer_pb2

TRIES = 3


def parcel_code(number: int) -> str:
    return f"1101011010020{number:06d}"


def feature(code: str, owner: Player, column: int, **changes: object) -> dict[str, object]:
    """A parcel of about 85 m by 89 m; ``changes`` go into its properties, and ``ring`` into its outline."""
    west, south = 116.40 + column * 0.002, 39.80
    east, north = west + 0.0010, south + 0.0008
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    outline = changes.pop("ring", ring)
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [outline]},
        "properties": {
            "code": code, "name": f"试验地{column}", "collective": COLLECTIVE, "village_group": "一组",
            "east": "水渠", "south": "机耕路", "west": "村道", "north": "林带", "area_m2": 7594, "quality_grade": 5,
            "land_use": "ARABLE", "contract_term_end": "2057-12-31", "owner_id_number": owner.id_number,
            "owner_name": owner.legal_name, **changes,
        },
    }  # fmt: skip


def collection(features: Sequence[dict[str, object]]) -> bytes:
    """A GeoJSON file whose features stand on the lines 2, 3, ..."""
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in features)
    return f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'.encode()


def import_land(stage: Stage, features: Sequence[dict[str, object]]) -> admin_pb2.ImportParcelsResponse:
    with closing(stage.admin()) as admin:
        return admin.import_parcels(collection(features), admin_pb2.PARCEL_FORMAT_GEOJSON)


def alive(actor: Actor, purpose: Purpose, binding: Binding) -> Receipt:
    """An honest face, with the three tries that production allows: one in some dozens is refused wrongly."""
    refused: list[str] = []
    for _ in range(TRIES):
        verdict = actor.client.verification.attempt(purpose, binding, actor.camera)
        if verdict.receipt is not None:
            return verdict.receipt
        refused.append(verdict.reason.value)
    raise AssertionError(f"an honest face was refused three times: {refused}")


@dataclass
class Deal:
    """One transfer; every step is made by the side whose step it is."""

    stage: Stage
    giver: Actor
    taker: Actor
    parcel: str
    transfer_id: str = ""
    land: Receipt | None = field(default=None, repr=False)

    def code(self) -> str:
        """The taker's face for a code."""
        receipt = alive(self.taker, Purpose.CODE, Binding())
        return self.taker.client.transfer.create_code(receipt).payload

    def begin(self) -> Deal:
        """Until both identities are confirmed."""
        notice = self.giver.client.transfer.resolve_code(self.code())
        self.transfer_id = self.giver.client.transfer.confirm_notice(notice).transfer_id
        return self

    def see_land(self) -> Receipt:
        """Until the giver has seen their land."""
        self.land = alive(self.giver, Purpose.LAND_READ, Binding(self.transfer_id))
        return self.land

    def draft(self, **changes: object) -> Review:
        """Until there is a version, as the giver sees it; ``changes`` go into the demo's terms."""
        land = self.land or self.see_land()
        terms = dataclasses.replace(props.lease(self.stage.clock().date()), **changes)  # type: ignore[arg-type]  # a table
        transfers = self.giver.client.transfer
        transfers.save_draft(self.transfer_id, land, [self.parcel], terms)
        chosen = [each for each in self.giver.client.land.parcels(land) if each.parcel_code == self.parcel]
        return transfers.review(self.transfer_id, wish(terms, chosen))

    def prove(self, actor: Actor, seen: Review) -> Receipt:
        """A face for signing what was seen."""
        return alive(actor, Purpose.SIGN, seen.binding)

    def offer(self) -> Review:
        """Until the offer stands; returns it as the taker sees it."""
        seen = self.draft()
        self.giver.client.transfer.propose(seen, self.prove(self.giver, seen))
        return self.taker.client.transfer.review(self.transfer_id)

    def conclude(self) -> contract_pb2.Contract:
        """Until the contract."""
        seen = self.offer()
        return self.taker.client.transfer.confirm(seen, self.prove(self.taker, seen))

    def state(self) -> str:
        """As the giver sees it."""
        return transfer_pb2.Transfer.State.Name(self.giver.client.transfer.get(self.transfer_id).state)


Dealer = Callable[[], Deal]
"""Makes a deal about a parcel that no other deal is about."""
