"""The land and the terms of the story; both invented."""

from __future__ import annotations

import datetime as dt
import json

from landseal.admin.v1 import admin_pb2
from landseal.clients.demo.cast import COLLECTIVE, Player
from landseal.server.domain.terms import (
    STANDARD_CLAUSES,
    CompensationTo,
    ContractTerms,
    DisputeForum,
    MemberPriority,
    PaymentSchedule,
    RentBasis,
    SubsidiesTo,
    TransferKind,
    UseOfLand,
)

FORMAT = admin_pb2.PARCEL_FORMAT_GEOJSON
OWN_PARCELS = ("1101011010010100001", "1101011010010100002")
OTHER_PARCEL = "1101011010010100003"


def _feature(code: str, name: str, owner: Player, column: int) -> dict[str, object]:
    west, south = 116.50 + column * 0.002, 39.90
    east, north = west + 0.0010, south + 0.0008
    outline = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [outline]},
        "properties": {
            "code": code, "name": name, "collective": COLLECTIVE, "village_group": "三组",
            "east": "水渠", "south": "机耕路", "west": "村道", "north": "林带",
            "area_m2": 7583, "quality_grade": 5, "land_use": "ARABLE", "contract_term_end": "2057-12-31",
            "owner_id_number": owner.id_number, "owner_name": owner.legal_name,
        },
    }  # fmt: skip


def parcels(owner: Player, neighbour: Player) -> bytes:
    """Returns a GeoJSON file: two parcels of the owner and one of the neighbour."""
    features = [
        _feature(OWN_PARCELS[0], "河湾地", owner, 0),
        _feature(OWN_PARCELS[1], "村东地", owner, 1),
        _feature(OTHER_PARCEL, "岭上地", neighbour, 2),
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def lease(today: dt.date) -> ContractTerms:
    """Returns a lease over five years from the first of next January."""
    start = dt.date(today.year + 1, 1, 1)
    return ContractTerms(
        kind=TransferKind.LEASE,
        transferor_domicile="北京市东城区河口村三组12号",
        transferor_phone="13800000001",
        transferee_domicile="北京市东城区河口村五组7号",
        transferee_phone="13800000002",
        start_date=start,
        end_date=dt.date(start.year + 4, 12, 31),
        delivery_date=dt.date(start.year, 1, 10),
        use=UseOfLand.GRAIN,
        use_note="小麦、玉米轮作",
        rent_basis=RentBasis.CASH_PER_MU_YEAR,
        rent_fen=80_000,
        payment=PaymentSchedule.YEARLY,
        first_payment_date=dt.date(start.year, 1, 15),
        compensation=CompensationTo.TRANSFEREE,
        subsidies_to=SubsidiesTo.TRANSFEROR,
        late_per_ten_thousand=5,
        terminate_after_days_late=60,
        renewal_notice_days=90,
        return_days=15,
        filing_within_days=30,
        may_improve_soil=True,
        member_priority=MemberPriority.OFFERED_AND_WAIVED,
        capacity_declared=True,
        dispute=DisputeForum.MEDIATION_THEN_ARBITRATION,
        rights_and_duties=STANDARD_CLAUSES,
        special_terms="灌溉用水由双方共用机井，电费由乙方承担。",
    )
