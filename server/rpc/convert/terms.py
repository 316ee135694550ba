"""The terms of a contract, carried over by name: domain and proto name them alike, which a test holds."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from typing import Any

from google.type.date_pb2 import Date

from landseal.contract.v1 import contract_pb2 as pb
from landseal.server.domain.terms import (
    CompensationTo,
    ContractTerms,
    DisputeForum,
    MemberPriority,
    ParcelPart,
    PaymentSchedule,
    RentBasis,
    SubsidiesTo,
    TransferKind,
    UseOfLand,
)
from landseal.server.rpc.convert.values import date, day

CHOICES: dict[str, type[enum.IntEnum]] = {
    "kind": TransferKind,
    "use": UseOfLand,
    "rent_basis": RentBasis,
    "payment": PaymentSchedule,
    "compensation": CompensationTo,
    "subsidies_to": SubsidiesTo,
    "member_priority": MemberPriority,
    "dispute": DisputeForum,
}
"""Terms that are choices; unknown numbers were refused by the field checks."""
_LATE = "late_per_ten_thousand"
_NAMES = tuple(each.name for each in dataclasses.fields(ContractTerms))


def read_terms(message: pb.ContractTerms) -> ContractTerms:
    """Reads terms, complete or not; raises Refused REQUEST_INVALID for days that do not exist."""
    return ContractTerms(**{name: _read(message, name) for name in _NAMES})


def _read(message: pb.ContractTerms, name: str) -> Any:  # noqa: ANN401 - as different as the terms are
    value = getattr(message, name)
    if name in CHOICES:
        return CHOICES[name](value)
    if name == _LATE:
        return value if message.HasField("late_per_ten_thousand") else -1
    if name == "parts":
        return tuple(ParcelPart(part.parcel_code, part.area_m2) for part in value)
    if name == "exchange_parcel_codes":
        return tuple(value)
    if isinstance(value, Date):
        return day(value, f"terms.{name}") if message.HasField(name) else None  # type: ignore[arg-type]  # a checked name
    return value


def terms(it: ContractTerms) -> pb.ContractTerms:
    """Converts terms."""
    given = {name: _written(getattr(it, name)) for name in _NAMES}
    if it.late_per_ten_thousand < 0:
        del given[_LATE]
    return pb.ContractTerms(**given)


def _written(value: object) -> Any:  # noqa: ANN401 - as different as the terms are
    match value:
        case enum.IntEnum():
            return int(value)
        case dt.date():
            return date(value)
        case tuple():
            return [
                pb.ParcelPart(parcel_code=each.parcel_code, area_m2=each.area_m2)
                if isinstance(each, ParcelPart)
                else each
                for each in value
            ]
    return value
