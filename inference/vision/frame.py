"""Everything that is measured in one image: what the Triton model ``frames`` answers, without Triton."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from landseal.inference.reading import FloatArray, FrameFault, FrameQuality, FrameReading
from landseal.inference.vision.decode import ImageFault, Rgb, decode_image, perceptual_hash
from landseal.inference.vision.detector import Detection, FaceDetector
from landseal.inference.vision.mesh import MIN_PRESENCE, FaceMesh
from landseal.inference.vision.quality import quality

_NO_BOX = (0.0, 0.0, 0.0, 0.0)


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
        try:
            rgb = decode_image(data)
        except ImageFault as fault:
            return _reading(fault.code)
        return self.read_rgb(rgb)

    def read_rgb(self, rgb: Rgb) -> FrameReading:
        """Reads one decoded image, uint8 [height, width, 3], upright."""
        faces = self._detector.detect(rgb)
        if len(faces) == 1:
            fit = self._mesh.fit(rgb, faces[0])
            if fit.presence >= MIN_PRESENCE and np.isfinite(fit.landmarks).all():
                measured = quality(rgb, faces[0].box, fit.landmarks)
                return _reading(FrameFault.NONE, rgb, faces, measured, fit.landmarks)
        return _reading(FrameFault.NONE, rgb, faces)


def usable(reading: FrameReading) -> bool:
    """Whether a frame holds exactly one face that could be measured, and so may be sampled."""
    return reading.landmarks is not None


def _reading(
    fault: FrameFault,
    rgb: Rgb | None = None,
    faces: list[Detection] | None = None,
    measured: FrameQuality | None = None,
    landmarks: FloatArray | None = None,
) -> FrameReading:
    largest = faces[0] if faces else None
    return FrameReading(
        fault=fault,
        width=0 if rgb is None else rgb.shape[1],
        height=0 if rgb is None else rgb.shape[0],
        face_count=len(faces or ()),
        score=largest.score if largest else 0.0,
        box=largest.box if largest else _NO_BOX,
        quality=measured,
        landmarks=landmarks,
        perceptual_hash=0 if rgb is None else perceptual_hash(rgb),
    )
