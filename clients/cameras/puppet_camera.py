"""A camera that films the puppet: **an attack tool**, for demos and tests.

What it takes is stated as PUPPET under the device's signature; servers accept it only under the policies demo and
loadtest, and mark what comes of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from landseal.clients.cameras.base import SHAPES, Capture, CaptureInstruction, Frame, OnPrompt
from landseal.clients.errors import LandsealError
from landseal.clients.homes import models_folder
from landseal.clients.localreasons import LocalReason
from landseal.server.domain.receipts import CaptureSource

if TYPE_CHECKING:
    from landseal.clients.cameras.facewarp import Grid
    from landseal.clients.cameras.puppet import Image, Puppet

MAX_PORTRAIT_BYTES = 20 << 20


class PuppetCamera:
    """Animates one portrait (an encoded image, a path to one, or uint8 RGB [H, W, 3]).

    ``weights`` is the folder of the face detector and mesh (default: ``LANDSEAL_HOME/models``). With ``in_real_time``
    the prompts are shown as they would be to a person; else the capture returns at once. ``rng`` draws the performance.
    """

    def __init__(
        self,
        portrait: Path | bytes | Image,
        *,
        weights: Path | None = None,
        rng: random.Random | None = None,
        in_real_time: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._puppet = _puppet(portrait, weights or models_folder())
        self._rng = rng or random.Random()  # noqa: S311  # draws a head's drift, nothing secret
        self._in_real_time = in_real_time
        self._pause = pause

    def capture(self, instruction: CaptureInstruction, on_prompt: OnPrompt) -> Capture:
        """Returns frames of the puppet following the instruction; CAPTURE_FAILED when they cannot be drawn."""
        times = instruction.frame_times_ms
        actions = [(SHAPES[shape], hold) for shape, hold in instruction.actions]
        try:
            images = self._puppet.perform(actions, times, self._rng, lead_in_ms=instruction.lead_in_ms)
        except ValueError as error:
            raise LandsealError(LocalReason.CAPTURE_FAILED, detail=str(error)) from error
        for offset in times:
            on_prompt(instruction.prompt_at(offset))
            if self._in_real_time:
                self._pause(instruction.frame_interval_ms / 1000)
        frames = tuple(Frame(image, offset) for image, offset in zip(images, times, strict=True))
        return Capture(frames, CaptureSource.PUPPET)


def _puppet(portrait: Path | bytes | Image, weights: Path) -> Puppet:
    from landseal.clients.cameras.puppet import Puppet
    from landseal.inference.vision.decode import ImageFault

    try:
        picture = _picture(portrait)
        return Puppet(picture, _landmarks(picture, weights))
    except ImageFault as error:
        raise LandsealError(LocalReason.FILE_UNREADABLE, detail="the portrait is no image") from error
    except OSError as error:
        raise LandsealError(LocalReason.FILE_UNREADABLE, detail=str(error.strerror or error)) from error
    except ValueError as error:
        raise LandsealError(LocalReason.CAPTURE_FAILED, detail=str(error)) from error


def _picture(portrait: Path | bytes | Image) -> Image:
    from landseal.inference.vision.decode import decode_image

    if isinstance(portrait, Path):
        if portrait.stat().st_size > MAX_PORTRAIT_BYTES:
            raise LandsealError(LocalReason.FILE_UNREADABLE, detail="a portrait has at most 20 MiB")
        portrait = portrait.read_bytes()
    return decode_image(portrait) if isinstance(portrait, bytes) else portrait


def _landmarks(picture: Image, weights: Path) -> Grid:
    from landseal.inference.vision.detector import FaceDetector
    from landseal.inference.vision.mesh import FaceMesh

    faces = FaceDetector(weights).detect(picture)
    if len(faces) != 1:
        raise LandsealError(LocalReason.CAPTURE_FAILED, detail=f"the portrait shows {len(faces)} faces, not one")
    return FaceMesh(weights).landmarks(picture, faces[0])
