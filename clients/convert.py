"""From protobuf messages to the values that are signed, strictly: what cannot be read is never signed or accepted."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import fields
from typing import Any, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason
from landseal.common.v1 import common_pb2
from landseal.contract.v1 import contract_pb2
from landseal.server.domain.contract import Contract, ContractBody, ContractParcel, Party, PartySignature, Role
from landseal.server.domain.keys import KeyAlgorithm, PublicKey
from landseal.server.domain.receipts import Binding, CaptureSource, Purpose, Receipt
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
from landseal.server.domain.times import from_millis
from landseal.verification.v1 import verification_pb2

_Choice = TypeVar("_Choice", bound=enum.IntEnum)

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
"""The terms that are choices, by field."""
DATES = ("start_date", "end_date", "delivery_date", "first_payment_date")
"""The terms that are dates."""


def _odd(detail: str) -> LandsealError:
    return LandsealError(LocalReason.SERVER_ANSWER_ODD, detail=detail)


def _present(message: Message, *names: str) -> None:
    for name in names:
        if not message.HasField(name):
            raise _odd(f"{name} is missing")


def choice(kind: type[_Choice], number: int) -> _Choice:
    """Returns the choice of a number.

    Raises:
        LandsealError: SERVER_ANSWER_ODD when this client does not know the number.
    """
    try:
        return kind(number)
    except ValueError:
        raise _odd(f"unknown {kind.__name__}") from None


def instant(stamp: Timestamp) -> dt.datetime:
    """Returns a timestamp of whole milliseconds; instants are signed in milliseconds.

    Raises:
        LandsealError: SERVER_ANSWER_ODD for a fraction of a millisecond or a year that no calendar has.
    """
    if stamp.nanos % 1_000_000 or not 0 <= stamp.nanos < 1_000_000_000 or not 0 <= stamp.seconds < 253_402_300_800:
        raise _odd("an instant has no whole milliseconds")
    return from_millis(stamp.seconds * 1000 + stamp.nanos // 1_000_000)


def date(message: Date) -> dt.date:
    """Returns a full calendar date.

    Raises:
        LandsealError: SERVER_ANSWER_ODD for an incomplete or impossible date.
    """
    try:
        return dt.date(message.year, message.month, message.day)
    except ValueError:
        raise _odd("a date is impossible") from None


def public_key(message: common_pb2.PublicKey) -> PublicKey:
    """Returns a public key of 32 bytes; SERVER_ANSWER_ODD otherwise."""
    if message.algorithm != common_pb2.KEY_ALGORITHM_ED25519 or len(message.key) != 32:
        raise _odd("a public key is of no known kind")
    return PublicKey(KeyAlgorithm.ED25519, message.key)


def binding_to_proto(binding: Binding) -> verification_pb2.Binding:
    """Returns the message of a binding."""
    return verification_pb2.Binding(
        transfer_id=binding.transfer_id,
        contract_version=binding.contract_version,
        terms_digest=binding.terms_digest,
    )


def receipt(message: verification_pb2.IdentityReceipt) -> Receipt:
    """Returns a receipt, not yet verified; see :mod:`landseal.clients.receipt_check`."""
    _present(message, "binding", "issue_time", "expire_time")
    return Receipt(
        receipt_id=message.receipt_id,
        account_id=message.account_id,
        session_id=message.session_id,
        auth_key_id=message.auth_key_id,
        purpose=choice(Purpose, message.purpose),
        binding=Binding(message.binding.transfer_id, message.binding.contract_version, message.binding.terms_digest),
        identity_digest=message.identity_digest,
        issue_time=instant(message.issue_time),
        expire_time=instant(message.expire_time),
        calibration_id=message.calibration_id,
        policy_id=message.policy_id,
        liveness=message.liveness,
        mark=message.mark,
        source=choice(CaptureSource, message.source),
        server_key_id=message.server_key_id,
        signature=message.signature,
    )


def terms(message: contract_pb2.ContractTerms) -> ContractTerms:
    """Returns terms; missing ones stay missing."""
    values: dict[str, Any] = {}
    for each in fields(ContractTerms):
        name = each.name
        if name in CHOICES:
            values[name] = choice(CHOICES[name], getattr(message, name))
        elif name in DATES:
            values[name] = date(getattr(message, name)) if message.HasField(name) else None  # type: ignore[arg-type]  # the names are the proto's
        elif name == "parts":
            values[name] = tuple(ParcelPart(part.parcel_code, part.area_m2) for part in message.parts)
        elif name == "exchange_parcel_codes":
            values[name] = tuple(message.exchange_parcel_codes)
        elif name == "late_per_ten_thousand":
            values[name] = message.late_per_ten_thousand if message.HasField("late_per_ten_thousand") else -1
        else:
            values[name] = getattr(message, name)
    return ContractTerms(**values)


def terms_to_proto(value: ContractTerms) -> contract_pb2.ContractTerms:
    """Returns the message of terms; missing ones stay missing."""
    message = contract_pb2.ContractTerms()
    for each in fields(ContractTerms):
        name, held = each.name, getattr(value, each.name)
        if name in DATES:
            if held is not None:
                getattr(message, name).CopyFrom(Date(year=held.year, month=held.month, day=held.day))
        elif name == "parts":
            message.parts.extend(contract_pb2.ParcelPart(parcel_code=p.parcel_code, area_m2=p.area_m2) for p in held)
        elif name == "exchange_parcel_codes":
            message.exchange_parcel_codes.extend(held)
        elif name != "late_per_ten_thousand":
            setattr(message, name, int(held) if name in CHOICES else held)
        elif held >= 0:
            message.late_per_ten_thousand = held
    return message


def party(message: contract_pb2.Party) -> Party:
    """Returns a party; SERVER_ANSWER_ODD when the stated key id is not that of the stated key."""
    _present(message, "sign_key")
    key = public_key(message.sign_key)
    if message.sign_key_id != key.key_id:
        raise _odd("a key id does not belong to its key")
    return Party(message.account_id, message.legal_name, message.id_number, key)


def body(message: contract_pb2.ContractBody) -> ContractBody:
    """Returns one version of a contract; its digest is what is signed."""
    _present(message, "transferor", "transferee", "terms", "offer_expire_time")
    return ContractBody(
        transfer_id=message.transfer_id,
        version=message.version,
        contract_number=message.contract_number,
        transferor=party(message.transferor),
        transferee=party(message.transferee),
        parcels=tuple(
            ContractParcel(each.parcel_code, each.name, each.area_m2, each.registry_digest) for each in message.parcels
        ),
        terms=terms(message.terms),
        offer_expire_time=instant(message.offer_expire_time),
        document_sha256=message.document_sha256,
        mark=message.mark,
        server_key_id=message.server_key_id,
    )


def _signature(message: contract_pb2.PartySignature) -> PartySignature:
    _present(message, "receipt")
    return PartySignature(choice(Role, message.role), receipt(message.receipt), message.signature)


def contract(message: contract_pb2.Contract) -> Contract:
    """Returns a concluded contract, not yet verified; see :mod:`landseal.clients.contract_check`."""
    _present(message, "body", "transferor_signature", "transferee_signature", "conclude_time", "server_key")
    return Contract(
        contract_id=message.contract_id,
        body=body(message.body),
        transferor_signature=_signature(message.transferor_signature),
        transferee_signature=_signature(message.transferee_signature),
        conclude_time=instant(message.conclude_time),
        server_key=public_key(message.server_key),
        platform_signature=message.platform_signature,
    )
