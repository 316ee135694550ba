"""What two people sign: one version of a contract, its digest, and the concluded contract with three signatures."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field

from landseal.server.domain.canonical import digest
from landseal.server.domain.keys import PublicKey
from landseal.server.domain.receipts import Receipt
from landseal.server.domain.terms import ContractTerms, terms_fields
from landseal.server.domain.times import millis


class Role(enum.IntEnum):
    """On which side a person stands; the numbers are those of the proto."""

    UNSPECIFIED = 0
    TRANSFEROR = 1
    TRANSFEREE = 2


@dataclass(frozen=True)
class Party:
    """A party as the contract names it."""

    account_id: str
    legal_name: str = field(repr=False)
    id_number: str = field(repr=False)
    sign_key: PublicKey


@dataclass(frozen=True)
class ContractParcel:
    """A parcel as the contract names it; ``area_m2`` is what is transferred."""

    parcel_code: str
    name: str
    area_m2: int
    registry_digest: bytes


@dataclass(frozen=True)
class ContractBody:
    """One version of a contract; both parties sign its digest."""

    transfer_id: str
    version: int
    contract_number: str
    transferor: Party
    transferee: Party
    parcels: tuple[ContractParcel, ...]
    terms: ContractTerms
    offer_expire_time: dt.datetime
    document_sha256: bytes
    mark: str
    server_key_id: str

    def digest(self) -> bytes:
        """Returns the SHA-256 of purpose ``contract-terms`` over all fields in their order.

        See docs/signed-structures.md.
        """
        return digest(
            "contract-terms",
            self.server_key_id,
            self.transfer_id,
            self.version,
            self.contract_number,
            _party(self.transferor),
            _party(self.transferee),
            tuple((p.parcel_code, p.name, p.area_m2, p.registry_digest) for p in self.parcels),
            terms_fields(self.terms),
            millis(self.offer_expire_time),
            self.document_sha256,
            self.mark,
        )


def _party(party: Party) -> tuple[str, str, str, str, bytes]:
    return (party.account_id, party.legal_name, party.id_number, party.sign_key.key_id, party.sign_key.key)


@dataclass(frozen=True)
class PartySignature:
    """One party's signature with the SIGN receipt that it used."""

    role: Role
    receipt: Receipt
    signature: bytes = field(repr=False)


@dataclass(frozen=True)
class Contract:
    """A concluded contract."""

    contract_id: str
    body: ContractBody
    transferor_signature: PartySignature
    transferee_signature: PartySignature
    conclude_time: dt.datetime
    server_key: PublicKey
    platform_signature: bytes = field(repr=False)
