"""The limits that clients keep and the server holds them to; GetServerInfo publishes them."""

from __future__ import annotations

from dataclasses import dataclass

MAX_MESSAGE_BYTES = 4 << 20
MAX_CHUNK_BYTES = 512 << 10
MAX_UPLOAD_BYTES = 10 << 20
MAX_IMAGE_BYTES = 3 << 20
MAX_FRAMES = 64
MIN_KEEPALIVE_S = 30.0


@dataclass(frozen=True)
class Limits:
    """All of them."""

    max_deadline_s: float
    max_message_bytes: int = MAX_MESSAGE_BYTES
    max_chunk_bytes: int = MAX_CHUNK_BYTES
    max_upload_bytes: int = MAX_UPLOAD_BYTES
    max_image_bytes: int = MAX_IMAGE_BYTES
    min_keepalive_s: float = MIN_KEEPALIVE_S
