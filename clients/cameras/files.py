"""Frames from a folder or a list of images; servers accept them only under the policies demo and loadtest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from landseal.clients.cameras.base import Capture, CaptureInstruction, Frame, OnPrompt
from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason
from landseal.server.domain.receipts import CaptureSource

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
MAX_IMAGE_BYTES = 3 << 20


class FileCamera:
    """Answers every capture with the same encoded images, at the times that the instruction asks for."""

    def __init__(self, images: Sequence[bytes]) -> None:
        self._images = tuple(images)

    @classmethod
    def folder(cls, path: Path) -> FileCamera:
        """Takes the images of a folder in the order of their names.

        Raises:
            LandsealError: FILE_UNREADABLE when there are none, or one is missing or above 3 MiB.
        """
        try:
            files = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
            if not files or any(each.stat().st_size > MAX_IMAGE_BYTES for each in files):
                raise LandsealError(LocalReason.FILE_UNREADABLE, detail="images of at most 3 MiB are needed")
            return cls([each.read_bytes() for each in files])
        except OSError as error:
            raise LandsealError(LocalReason.FILE_UNREADABLE, detail=str(error.strerror)) from error

    def capture(self, instruction: CaptureInstruction, on_prompt: OnPrompt) -> Capture:
        """Returns one image per time of the plan; CAPTURE_FAILED when there are fewer images than times."""
        times = instruction.frame_times_ms
        if len(self._images) < len(times):
            raise LandsealError(LocalReason.CAPTURE_FAILED, detail=f"{len(times)} images are needed")
        for offset in times:
            on_prompt(instruction.prompt_at(offset))
        frames = tuple(Frame(image, offset) for image, offset in zip(self._images, times, strict=False))
        return Capture(frames, CaptureSource.FILE)
