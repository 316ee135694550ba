"""Uploads a burst in chunks and goes on where it stopped after a lost connection."""

from __future__ import annotations

import time
from collections.abc import Callable

from landseal.capture.v1 import capture_pb2 as pb
from landseal.clients.calls import Calls, new_request_id
from landseal.clients.errors import LandsealError
from landseal.clients.keys import sha256
from landseal.clients.localreasons import LocalReason
from landseal.server.domain.reasons import Reason

_SERVICE = "/landseal.capture.v1.CaptureService/"
CHUNK_BYTES = 256 << 10
"""Of the first piece; every later one is as large as can be sent in about :data:`PIECE_S`, within the two bounds."""
LEAST_CHUNK_BYTES, MOST_CHUNK_BYTES = 64 << 10, 512 << 10
"""The server takes no larger ones; every piece costs it a signature and a transaction."""
PIECE_S = 1.0
MAX_UPLOAD_BYTES = 10 << 20
MAX_STALLS = 6
"""Failures in a row, without a byte of progress, after which the upload is given up."""
_LOST = (LocalReason.SERVER_AWAY, Reason.DEADLINE_EXCEEDED, Reason.OVERLOADED, Reason.DATABASE_AWAY)
_MISPLACED = (Reason.UPLOAD_OFFSET_WRONG,)

OnProgress = Callable[[int, int], None]
"""Hears bytes sent and bytes in all."""


def silent(_sent: int, _total: int) -> None:
    """Shows no progress."""


class Uploader:
    """Sends one burst; ``pause`` waits between failures, ``clock`` never goes back (seconds)."""

    def __init__(
        self,
        calls: Calls,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls = calls
        self._pause, self._clock = pause, clock
        self._piece = CHUNK_BYTES

    def upload(self, data: bytes, progress: OnProgress = silent, *, request_id: str | None = None) -> str:
        """Uploads the bytes, checked by their SHA-256, and returns the upload's id.

        Raises:
            LandsealError: CAPTURE_FAILED when there is nothing or too much to send; what the server refused;
                SERVER_AWAY when it stayed away for some seconds.
        """
        if not 0 < len(data) <= MAX_UPLOAD_BYTES:
            raise LandsealError(LocalReason.CAPTURE_FAILED, detail="a burst holds 1 byte to 10 MiB")
        request = pb.CreateUploadRequest(
            request_id=request_id or new_request_id(), size_bytes=len(data), sha256=sha256(data)
        )
        upload = self._calls.change(_SERVICE + "CreateUpload", request, pb.CreateUploadResponse).upload
        sent, stalls = self._place(upload, data), 0
        while sent < len(data):
            progress(sent, len(data))
            try:
                reached, stalls = self._chunk(upload.upload_id, sent, data), 0
            except LandsealError as error:
                stalls += 1
                if error.reason not in (*_LOST, *_MISPLACED) or stalls > MAX_STALLS:
                    raise
                self._pause(min(5.0, error.retry_after_s or 0.25 * 2**stalls))
                reached = self._resume(upload.upload_id, sent, data)
            sent = reached
        progress(sent, len(data))
        return upload.upload_id

    def _chunk(self, upload_id: str, sent: int, data: bytes) -> int:
        piece = data[sent : sent + self._piece]
        request = pb.UploadChunkRequest(upload_id=upload_id, offset=sent, data=piece)
        begin = self._clock()
        try:
            answer = self._calls.change(_SERVICE + "UploadChunk", request, pb.UploadChunkResponse)
        except LandsealError:
            self._piece = max(LEAST_CHUNK_BYTES, self._piece // 2)
            raise
        reached = self._place(answer.upload, data)
        if reached <= sent:
            raise LandsealError(LocalReason.SERVER_ANSWER_ODD, detail="the upload does not grow")
        fitting = len(piece) * PIECE_S / max(self._clock() - begin, 1e-3)
        self._piece = int(min(MOST_CHUNK_BYTES, max(LEAST_CHUNK_BYTES, fitting)))
        return reached

    def _resume(self, upload_id: str, sent: int, data: bytes) -> int:
        """Asks where to go on; stays where it was while the server is away."""
        try:
            request = pb.GetUploadRequest(upload_id=upload_id)
            return self._place(self._calls.read(_SERVICE + "GetUpload", request, pb.GetUploadResponse).upload, data)
        except LandsealError as error:
            if error.reason not in _LOST:
                raise
            return sent

    @staticmethod
    def _place(upload: pb.Upload, data: bytes) -> int:
        if not upload.upload_id or upload.size_bytes != len(data) or upload.received_bytes > len(data):
            raise LandsealError(LocalReason.SERVER_ANSWER_ODD, detail="the upload is another one")
        return upload.received_bytes
