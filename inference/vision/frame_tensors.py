"""Lays what was read in single images side by side in arrays, one row for each image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from landseal.inference.reading import FrameReading
from landseal.inference.tensors import LANDMARK_COUNT, QUALITY_FIELDS
from landseal.inference.vision.frame import usable


def frame_tensors(readings: Sequence[FrameReading]) -> dict[str, NDArray[np.generic]]:
    """The outputs of Triton's ``frames`` for N images; QUALITY and LANDMARKS are zeros where no face is usable."""
    quality = np.zeros((len(readings), len(QUALITY_FIELDS)), np.float32)
    landmarks = np.zeros((len(readings), LANDMARK_COUNT, 3), np.float32)
    for row, reading in enumerate(readings):
        if reading.quality is not None and reading.landmarks is not None:
            quality[row], landmarks[row] = astuple(reading.quality), reading.landmarks
    return {
        "FAULT": np.array([[r.fault] for r in readings], np.int32),
        "FACE_COUNT": np.array([[r.face_count] for r in readings], np.int32),
        "USABLE": np.array([[usable(r)] for r in readings], np.bool_),
        "SCORE": np.array([[r.score] for r in readings], np.float32),
        "BOX": np.array([r.box for r in readings], np.float32),
        "SIZE": np.array([(r.width, r.height) for r in readings], np.int32),
        "QUALITY": quality,
        "HASH": np.array([[r.perceptual_hash] for r in readings], np.uint64),
        "LANDMARKS": landmarks,
    }
