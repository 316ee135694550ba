"""VerificationService."""

from __future__ import annotations

from landseal.server.domain.receipts import Purpose
from landseal.server.rpc.call import Call
from landseal.server.rpc.convert import verification as convert
from landseal.server.usecases.verifications import Verifications
from landseal.verification.v1 import verification_pb2 as pb


class VerificationServicer:
    """Issues instructions and judges bursts."""

    def __init__(self, verifications: Verifications) -> None:
        self._verifications = verifications

    def CreateVerification(self, request: pb.CreateVerificationRequest, call: Call) -> bytes:
        """Issues an instruction."""
        purpose, binding = Purpose(request.purpose), convert.read_binding(request.binding)
        once = call.once(convert.created)
        return once.encode(self._verifications.create(call.caller, purpose, binding, once, call.budget))

    def SubmitVerification(self, request: pb.SubmitVerificationRequest, call: Call) -> bytes:
        """Judges a burst; a refusal is an answer, and the journal hears its reason."""
        once = call.once(convert.judged)
        judgement = self._verifications.submit(call.caller, convert.submit(request), once, call.budget)
        call.note(judgement.reason.value)
        return once.encode(judgement)

    def GetVerification(self, request: pb.GetVerificationRequest, call: Call) -> pb.GetVerificationResponse:
        """Returns a verification."""
        verification = self._verifications.get(call.caller, request.verification_id)
        return pb.GetVerificationResponse(verification=convert.verification(verification))
