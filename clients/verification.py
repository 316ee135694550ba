"""Proving to be alive and oneself: instruction, capture, upload, judgement, checked receipt."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from landseal.capture.v1 import capture_pb2
from landseal.clients import convert
from landseal.clients.calls import Calls, new_request_id
from landseal.clients.cameras.base import SHAPES, Camera, Capture, CaptureInstruction, OnPrompt, Prompt
from landseal.clients.channel import VERIFICATION_TIMEOUT_S
from landseal.clients.errors import LandsealError, VerificationRefused, reason_of
from landseal.clients.keys import CaptureStatement
from landseal.clients.localreasons import LocalReason
from landseal.clients.receipt_check import ExpectedReceipt, check_receipt
from landseal.clients.upload import OnProgress, Uploader, silent
from landseal.server.domain import signing
from landseal.server.domain.keys import PublicKey
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, CaptureSource, Purpose, Receipt
from landseal.verification.v1 import verification_pb2 as pb

_SERVICE = "/landseal.verification.v1.VerificationService/"
MAX_FRAMES = 64
_LONGEST_MS = 60_000


def unprompted(_prompt: Prompt) -> None:
    """Shows no prompt."""


@dataclass(frozen=True)
class Watcher:
    """How a capture is shown: prompts while it runs, bytes while it is uploaded."""

    on_prompt: OnPrompt = unprompted
    on_upload: OnProgress = silent
    on_instruction: Callable[[CaptureInstruction], None] = lambda _: None
    """Is called once before the capture begins; may wait for the person to be ready."""


@dataclass(frozen=True)
class Verdict:
    """How a verification ended. ``receipt`` was checked and is there exactly when ``reason`` is PASSED."""

    reason: Reason
    attempts_left: int
    hint_zh: str = ""
    hint_en: str = ""
    receipt: Receipt | None = field(default=None)

    def passed(self) -> Receipt:
        """Returns the receipt.

        Raises:
            VerificationRefused: with the reason of the refusal and its hint.
        """
        if self.receipt is None:
            raise VerificationRefused(self.reason, (self.hint_zh, self.hint_en), self.attempts_left)
        return self.receipt


class VerificationClient:
    """The noun *verification*. ``identity_digest`` is the person's own, when this device knows it."""

    def __init__(self, calls: Calls, server_key: PublicKey, allow_mark: str = "") -> None:
        self._calls = calls
        self._server_key = server_key
        self._allow_mark = allow_mark
        self.identity_digest = b""

    def verify(self, purpose: Purpose, binding: Binding, camera: Camera, watcher: Watcher | None = None) -> Receipt:
        """Verifies the person in front of the camera and returns the checked receipt.

        Raises:
            VerificationRefused: the capture was judged and did not pass.
            LandsealError: everything else; see :meth:`attempt`.
        """
        return self.attempt(purpose, binding, camera, watcher).passed()

    def attempt(self, purpose: Purpose, binding: Binding, camera: Camera, watcher: Watcher | None = None) -> Verdict:
        """Makes one attempt; a refusal is an answer, not an error.

        Raises:
            LandsealError: NOTICE_REQUIRED, ATTEMPTS_EXHAUSTED, FACE_SCOPE_TOO_LARGE, CHALLENGE_*, UPLOAD_*, CAPTURE_*,
                FACE_ENGINE_AWAY, NOT_YOURS and the session reasons; from this side CAMERA_MISSING, CAPTURE_FAILED,
                INSTRUCTION_ALTERED, RECEIPT_NOT_AS_ASKED, RECEIPT_SIGNATURE_INVALID, DEMO_MARK_REFUSED.
        """
        watcher = watcher or Watcher()
        request = pb.CreateVerificationRequest(
            request_id=new_request_id(),
            purpose=pb.Purpose.ValueType(purpose),
            binding=convert.binding_to_proto(binding),
        )
        task = self._calls.change(
            _SERVICE + "CreateVerification", request, pb.CreateVerificationResponse, VERIFICATION_TIMEOUT_S
        ).verification
        instruction = read_instruction(task)
        watcher.on_instruction(instruction)
        capture = camera.capture(instruction, watcher.on_prompt)
        burst = burst_bytes(capture)
        try:
            upload_id = Uploader(self._calls).upload(burst, watcher.on_upload)
            return self._submit(task, capture, upload_id, purpose, binding)
        except LandsealError as error:
            if error.reason is not Reason.UPLOAD_GONE:
                raise
        # A server that was restarted has forgotten the pictures, but not the instruction: they are sent once more.
        upload_id = Uploader(self._calls).upload(burst, watcher.on_upload)
        return self._submit(task, capture, upload_id, purpose, binding)

    def _submit(
        self, task: pb.Verification, capture: Capture, upload_id: str, purpose: Purpose, binding: Binding
    ) -> Verdict:
        held = self._calls.require()
        head = signing.chain_head(task.nonce, [(frame.image, frame.offset_ms) for frame in capture.frames])
        statement = CaptureStatement(
            task.nonce, task.verification_id, task.instruction.digest, head, len(capture.frames), int(capture.source)
        )
        request = pb.SubmitVerificationRequest(
            request_id=new_request_id(),
            verification_id=task.verification_id,
            upload_id=upload_id,
            source=pb.CaptureSource.ValueType(capture.source),
            chain_head=head,
            signature=held.auth.capture(self._calls.server_key_id, held.account_id, statement),
        )
        answer = self._calls.change(
            _SERVICE + "SubmitVerification", request, pb.SubmitVerificationResponse, VERIFICATION_TIMEOUT_S
        )
        reason = reason_of(answer.reason)
        if (reason is Reason.PASSED) != answer.HasField("receipt"):
            raise LandsealError(LocalReason.SERVER_ANSWER_ODD, detail="verdict and receipt contradict each other")
        if reason is not Reason.PASSED:
            return Verdict(reason, answer.attempts_left, answer.hint_zh, answer.hint_en)
        receipt = self._checked(answer.receipt, purpose, binding, capture.source)
        return Verdict(reason, answer.attempts_left, receipt=receipt)

    def _checked(
        self, message: pb.IdentityReceipt, purpose: Purpose, binding: Binding, source: CaptureSource
    ) -> Receipt:
        held, receipt = self._calls.require(), convert.receipt(message)
        expected = ExpectedReceipt(
            held.account_id, held.session_id, held.auth.key_id, purpose, binding, source, self.identity_digest
        )
        check_receipt(receipt, expected, self._server_key, self._allow_mark, self._calls.clock())
        return receipt

    def get(self, verification_id: str) -> pb.Verification:
        """Returns a verification of the caller; NOT_YOURS whether or not it exists."""
        request = pb.GetVerificationRequest(verification_id=verification_id)
        return self._calls.read(_SERVICE + "GetVerification", request, pb.GetVerificationResponse).verification


def read_instruction(task: pb.Verification) -> CaptureInstruction:
    """Returns the instruction, once its digest equals this side's own computation.

    Raises:
        LandsealError: INSTRUCTION_ALTERED, or SERVER_ANSWER_ODD when nobody could follow it.
    """
    told = task.instruction
    actions = tuple((int(each.shape), each.hold_ms) for each in told.actions)
    digest = signing.instruction_digest(told.lead_in_ms, told.frame_interval_ms, told.frame_count, actions)
    if digest != told.digest:
        raise LandsealError(LocalReason.INSTRUCTION_ALTERED)
    long = told.frame_interval_ms * told.frame_count > _LONGEST_MS
    if not actions or any(shape not in SHAPES for shape, _ in actions) or long:
        raise LandsealError(LocalReason.SERVER_ANSWER_ODD, detail="the instruction cannot be followed")
    if len(task.nonce) != 32 or not 1 <= told.frame_count <= MAX_FRAMES or not told.frame_interval_ms:
        raise LandsealError(LocalReason.SERVER_ANSWER_ODD, detail="the instruction is incomplete")
    return CaptureInstruction(
        told.lead_in_ms, told.frame_interval_ms, told.frame_count, actions, told.text_zh, told.text_en
    )


def burst_bytes(capture: Capture) -> bytes:
    """Returns the serialised FrameBurst of a capture.

    Raises:
        LandsealError: CAPTURE_FAILED when there are no or too many frames, or their times do not rise.
    """
    times = [frame.offset_ms for frame in capture.frames]
    if not 1 <= len(times) <= MAX_FRAMES or times[0] < 0 or any(b <= a for a, b in itertools.pairwise(times)):
        raise LandsealError(LocalReason.CAPTURE_FAILED, detail="the frames' times do not rise")
    frames = [capture_pb2.Frame(image=frame.image, offset_ms=frame.offset_ms) for frame in capture.frames]
    return capture_pb2.FrameBurst(frames=frames).SerializeToString(deterministic=True)
