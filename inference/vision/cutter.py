"""Cuts what both kinds of networks look at from the chosen frames: without Triton, the work of ``select``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseal.inference.vision.align import dlib_chip, live_crops
from landseal.inference.vision.decode import ImageFault, Rgb, decode_image
from landseal.inference.vision.fivepoints import FivePointPredictor

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class FaceCut:
    """One face as the networks want it."""

    chip: NDArray[np.uint8] = field(repr=False)
    """uint8 [150, 150, 3] RGB."""
    crops: NDArray[np.uint8] = field(repr=False)
    """uint8 [2, 80, 80, 3] BGR."""


class FaceCutter:
    """Aligns faces by dlib's own five points."""

    def __init__(self, weights_dir: Path) -> None:
        """Loads the five-point predictor from ``weights_dir``.

        Raises:
            FileNotFoundError: the weights are missing.
        """
        self._five_points = FivePointPredictor(weights_dir)

    def cut(self, data: bytes, box: Box) -> FaceCut | None:
        """Decodes one encoded image and cuts the face in BlazeFace's ``box``; None when it cannot be aligned."""
        try:
            return self.cut_rgb(decode_image(data), box)
        except ImageFault:
            return None

    def cut_rgb(self, rgb: Rgb, box: Box) -> FaceCut | None:
        """The same for a decoded image, uint8 [height, width, 3], upright."""
        try:
            chip = dlib_chip(rgb, self._five_points.points(rgb, box))
        except ValueError:  # the box has no area, or the points span no face
            return None
        return FaceCut(chip, live_crops(rgb, box))
