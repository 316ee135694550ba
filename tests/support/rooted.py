"""A rooted phone: the real device's keys sign whatever they are told to, over the real wire."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from landseal.capture.v1 import capture_pb2
from landseal.clients import convert
from landseal.clients.calls import Calls, new_request_id
from landseal.clients.cameras.base import Capture, Frame
from landseal.clients.channel import VERIFICATION_TIMEOUT_S
from landseal.clients.demo.people import Actor
from landseal.clients.errors import LandsealError, reason_of
from landseal.clients.keys import CaptureStatement
from landseal.clients.verification import read_instruction
from landseal.server.domain import signing
from landseal.server.domain.receipts import Binding, CaptureSource, Purpose
from landseal.verification.v1 import verification_pb2 as pb

CAPTURE = "/landseal.capture.v1.CaptureService/"
VERIFICATION = "/landseal.verification.v1.VerificationService/"
PIECE = 256 << 10


def outcome(act: Callable[[], object]) -> str:
    """The name of the reason with which an act ends; PASSED when nothing was refused."""
    try:
        act()
    except LandsealError as error:
        return str(error.reason.value)
    return "PASSED"


def burst(frames: Sequence[Frame]) -> bytes:
    """A FrameBurst of any frames, in any order."""
    made = [capture_pb2.Frame(image=frame.image, offset_ms=frame.offset_ms) for frame in frames]
    return capture_pb2.FrameBurst(frames=made).SerializeToString()


def every_200_ms(images: Sequence[bytes]) -> tuple[Frame, ...]:
    return tuple(Frame(image, 200 * number) for number, image in enumerate(images))


class RootedDevice:
    """Speaks as an actor's device, one step at a time."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.calls: Calls = actor.client._calls

    def ask(self, purpose: Purpose = Purpose.CODE, binding: Binding | None = None) -> pb.Verification:
        """A fresh instruction."""
        request = pb.CreateVerificationRequest(
            request_id=new_request_id(),
            purpose=pb.Purpose.ValueType(purpose),
            binding=convert.binding_to_proto(binding or Binding()),
        )
        return self.calls.change(
            VERIFICATION + "CreateVerification", request, pb.CreateVerificationResponse
        ).verification

    def film(self, task: pb.Verification) -> Capture:
        """What the honest camera of this actor takes."""
        return self.actor.camera.capture(read_instruction(task), lambda _: None)

    def begin_upload(self, size: int, sha256: bytes) -> capture_pb2.Upload:
        request = capture_pb2.CreateUploadRequest(request_id=new_request_id(), size_bytes=size, sha256=sha256)
        return self.calls.change(CAPTURE + "CreateUpload", request, capture_pb2.CreateUploadResponse).upload

    def send(self, upload_id: str, offset: int, data: bytes) -> capture_pb2.Upload:
        request = capture_pb2.UploadChunkRequest(upload_id=upload_id, offset=offset, data=data)
        return self.calls.change(CAPTURE + "UploadChunk", request, capture_pb2.UploadChunkResponse).upload

    def upload(self, data: bytes) -> str:
        """Uploads any bytes and returns the upload's id."""
        upload_id = self.begin_upload(len(data), hashlib.sha256(data).digest()).upload_id
        for start in range(0, len(data), PIECE):
            self.send(upload_id, start, data[start : start + PIECE])
        return upload_id

    def statement(self, task: pb.Verification, frames: Sequence[Frame], source: CaptureSource) -> CaptureStatement:
        head = signing.chain_head(task.nonce, [(frame.image, frame.offset_ms) for frame in frames])
        return CaptureStatement(
            task.nonce, task.verification_id, task.instruction.digest, head, len(frames), int(source)
        )

    def sign(self, statement: CaptureStatement) -> bytes:
        return self.calls.require().auth.capture(self.calls.server_key_id, self.calls.require().account_id, statement)

    def request(
        self,
        task: pb.Verification,
        frames: Sequence[Frame],
        upload_id: str,
        source: CaptureSource = CaptureSource.PUPPET,
    ) -> pb.SubmitVerificationRequest:
        """A submission that is right in everything that a device can make right."""
        statement = self.statement(task, frames, source)
        return pb.SubmitVerificationRequest(
            request_id=new_request_id(),
            verification_id=task.verification_id,
            upload_id=upload_id,
            source=pb.CaptureSource.ValueType(source),
            chain_head=statement.chain_head,
            signature=self.sign(statement),
        )

    def submit(self, request: pb.SubmitVerificationRequest) -> str:
        """The reason's name, of an answer or of an error; a receipt comes with PASSED and with nothing else."""
        try:
            answer = self.calls.change(
                VERIFICATION + "SubmitVerification", request, pb.SubmitVerificationResponse, VERIFICATION_TIMEOUT_S
            )
        except LandsealError as error:
            return str(error.reason.value)
        reason = str(reason_of(answer.reason).value)
        assert answer.HasField("receipt") == (reason == "PASSED")
        return reason

    def judged(self, frames: Sequence[Frame], task: pb.Verification | None = None) -> str:
        """Uploads and submits any frames, well signed; returns the reason's name."""
        task = task or self.ask()
        return self.submit(self.request(task, frames, self.upload(burst(frames))))
