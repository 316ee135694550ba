"""Everything that is measured in one image: what the Triton model ``frames`` answers, without Triton."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from landseal.inference.reading import FloatArray, FrameFault, FrameQuality, FrameReading
from landseal.inference.vision.decode import ImageFault, Rgb, decode_image, perceptual_hash
from landseal.inference.vision.detector import Detection, FaceDetector
from landseal.inference.vision.mesh import MIN_PRESENCE, FaceMesh
from landseal.inference.vision.quality import quality

AT_ONCE = 8
"""Images that are read together; their pixels are held meanwhile, 0.9 MB each at 640x480. No other number was tried."""
_NO_BOX = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class _Look:
    """One image after decoding; no pixels where it could not be read."""

    fault: FrameFault
    rgb: Rgb | None = field(default=None, repr=False)
    hash: int = field(default=0, repr=False)


class FrameReader:
    """Reads single images. Not thread-safe: give each thread its own."""

    def __init__(self, weights_dir: Path) -> None:
        """Loads BlazeFace and FaceMesh from ``weights_dir``.

        Raises:
            FileNotFoundError: weights are missing.
        """
        self._detector = FaceDetector(weights_dir)
        self._mesh = FaceMesh(weights_dir)

    def read(self, data: bytes) -> FrameReading:
        """Reads one encoded image; a bad one is a reading with a fault, not an exception.

        Sizes and coordinates are those of the image as it was decoded (see :func:`decode_image`: big ones are reduced).
        """
        return self.read_all([data])[0]

    def read_all(self, images: Sequence[bytes]) -> list[FrameReading]:
        """Reads several images, each as :meth:`read` does, in one go: all are decoded, then searched, then measured.

        One step after another for all of them keeps each network's weights in the processor's cache. All pixels are
        held at the same time: give it :data:`AT_ONCE` images.
        """
        looks = [_look(data) for data in images]
        found = [[] if look.rgb is None else self._detector.detect(look.rgb) for look in looks]
        return [self._measured(look, faces) for look, faces in zip(looks, found, strict=True)]

    def read_rgb(self, rgb: Rgb) -> FrameReading:
        """Reads one decoded image, uint8 [height, width, 3], upright."""
        return self._measured(_Look(FrameFault.NONE, rgb, perceptual_hash(rgb)), self._detector.detect(rgb))

    def _measured(self, look: _Look, faces: list[Detection]) -> FrameReading:
        if look.rgb is not None and len(faces) == 1:
            fit = self._mesh.fit(look.rgb, faces[0])
            if fit.presence >= MIN_PRESENCE and np.isfinite(fit.landmarks).all():
                return _reading(look, faces, quality(look.rgb, faces[0].box, fit.landmarks), fit.landmarks)
        return _reading(look, faces)


def usable(reading: FrameReading) -> bool:
    """Whether a frame holds exactly one face that could be measured, and so may be sampled."""
    return reading.landmarks is not None


def _look(data: bytes) -> _Look:
    """Decodes and takes the hash at once, while the pixels are in the processor's cache."""
    try:
        rgb = decode_image(data)
    except ImageFault as fault:
        return _Look(fault.code)
    return _Look(FrameFault.NONE, rgb, perceptual_hash(rgb))


def _reading(
    look: _Look,
    faces: list[Detection],
    measured: FrameQuality | None = None,
    landmarks: FloatArray | None = None,
) -> FrameReading:
    largest = faces[0] if faces else None
    return FrameReading(
        fault=look.fault,
        width=0 if look.rgb is None else look.rgb.shape[1],
        height=0 if look.rgb is None else look.rgb.shape[0],
        face_count=len(faces),
        score=largest.score if largest else 0.0,
        box=largest.box if largest else _NO_BOX,
        quality=measured,
        landmarks=landmarks,
        perceptual_hash=look.hash,
    )
