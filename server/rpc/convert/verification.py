"""Verifications and receipts."""

from __future__ import annotations

from landseal.common.v1 import reason_pb2
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, CaptureSource, Receipt
from landseal.server.domain.records import Verification, VerificationState
from landseal.server.rpc.catalogue import CATALOGUE
from landseal.server.rpc.convert.instruction import instruction
from landseal.server.rpc.convert.values import timestamp, version
from landseal.server.usecases.verifications import Judgement, SubmitCommand
from landseal.verification.v1 import verification_pb2 as pb

CHALLENGE_KIND = "LIP_SHAPES"


def read_binding(message: pb.Binding) -> Binding:
    """Reads what a verification is for; raises Refused REQUEST_INVALID."""
    return Binding(
        message.transfer_id, version(message.contract_version, "binding.contract_version"), message.terms_digest
    )


def binding(it: Binding) -> pb.Binding:
    """Converts what a verification is for."""
    return pb.Binding(transfer_id=it.transfer_id, contract_version=it.contract_version, terms_digest=it.terms_digest)


def verification(it: Verification) -> pb.Verification:
    """Converts a verification; the instruction is shown only while it waits."""
    waiting = it.state is VerificationState.WAITING
    return pb.Verification(
        verification_id=it.verification_id,
        purpose=pb.Purpose.ValueType(it.purpose),
        state=pb.Verification.State.ValueType(it.state),
        challenge_kind=CHALLENGE_KIND,
        instruction=instruction(it) if waiting else None,
        nonce=it.nonce if waiting else b"",
        expire_time=timestamp(it.expire_time),
        attempts_left=it.attempts_left,
    )


def created(it: Verification) -> pb.CreateVerificationResponse:
    """Converts a new verification."""
    return pb.CreateVerificationResponse(verification=verification(it))


def submit(request: pb.SubmitVerificationRequest) -> SubmitCommand:
    """Reads a finished capture."""
    return SubmitCommand(
        verification_id=request.verification_id,
        upload_id=request.upload_id,
        source=CaptureSource(request.source),
        chain_head=request.chain_head,
        signature=request.signature,
    )


def judged(it: Judgement) -> pb.SubmitVerificationResponse:
    """Converts a judgement: pass or fail, a reason and a hint; never a score."""
    entry, passed = CATALOGUE[it.reason], it.reason is Reason.PASSED
    return pb.SubmitVerificationResponse(
        reason=reason_pb2.Reason.ValueType(entry.number),
        hint_zh="" if passed else entry.zh,
        hint_en="" if passed else entry.en,
        attempts_left=it.attempts_left,
        receipt=receipt(it.receipt) if it.receipt and passed else None,
    )


def receipt(it: Receipt) -> pb.IdentityReceipt:
    """Converts a receipt."""
    return pb.IdentityReceipt(
        receipt_id=it.receipt_id,
        account_id=it.account_id,
        session_id=it.session_id,
        auth_key_id=it.auth_key_id,
        purpose=pb.Purpose.ValueType(it.purpose),
        binding=binding(it.binding),
        identity_digest=it.identity_digest,
        issue_time=timestamp(it.issue_time),
        expire_time=timestamp(it.expire_time),
        calibration_id=it.calibration_id,
        policy_id=it.policy_id,
        liveness=it.liveness,
        mark=it.mark,
        source=pb.CaptureSource.ValueType(it.source),
        server_key_id=it.server_key_id,
        signature=it.signature,
    )
