"""The computer's own camera, by OpenCV."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import cv2
import cv2.typing

from landseal.clients.cameras.base import Capture, CaptureInstruction, Frame, OnPrompt
from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason
from landseal.server.domain.receipts import CaptureSource

JPEG_QUALITY = 90
"""High enough for the textures that silent liveness looks at; about 60 KB at 640x480."""
WARM_UP_FRAMES = 10
"""Frames thrown away while the camera finds its exposure."""


class _Device(Protocol):
    """What is used of ``cv2.VideoCapture``."""

    def read(self) -> tuple[bool, cv2.typing.MatLike]: ...

    def release(self) -> None: ...


class WebCamera:
    """Takes frames with ``cv2.VideoCapture``; ``clock`` counts seconds and never goes back."""

    def __init__(self, index: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._index = index
        self._clock = clock

    def probe(self) -> None:
        """Opens the camera and lets it go, so that its absence is known before an attempt is spent; CAMERA_MISSING."""
        _open(self._index).release()

    def capture(self, instruction: CaptureInstruction, on_prompt: OnPrompt) -> Capture:
        """Takes the frames as they are due, each stamped with the time at which it was really taken.

        Raises:
            LandsealError: CAMERA_MISSING when no camera can be opened, CAPTURE_FAILED when it stops or is too slow.
        """
        device = _open(self._index)
        try:
            for _ in range(WARM_UP_FRAMES):
                device.read()
            return Capture(self._take(device, instruction, on_prompt), CaptureSource.CAMERA)
        finally:
            device.release()

    def _take(self, device: _Device, instruction: CaptureInstruction, on_prompt: OnPrompt) -> tuple[Frame, ...]:
        start, frames, last = self._clock(), list[Frame](), instruction.frame_times_ms[-1]
        for due in instruction.frame_times_ms:
            while True:
                done, picture = device.read()
                now = round((self._clock() - start) * 1000)
                on_prompt(instruction.prompt_at(now))
                if not done:
                    raise LandsealError(LocalReason.CAPTURE_FAILED, detail="the camera stopped")
                if now >= due:
                    break
            if frames and now <= frames[-1].offset_ms:
                continue
            if now > last + 10 * instruction.frame_interval_ms:
                raise LandsealError(LocalReason.CAPTURE_FAILED, detail="the camera is too slow")
            frames.append(Frame(_encode(picture), now))
        return tuple(frames)


def _open(index: int) -> _Device:
    cv2.setLogLevel(0)  # the person is told in words, not by OpenCV's own lines
    device = cv2.VideoCapture(index)
    if not device.isOpened():
        device.release()
        raise LandsealError(LocalReason.CAMERA_MISSING, detail=f"camera {index} cannot be opened")
    device.set(cv2.CAP_PROP_FRAME_WIDTH, 640)
    device.set(cv2.CAP_PROP_FRAME_HEIGHT, 480)
    return device


def _encode(picture: cv2.typing.MatLike) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise LandsealError(LocalReason.CAPTURE_FAILED, detail="a frame could not be encoded")
    return bytes(data)
