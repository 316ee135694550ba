"""Lays what was read in single images side by side in arrays, one row for each image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from landseal.inference.tensors import LANDMARK_COUNT, QUALITY_FIELDS
from landseal.inference.vision.frame import CHIP_SHAPE, CROPS_SHAPE, FrameCut


def frame_tensors(cuts: Sequence[FrameCut]) -> dict[str, NDArray[np.generic]]:
    """The outputs of Triton's ``frames`` for N images; rows without a usable face hold zeros in the face's tensors."""
    count, readings = len(cuts), [cut.reading for cut in cuts]
    quality = np.zeros((count, len(QUALITY_FIELDS)), np.float32)
    landmarks = np.zeros((count, LANDMARK_COUNT, 3), np.float32)
    chips = np.zeros((count, *CHIP_SHAPE), np.uint8)
    crops = np.zeros((count, *CROPS_SHAPE), np.uint8)
    for row, cut in enumerate(cuts):
        if cut.chip is not None and cut.crops is not None and cut.reading.quality is not None:
            quality[row] = astuple(cut.reading.quality)
            landmarks[row] = cut.reading.landmarks
            chips[row], crops[row] = cut.chip, cut.crops
    return {
        "FAULT": np.array([[r.fault] for r in readings], np.int32),
        "FACE_COUNT": np.array([[r.face_count] for r in readings], np.int32),
        "USABLE": np.array([[cut.usable] for cut in cuts], np.bool_),
        "SCORE": np.array([[r.score] for r in readings], np.float32),
        "BOX": np.array([r.box for r in readings], np.float32),
        "SIZE": np.array([(r.width, r.height) for r in readings], np.int32),
        "QUALITY": quality,
        "HASH": np.array([[r.perceptual_hash] for r in readings], np.uint64),
        "LANDMARKS": landmarks,
        "CHIP": chips,
        "CROPS": crops,
    }
