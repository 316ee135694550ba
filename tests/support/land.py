"""Parcels, terms and papers that pass every check, to be bent by tests."""

from __future__ import annotations

import datetime as dt

from landseal.server.domain.idcard import check_digit
from landseal.server.domain.parcel import LandUse, Parcel
from landseal.server.domain.qrcodes import trace_payload
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
from landseal.server.papers.body import PaperContract, PaperParty

TODAY = dt.date(2026, 11, 22)


def id_number(birth: str = "19720314", serial: str = "001", region: str = "513221") -> str:
    first = region + birth + serial
    return first + check_digit(first)


OWNER = id_number()
OTHER = id_number("19850607", "128")


def parcel(number: int = 1, **changes: object) -> Parcel:
    west, south = 103.58 + number * 0.002, 31.47
    east, north = west + 0.0006, south + 0.0004  # about 57.0 m by 44.4 m
    values: dict[str, object] = {
        "code": f"51322110020301{number:05d}", "name": f"河坝地{number}号", "collective": "汶川县水磨镇老人村",
        "village_group": "三组",
        "east": "水渠", "south": "李四承包地", "west": "村道", "north": "陡坎", "area_m2": 2529,
        "quality_grade": 6, "land_use": LandUse.ARABLE, "contract_term_end": dt.date(2057, 12, 31),
        "owner_id_number": OWNER, "owner_name": "王大山",
        "polygons": ((((west, south), (east, south), (east, north), (west, north), (west, south)),),),
    }  # fmt: skip
    return Parcel(**{**values, **changes})  # type: ignore[arg-type]  # a table of values bent by tests


def lease(**changes: object) -> ContractTerms:
    values: dict[str, object] = {
        "kind": TransferKind.LEASE, "transferor_domicile": "四川省阿坝州汶川县水磨镇老人村三组12号",
        "transferor_phone": "13800001111", "transferee_domicile": "四川省成都市郫都区团结街道永宁村5组",
        "transferee_phone": "13900002222", "start_date": dt.date(2027, 1, 1), "end_date": dt.date(2031, 12, 31),
        "delivery_date": dt.date(2027, 1, 10), "use": UseOfLand.GRAIN, "use_note": "水稻、玉米轮作",
        "rent_basis": RentBasis.CASH_PER_MU_YEAR, "rent_fen": 80_000, "payment": PaymentSchedule.YEARLY,
        "first_payment_date": dt.date(2027, 1, 15), "payment_day_note": "节假日顺延",
        "payee_account": "四川农信 6214 **** 0001", "deposit_fen": 100_000, "compensation": CompensationTo.TRANSFEREE,
        "subsidies_to": SubsidiesTo.TRANSFEROR, "late_per_ten_thousand": 5, "terminate_after_days_late": 60,
        "renewal_notice_days": 90, "return_days": 15, "filing_within_days": 30, "may_improve_soil": True,
        "may_build_facilities": True, "attached_assets": "抽水泵房一间", "assets_at_end": "无偿归甲方",
        "member_priority": MemberPriority.OFFERED_AND_WAIVED, "capacity_declared": True,
        "dispute": DisputeForum.MEDIATION_THEN_ARBITRATION, "rights_and_duties": STANDARD_CLAUSES,
        "special_terms": "灌溉用水由双方共用机井，电费由乙方承担。\n收割前不得交接地块。",
    }  # fmt: skip
    return ContractTerms(**{**values, **changes})  # type: ignore[arg-type]  # a table of values bent by tests


def exchange(**changes: object) -> ContractTerms:
    return lease(**{
        "kind": TransferKind.EXCHANGE, "exchange_parcel_codes": (parcel(7).code,), "rent_basis": RentBasis.FREE,
        "rent_fen": 0, "payment": PaymentSchedule.UNSPECIFIED, "first_payment_date": None, "deposit_fen": 0,
        "end_date": dt.date(2057, 12, 31), "member_priority": MemberPriority.TRANSFEREE_IS_MEMBER, **changes,
    })  # fmt: skip


def paper(**changes: object) -> PaperContract:
    values: dict[str, object] = {
        "contract_number": "LS-2026-513221-000017", "transfer_id": "tr_7f3k2m9q", "version": 2,
        "transferor": PaperParty("王大山", OWNER, "a1b2c3d4e5f60718293a4b5c6d7e8f90"),
        "transferee": PaperParty("欧阳春梅", OTHER, "0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
        "parcels": (parcel(1), parcel(2, name="堰塘边地", land_use=LandUse.PERMANENT_BASIC_FARMLAND)), "terms": lease(),
        "trace_payload": trace_payload("MFRGGZDFMZTWQ2LK"), "platform_name": "阿坝州土地流转服务平台",
        "platform_key_id": "99887766554433221100ffeeddccbbaa",
    }  # fmt: skip
    return PaperContract(**{**values, **changes})  # type: ignore[arg-type]  # a table of values bent by tests
