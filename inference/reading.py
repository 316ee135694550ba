"""What the server may know of inference: a burst goes in, readings come out.

Nothing here imports Triton, OpenCV or a network. Implementations: :mod:`landseal.inference.triton` (the real one).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


class FrameFault(enum.IntEnum):
    """Why one image could not be read; the numbers travel in the FAULT tensor and never change meaning."""

    NONE = 0
    EMPTY = 1
    NOT_AN_IMAGE = 2
    BROKEN = 3
    TOO_MANY_PIXELS = 4
    TOO_SMALL = 5
    ANIMATED = 6
    UNSUPPORTED = 7
    TOO_MANY_BYTES = 8


class FaceReaderError(Exception):
    """The engine gave no trustworthy answer; nothing may be concluded from it."""


class FaceReaderAway(FaceReaderError):
    """The engine cannot be reached, or a needed model is not ready; trying again may help."""


class FaceReaderTimeout(FaceReaderError):
    """The budget ran out before the engine answered; what it says later is thrown away.

    The call is not cancelled (see :mod:`landseal.inference.triton`): the request carries the budget, and the engine
    drops what still waits when it is spent.
    """


class FaceReaderBroken(FaceReaderError):
    """The engine answered with tensors of a wrong shape or with values that are not finite."""


@dataclass(frozen=True)
class FrameQuality:
    """How usable one face is.

    Angles in degrees, brightness 0..255, face width in pixels, sharpness as variance of the Laplacian.
    """

    sharpness: float
    brightness: float
    face_px: float
    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True)
class FrameReading:
    """What was seen in one image; ``landmarks`` is None unless exactly one usable face was found."""

    fault: FrameFault
    width: int
    height: int
    face_count: int
    score: float
    box: tuple[float, float, float, float] = field(repr=False)
    """x, y, width, height of the largest face in pixels of the upright image; zeros without a face."""
    quality: FrameQuality | None = field(repr=False)
    landmarks: FloatArray | None = field(repr=False)
    """FaceMesh points, float32 [468, 3] in pixels of the upright image."""
    perceptual_hash: int = field(repr=False)
    """64-bit difference hash of the upright image, for finding near-duplicates."""


@dataclass(frozen=True)
class FaceSample:
    """One frame that was sampled for recognition and silent liveness."""

    index: int
    """Position of the frame in the burst."""
    embedding: FloatArray = field(repr=False)
    """float32 [128]: mean of the networks' outputs for the chip and its mirror image."""
    live: float | None = field(repr=False)
    """Probability 0..1 that the face is live, by the silent networks.

    None when they are not loaded (never treat None as live).
    """


@dataclass(frozen=True)
class BurstReading:
    """All that one inference call says about a burst."""

    frames: tuple[FrameReading, ...]
    samples: tuple[FaceSample, ...]
    """At most the requested number, in order of time; empty when no frame held exactly one usable face."""
    silent: bool
    """Whether the silent liveness networks took part."""


@dataclass(frozen=True)
class ReaderHealth:
    """Whether verifications can run now, and whether silent liveness takes part."""

    ready: bool
    silent: bool
    version: str
    """Version of the inference server, for example ``2.51.0``."""


class FaceReader(Protocol):
    """Reads faces in bursts. Whoever wears this interface passes ``tests/conformance/face_reader.py``."""

    def read_burst(self, images: Sequence[bytes], *, samples: int, seed: int, timeout_s: float) -> BurstReading:
        """Reads 1 to 64 encoded images in one inference call.

        ``samples`` frames at most are chosen at random by ``seed``, one in each equal segment of the burst.
        Unreadable images are readings with a fault, not exceptions.

        Raises:
            FaceReaderAway, FaceReaderTimeout, FaceReaderBroken: no answer; the caller concludes nothing.
        """

    def health(self) -> ReaderHealth:
        """Asks the engine; never raises, an unreachable engine is not ready."""

    def inference_counts(self) -> dict[str, int]:
        """Successful inferences per model since the engine started (batch elements, as Triton counts them)."""
