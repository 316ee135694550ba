"""Everything that is measured in one image: what the Triton model ``frames`` answers, without Triton."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseal.inference.reading import FrameFault, FrameQuality, FrameReading
from landseal.inference.vision.align import CHIP_SIDE, LIVE_SIDE, dlib_chip, live_crops
from landseal.inference.vision.decode import ImageFault, Rgb, decode_image, perceptual_hash
from landseal.inference.vision.detector import Detection, FaceDetector
from landseal.inference.vision.fivepoints import FivePointPredictor
from landseal.inference.vision.mesh import MIN_PRESENCE, FaceMesh
from landseal.inference.vision.quality import quality

_NO_BOX = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class FrameCut:
    """One image's reading and, when it holds exactly one usable face, what recognition and silent liveness need."""

    reading: FrameReading
    chip: NDArray[np.uint8] | None = field(default=None, repr=False)
    """uint8 [150, 150, 3] RGB."""
    crops: NDArray[np.uint8] | None = field(default=None, repr=False)
    """uint8 [2, 80, 80, 3] BGR."""

    @property
    def usable(self) -> bool:
        """Whether this frame may be sampled."""
        return self.chip is not None


CHIP_SHAPE = (CHIP_SIDE, CHIP_SIDE, 3)
CROPS_SHAPE = (2, LIVE_SIDE, LIVE_SIDE, 3)


class FrameReader:
    """Reads single images. Not thread-safe: give each thread its own."""

    def __init__(self, weights_dir: Path) -> None:
        """Loads BlazeFace, FaceMesh and the five-point predictor from ``weights_dir``.

        Raises:
            FileNotFoundError: weights are missing.
        """
        self._detector = FaceDetector(weights_dir)
        self._mesh = FaceMesh(weights_dir)
        self._five_points = FivePointPredictor(weights_dir)

    def read(self, data: bytes) -> FrameCut:
        """Reads one encoded image; a bad one is a reading with a fault, not an exception.

        Sizes and coordinates are those of the image as it was decoded (see :func:`decode_image`: big ones are reduced).
        """
        try:
            rgb = decode_image(data)
        except ImageFault as fault:
            return FrameCut(_reading(fault.code))
        return self.read_rgb(rgb)

    def read_rgb(self, rgb: Rgb) -> FrameCut:
        """Reads one decoded image, uint8 [height, width, 3], upright."""
        faces = self._detector.detect(rgb)
        if len(faces) != 1:
            return FrameCut(_reading(FrameFault.NONE, rgb, faces))
        return self._one_face(rgb, faces)

    def _one_face(self, rgb: Rgb, faces: list[Detection]) -> FrameCut:
        face = faces[0]
        fit = self._mesh.fit(rgb, face)
        if fit.presence < MIN_PRESENCE or not np.isfinite(fit.landmarks).all():
            return FrameCut(_reading(FrameFault.NONE, rgb, faces))
        try:
            chip = dlib_chip(rgb, self._five_points.points(rgb, face.box))
        except ValueError:  # the points span no face: seen, but of no use
            return FrameCut(_reading(FrameFault.NONE, rgb, faces))
        measured = quality(rgb, face.box, fit.landmarks)
        return FrameCut(
            _reading(FrameFault.NONE, rgb, faces, measured, fit.landmarks),
            chip,
            live_crops(rgb, face.box),
        )


def _reading(
    fault: FrameFault,
    rgb: Rgb | None = None,
    faces: list[Detection] | None = None,
    measured: FrameQuality | None = None,
    landmarks: NDArray[np.float32] | None = None,
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
