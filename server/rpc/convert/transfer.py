"""Codes and transfers."""

from __future__ import annotations

from landseal.common.v1 import common_pb2
from landseal.server.domain.transfer import State
from landseal.server.rpc.convert.contract import body, contract
from landseal.server.rpc.convert.terms import read_terms
from landseal.server.rpc.convert.values import masked, timestamp, version
from landseal.server.usecases.codes import MadeCode, Resolved
from landseal.server.usecases.drafts import DraftCommand
from landseal.server.usecases.offers import Confirmed, SignCommand
from landseal.server.usecases.views import TransferView
from landseal.transfer.v1 import transfer_pb2 as pb


def made_code(it: MadeCode) -> pb.CreateTransfereeCodeResponse:
    """Converts a new code."""
    return pb.CreateTransfereeCodeResponse(payload=it.payload, expire_time=timestamp(it.expire_time))


def sent(_: None) -> pb.SendTransfereeCodeResponse:
    """Says nothing about whether the address is known."""
    return pb.SendTransfereeCodeResponse()


def resolved(it: Resolved) -> pb.ResolveTransfereeCodeResponse:
    """Converts both identities."""
    return pb.ResolveTransfereeCodeResponse(
        transferor=masked(it.transferor), transferee=masked(it.transferee), notice_digest=it.notice_digest
    )


def draft(request: pb.SaveDraftRequest) -> DraftCommand:
    """Reads terms; raises Refused REQUEST_INVALID for days that do not exist."""
    return DraftCommand(
        transfer_id=request.transfer_id,
        receipt_id=request.receipt_id,
        parcel_codes=tuple(request.parcel_codes),
        terms=read_terms(request.terms),
        validate_only=request.validate_only,
    )


def sign(request: pb.ProposeContractRequest | pb.ConfirmContractRequest) -> SignCommand:
    """Reads a party's signature; raises Refused REQUEST_INVALID."""
    return SignCommand(
        transfer_id=request.transfer_id,
        version=version(request.version, "version"),
        terms_digest=request.terms_digest,
        receipt_id=request.receipt_id,
        signature=request.signature,
    )


def transfer(it: TransferView) -> pb.Transfer:
    """Converts a transfer as one party sees it."""
    own = it.transfer
    return pb.Transfer(
        transfer_id=own.transfer_id,
        state=_state(own.state),
        my_role=common_pb2.Role.ValueType(it.my_role),
        transferor=masked(it.transferor),
        transferee=masked(it.transferee),
        body=body(it.draft.body) if it.draft else None,
        terms_digest=it.draft.terms_digest if it.draft else b"",
        contract_id=own.contract_id,
        create_time=timestamp(own.create_time),
        expire_time=timestamp(own.expire_time),
        history=[pb.Move(state=_state(each.state), move_time=timestamp(each.move_time)) for each in it.history],
        comparison_number=own.comparison_number,
    )


def created(it: TransferView) -> pb.CreateTransferResponse:
    """Converts a new transfer."""
    return pb.CreateTransferResponse(transfer=transfer(it))


def saved(it: TransferView) -> pb.SaveDraftResponse:
    """Converts a transfer with its new version."""
    return pb.SaveDraftResponse(transfer=transfer(it))


def proposed(it: TransferView) -> pb.ProposeContractResponse:
    """Converts a transfer whose offer stands."""
    return pb.ProposeContractResponse(transfer=transfer(it))


def confirmed(it: Confirmed) -> pb.ConfirmContractResponse:
    """Converts a concluded transfer and its contract."""
    return pb.ConfirmContractResponse(transfer=transfer(it.view), contract=contract(it.contract))


def declined(it: TransferView) -> pb.DeclineContractResponse:
    """Converts a declined transfer."""
    return pb.DeclineContractResponse(transfer=transfer(it))


def cancelled(it: TransferView) -> pb.CancelTransferResponse:
    """Converts a transfer that was called off."""
    return pb.CancelTransferResponse(transfer=transfer(it))


def _state(state: State) -> pb.Transfer.State.ValueType:
    return pb.Transfer.State.ValueType(state)
