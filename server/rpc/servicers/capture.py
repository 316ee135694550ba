"""CaptureService."""

from __future__ import annotations

from landseal.capture.v1 import capture_pb2 as pb
from landseal.server.rpc.call import Call
from landseal.server.rpc.convert import capture as convert
from landseal.server.usecases.captures import Captures


class CaptureServicer:
    """Receives bursts."""

    def __init__(self, captures: Captures) -> None:
        self._captures = captures

    def CreateUpload(self, request: pb.CreateUploadRequest, call: Call) -> bytes:
        """Opens an upload."""
        once = call.once(convert.created)
        upload = self._captures.create(call.caller, request.size_bytes, request.sha256, once, call.budget)
        return once.encode(upload)

    def UploadChunk(self, request: pb.UploadChunkRequest, call: Call) -> pb.UploadChunkResponse:
        """Appends a piece; its offset makes it safe to repeat."""
        upload = self._captures.append(call.caller, request.upload_id, request.offset, request.data, call.budget)
        return pb.UploadChunkResponse(upload=convert.upload(upload))

    def GetUpload(self, request: pb.GetUploadRequest, call: Call) -> pb.GetUploadResponse:
        """Tells how far an upload is."""
        return pb.GetUploadResponse(upload=convert.upload(self._captures.get(call.caller, request.upload_id)))
