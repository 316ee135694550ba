"""Cameras that cheat in one thing each; all else is as the honest puppet does it."""

from __future__ import annotations

import dataclasses
import io
import random
from collections.abc import Callable

import numpy as np
from PIL import Image

from landseal.clients.cameras.base import Camera, Capture, CaptureInstruction, Frame, OnPrompt


class Tampered:
    """Films honestly, then changes the capture; the device signs what comes out, as a rooted phone would."""

    def __init__(self, camera: Camera, change: Callable[[Capture, CaptureInstruction], Capture]) -> None:
        self._camera, self._change = camera, change

    def capture(self, instruction: CaptureInstruction, on_prompt: OnPrompt) -> Capture:
        """Returns the changed capture."""
        return self._change(self._camera.capture(instruction, on_prompt), instruction)


class Recorder:
    """Films honestly and keeps the capture."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self.last: Capture | None = None

    def capture(self, instruction: CaptureInstruction, on_prompt: OnPrompt) -> Capture:
        """Returns what the camera takes."""
        self.last = self._camera.capture(instruction, on_prompt)
        return self.last

    def frame_count(self) -> int:
        """Returns how many frames the last take has; 0 before the first."""
        return len(self.last.frames) if self.last else 0


def _with_images(capture: Capture, images: list[bytes]) -> Capture:
    frames = tuple(Frame(image, old.offset_ms) for image, old in zip(images, capture.frames, strict=True))
    return dataclasses.replace(capture, frames=frames)


def frozen(capture: Capture, _instruction: CaptureInstruction) -> Capture:
    """Shows one picture all the time, compressed anew for each frame so that no two files are equal."""
    with Image.open(io.BytesIO(capture.frames[0].image)) as first:
        still = np.asarray(first.convert("RGB"), dtype=np.int16)
    noise = np.random.default_rng(7)
    images = []
    for _ in capture.frames:
        speckled = np.clip(still + noise.integers(-2, 3, still.shape), 0, 255).astype(np.uint8)
        out = io.BytesIO()
        Image.fromarray(speckled).save(out, "JPEG", quality=90)
        images.append(out.getvalue())
    return _with_images(capture, images)


def shuffled(capture: Capture, _instruction: CaptureInstruction) -> Capture:
    """Shows the right pictures in a random order."""
    images = [frame.image for frame in capture.frames]
    random.Random(7).shuffle(images)  # noqa: S311 - a repeatable demo, nothing secret
    return _with_images(capture, images)


def wrong_instruction(instruction: CaptureInstruction) -> CaptureInstruction:
    """Returns the same times with every shape exchanged for another: what an old recording would show."""
    actions = tuple((shape % 4 + 1, hold) for shape, hold in instruction.actions)
    return dataclasses.replace(instruction, actions=actions)


class Disobedient:
    """Films a performance of another instruction."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def capture(self, instruction: CaptureInstruction, on_prompt: OnPrompt) -> Capture:
        """Returns frames at the right times of the wrong shapes."""
        return self._camera.capture(wrong_instruction(instruction), on_prompt)


class BorrowedLips:
    """Shows the victim's face, but lets somebody else move the lips in the middle third of the take."""

    def __init__(self, victim: Camera, accomplice: Camera) -> None:
        self._victim, self._accomplice = victim, accomplice

    def capture(self, instruction: CaptureInstruction, on_prompt: OnPrompt) -> Capture:
        """Returns the spliced capture."""
        own = self._victim.capture(instruction, on_prompt)
        other = self._accomplice.capture(instruction, on_prompt)
        third = len(own.frames) // 3
        images = [frame.image for frame in own.frames]
        images[third : 2 * third] = [frame.image for frame in other.frames[third : 2 * third]]
        return _with_images(own, images)


class Replay:
    """Shows an earlier capture, stretched or cut to the new instruction's frames."""

    def __init__(self, earlier: Capture) -> None:
        self._earlier = earlier

    def capture(self, instruction: CaptureInstruction, _on_prompt: OnPrompt) -> Capture:
        """Returns old pictures under new times."""
        old = self._earlier.frames
        times = instruction.frame_times_ms
        frames = tuple(Frame(old[i * len(old) // len(times)].image, offset) for i, offset in enumerate(times))
        return Capture(frames, self._earlier.source)
