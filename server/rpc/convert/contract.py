"""Contracts."""

from __future__ import annotations

from landseal.common.v1 import common_pb2
from landseal.contract.v1 import contract_pb2 as pb
from landseal.server.domain.contract import Contract, ContractBody, ContractParcel, Party, PartySignature
from landseal.server.rpc.convert.terms import terms
from landseal.server.rpc.convert.values import masked, public_key, timestamp
from landseal.server.rpc.convert.verification import receipt
from landseal.server.usecases.contracts import ContractEntry


def contract(it: Contract) -> pb.Contract:
    """Converts a concluded contract with its three signatures."""
    return pb.Contract(
        contract_id=it.contract_id,
        body=body(it.body),
        terms_digest=it.body.digest(),
        transferor_signature=_signature(it.transferor_signature),
        transferee_signature=_signature(it.transferee_signature),
        conclude_time=timestamp(it.conclude_time),
        server_key=public_key(it.server_key),
        platform_signature=it.platform_signature,
    )


def body(it: ContractBody) -> pb.ContractBody:
    """Converts one version of a contract."""
    return pb.ContractBody(
        transfer_id=it.transfer_id,
        version=it.version,
        contract_number=it.contract_number,
        transferor=_party(it.transferor),
        transferee=_party(it.transferee),
        parcels=[_parcel(each) for each in it.parcels],
        terms=terms(it.terms),
        offer_expire_time=timestamp(it.offer_expire_time),
        document_sha256=it.document_sha256,
        mark=it.mark,
        server_key_id=it.server_key_id,
    )


def summary(it: ContractEntry) -> pb.ContractSummary:
    """Converts a line of the list."""
    line = it.line
    return pb.ContractSummary(
        contract_id=line.contract_id,
        contract_number=line.contract_number,
        my_role=common_pb2.Role.ValueType(line.role),
        other_party=masked(it.other),
        conclude_time=timestamp(line.conclude_time),
    )


def _party(it: Party) -> pb.Party:
    return pb.Party(
        account_id=it.account_id,
        legal_name=it.legal_name,
        id_number=it.id_number,
        sign_key_id=it.sign_key.key_id,
        sign_key=public_key(it.sign_key),
    )


def _parcel(it: ContractParcel) -> pb.ContractParcel:
    return pb.ContractParcel(
        parcel_code=it.parcel_code, name=it.name, area_m2=it.area_m2, registry_digest=it.registry_digest
    )


def _signature(it: PartySignature) -> pb.PartySignature:
    return pb.PartySignature(
        role=common_pb2.Role.ValueType(it.role), receipt=receipt(it.receipt), signature=it.signature
    )
