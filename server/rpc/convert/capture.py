"""Uploads and bursts."""

from __future__ import annotations

from itertools import pairwise

from google.protobuf.message import DecodeError

from landseal.capture.v1 import capture_pb2 as pb
from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason
from landseal.server.domain.records import Upload
from landseal.server.rpc.convert.values import timestamp
from landseal.server.rpc.limits import MAX_FRAMES, MAX_IMAGE_BYTES


def upload(it: Upload) -> pb.Upload:
    """Converts an upload."""
    return pb.Upload(
        upload_id=it.upload_id,
        received_bytes=it.received_bytes,
        size_bytes=it.size_bytes,
        expire_time=timestamp(it.expire_time),
    )


def created(it: Upload) -> pb.CreateUploadResponse:
    """Converts a new upload."""
    return pb.CreateUploadResponse(upload=upload(it))


def parse_burst(data: bytes) -> list[tuple[bytes, int]]:
    """Reads an uploaded FrameBurst: 1 to 64 images of 1 byte to 3 MiB, their times in milliseconds strictly increasing.

    The images stay encoded; nothing of them is looked at here.

    Raises:
        Refused: BURST_MALFORMED for anything else.
    """
    try:
        frames = pb.FrameBurst.FromString(data).frames
    except DecodeError:
        raise Refused(Reason.BURST_MALFORMED) from None
    times = [frame.offset_ms for frame in frames]
    in_order = all(before < after for before, after in pairwise(times))
    sizes_fit = all(0 < len(frame.image) <= MAX_IMAGE_BYTES for frame in frames)
    if not (0 < len(frames) <= MAX_FRAMES and in_order and sizes_fit):
        raise Refused(Reason.BURST_MALFORMED)
    return [(frame.image, frame.offset_ms) for frame in frames]
