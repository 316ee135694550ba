"""What stands between an offer and a signature: the body is compared with what the person asked for, saw and is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from landseal.clients import body_check, convert
from landseal.clients.counterparties import Sides, sides_of
from landseal.clients.errors import LandsealError
from landseal.clients.keys import DeviceKeys, party_of, sha256
from landseal.clients.localreasons import LocalReason
from landseal.common.v1 import common_pb2
from landseal.land.v1 import land_pb2
from landseal.server.domain.contract import ContractBody, ContractParcel, Role
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding
from landseal.server.domain.signing import identity_digest
from landseal.server.domain.terms import ContractTerms
from landseal.transfer.v1 import transfer_pb2


@dataclass(frozen=True)
class Wish:
    """What the transferor asked for: the terms as typed and the parcels as the land query showed them."""

    terms: ContractTerms
    parcels: tuple[ContractParcel, ...]


def wish(terms: ContractTerms, parcels: list[land_pb2.Parcel]) -> Wish:
    """Puts together what a person asks for; parcels named in ``terms.parts`` go only in part."""
    parts = {each.parcel_code: each.area_m2 for each in terms.parts}
    return Wish(
        terms,
        tuple(
            ContractParcel(each.parcel_code, each.name, parts.get(each.parcel_code, each.area_m2), each.registry_digest)
            for each in parcels
        ),
    )


@dataclass(frozen=True)
class Myself:
    """Who signs, as this device knows it; ``identity_digest`` is empty when the device does not know it."""

    account_id: str
    keys: DeviceKeys
    server_key_id: str
    allow_mark: str = ""
    identity_digest: bytes = b""


@dataclass(frozen=True)
class Review:
    """One version of a contract that passed all checks but the person's own eye: show ``body`` and ``pdf`` first."""

    role: Role
    body: ContractBody
    pdf: bytes = field(repr=False)
    digest: bytes
    """Computed on this side from ``body``."""

    @property
    def binding(self) -> Binding:
        """Is what the SIGN verification must be bound to."""
        return Binding(self.body.transfer_id, self.body.version, self.digest)


def review(
    transfer: transfer_pb2.Transfer,
    transfer_id: str,
    pdf: bytes,
    me: Myself,
    now: dt.datetime,
    asked: Wish | None = None,
    known: Sides | None = None,
) -> Review:
    """Compares an offered body with everything this side knows.

    ``known`` are the sides that this person confirmed or first read; a transferor has always confirmed them.

    Raises:
        LandsealError: CONTRACT_NOT_AS_ASKED naming all that differs, PDF_NOT_AS_SIGNED, DEMO_MARK_REFUSED,
            OFFER_EXPIRED, SERVER_ANSWER_ODD.
    """
    if not transfer.HasField("body"):
        raise LandsealError(LocalReason.CONTRACT_NOT_AS_ASKED, detail="there is no contract yet")
    body, role = convert.body(transfer.body), convert.choice(Role, transfer.my_role)
    if role is Role.UNSPECIFIED or transfer.transfer_id != transfer_id:
        raise LandsealError(LocalReason.CONTRACT_NOT_AS_ASKED, detail="it is another transfer")
    if body.mark and body.mark != me.allow_mark:
        raise LandsealError(Reason.DEMO_MARK_REFUSED, metadata={"mark": body.mark})
    digest = _digest(body)
    wrong = [*_transfer_faults(transfer, body, digest, me), *_party_faults(body, role, me)]
    wrong += _side_faults(transfer, body, role, known)
    wrong += list(_wish_faults(body, asked)) if asked else []
    if wrong:
        raise LandsealError(LocalReason.CONTRACT_NOT_AS_ASKED, detail="; ".join(wrong))
    if sha256(pdf) != body.document_sha256:
        raise LandsealError(LocalReason.PDF_NOT_AS_SIGNED)
    if now >= body.offer_expire_time:
        raise LandsealError(Reason.OFFER_EXPIRED)
    return Review(role, body, pdf, digest)


def _digest(body: ContractBody) -> bytes:
    try:
        return body.digest()
    except (ValueError, TypeError):
        raise LandsealError(LocalReason.CONTRACT_NOT_AS_ASKED, detail="the terms are incomplete") from None


def _transfer_faults(transfer: transfer_pb2.Transfer, body: ContractBody, digest: bytes, me: Myself) -> Iterator[str]:
    if body.transfer_id != transfer.transfer_id:
        yield "transfer_id"
    if body.version < 1:
        yield "version"
    if body.server_key_id != me.server_key_id:
        yield "server_key_id"
    if transfer.terms_digest != digest:
        yield "terms_digest"
    if not body_check.has_whole_parcels(body):
        yield "parcels"
    if not body_check.has_complete_terms(body):
        yield "the terms are incomplete"
    if not body_check.has_normal_identities(body):
        yield "an ID number is not in its normal form"


def _party_faults(body: ContractBody, role: Role, me: Myself) -> Iterator[str]:
    mine = party_of(body, role)
    other = body.transferee if role is Role.TRANSFEROR else body.transferor
    if mine.account_id != me.account_id:
        yield "own account"
    if mine.sign_key != me.keys.sign.public:
        yield "own sign key"
    if me.identity_digest and identity_digest(mine.legal_name, mine.id_number) != me.identity_digest:
        yield "own identity"
    if other.account_id == mine.account_id or other.id_number == mine.id_number:
        yield "both sides are one person"
    if other.sign_key in (me.keys.sign.public, me.keys.auth.public) or other.sign_key.key_id == me.server_key_id:
        yield "other party's sign key"


def _side_faults(transfer: transfer_pb2.Transfer, body: ContractBody, role: Role, known: Sides | None) -> Iterator[str]:
    stated, shown = sides_of(body), Sides(_shown(transfer.transferor), _shown(transfer.transferee))
    if stated != shown:
        yield "an identity is not the one shown"
    if known is not None and not stated == shown == known:
        yield "the other party is not the one known for this transfer"
    if known is None and role is Role.TRANSFEROR:
        yield "the identities were never confirmed on this device"


def _shown(identity: common_pb2.MaskedIdentity) -> tuple[str, str]:
    return (identity.masked_name, identity.masked_id_number)


def _wish_faults(body: ContractBody, asked: Wish) -> Iterator[str]:
    for name in ContractTerms.__dataclass_fields__:
        if getattr(body.terms, name) != getattr(asked.terms, name):
            yield f"terms.{name}"
    if sorted(body.parcels, key=_code) != sorted(asked.parcels, key=_code):
        yield "parcels"


def _code(parcel: ContractParcel) -> str:
    return parcel.parcel_code
