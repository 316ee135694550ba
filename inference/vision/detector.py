"""BlazeFace short range: where faces are, from MediaPipe's TFLite file run by LiteRT.

Anchors, decoding and blending follow MediaPipe 0.10.21 (``face_detection_short_range``, SsdAnchorsCalculator,
TensorsToDetectionsCalculator, NonMaxSuppressionCalculator with WEIGHTED); see Bazarevsky et al., arXiv:1907.05047.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landseal.inference.vision.decode import Rgb
from landseal.inference.vision.network import TfliteNetwork

WEIGHTS = "face_detection_short_range.tflite"
MIN_SCORE = 0.5
"""Sigmoid score below which nothing is a face (MediaPipe's ``min_score_thresh``)."""
BLEND_IOU = 0.3
"""Boxes that overlap more than this are one face (MediaPipe's ``min_suppression_threshold``)."""
_LOGIT_CLIP = 100.0

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Detection:
    """One face. Pixels of the image it was found in; the box may reach beyond the image's edges."""

    box: tuple[float, float, float, float] = field(repr=False)
    """x, y, width, height."""
    score: float
    keypoints: Points = field(repr=False)
    """float32 [6, 2]: the subject's right eye, left eye, nose tip, mouth, right ear, left ear."""

    @property
    def area(self) -> float:
        """Pixels squared of the box."""
        return self.box[2] * self.box[3]


@dataclass(frozen=True)
class _Fit:
    """How an image lies in the network's square: pixels of the square per pixel of the image, margins in the square."""

    side: int
    scale: float
    left: int
    top: int


class FaceDetector:
    """Finds faces within about two metres of a camera. Not thread-safe: give each thread its own."""

    def __init__(self, weights_dir: Path) -> None:
        self._network = TfliteNetwork(weights_dir / WEIGHTS, ("regressors", "classificators"))
        self._anchors = _anchors()

    def detect(self, rgb: Rgb) -> list[Detection]:
        """All faces in uint8 [height, width, 3], the largest box first; empty when there is none."""
        square, fit = _letterbox(rgb, self._network.side)
        regressors, logits = self._network.run(square)
        kept, scores = self._above_threshold(logits[0, :, 0])
        if not kept.size:
            return []
        faces = _blend(self._decode(regressors[0, kept], kept), scores)
        return sorted((_to_pixels(face, score, fit) for face, score in faces), key=lambda face: face.area, reverse=True)

    def _above_threshold(self, logits: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -_LOGIT_CLIP, _LOGIT_CLIP).astype(np.float64)))
        kept = np.flatnonzero(scores >= MIN_SCORE)
        return kept, scores[kept].astype(np.float32)

    def _decode(self, raw: NDArray[np.float32], kept: NDArray[np.intp]) -> NDArray[np.float32]:
        """Regressors [n, 16] to unit squares: x0, y0, x1, y1 and six points, [n, 16]."""
        points = (raw / self._network.side).reshape(-1, 8, 2)
        centre, size = points[:, 0] + self._anchors[kept], points[:, 1]
        keypoints = points[:, 2:] + self._anchors[kept][:, np.newaxis]
        corners = np.concatenate([centre - size / 2, centre + size / 2], axis=1)
        return np.asarray(np.concatenate([corners, keypoints.reshape(-1, 12)], axis=1), np.float32)


def _anchors() -> NDArray[np.float32]:
    """Centres [896, 2] in the unit square: a 16x16 grid twice, then an 8x8 grid six times, interleaved per cell."""
    grids = []
    for cells, repeats in ((16, 2), (8, 6)):
        ys, xs = np.divmod(np.arange(cells * cells), cells)
        grids.append(np.repeat((np.stack([xs, ys], axis=1) + 0.5) / cells, repeats, axis=0))
    return np.asarray(np.concatenate(grids), np.float32)


def _letterbox(rgb: Rgb, side: int) -> tuple[NDArray[np.float32], _Fit]:
    """Fits the image into a black square with values in [-1, 1]."""
    height, width = rgb.shape[:2]
    scale = side / max(height, width)
    inner_w, inner_h = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (side - inner_w) // 2, (side - inner_h) // 2
    square = np.full((side, side, 3), -1.0, np.float32)
    # Bilinear, as MediaPipe samples: averaging all pixels costs a quarter of the network's own time.
    resized = cv2.resize(rgb, (inner_w, inner_h), interpolation=cv2.INTER_LINEAR)
    square[top : top + inner_h, left : left + inner_w] = resized * np.float32(2 / 255) - np.float32(1)
    return square, _Fit(side, scale, left, top)


def _to_pixels(face: NDArray[np.float32], score: float, fit: _Fit) -> Detection:
    points = (face.reshape(-1, 2) * fit.side - (fit.left, fit.top)) / fit.scale
    (x0, y0), (x1, y1) = points[:2].tolist()
    return Detection((x0, y0, x1 - x0, y1 - y0), score, points[2:].astype(np.float32))


def _blend(faces: NDArray[np.float32], scores: NDArray[np.float32]) -> list[tuple[NDArray[np.float32], float]]:
    """Replaces each group of overlapping boxes by their mean weighted with their scores; the best score stands."""
    remaining = np.argsort(-scores)
    blended = []
    while remaining.size:
        best = remaining[0]
        overlap = _iou(faces[best], faces[remaining])
        group = remaining[overlap > BLEND_IOU] if overlap[0] > BLEND_IOU else remaining[:1]
        weights = scores[group][:, np.newaxis]
        blended.append(((faces[group] * weights).sum(axis=0) / weights.sum(), float(scores[best])))
        remaining = remaining[~np.isin(remaining, group)]
    return blended


def _iou(one: NDArray[np.float32], many: NDArray[np.float32]) -> NDArray[np.float32]:
    top_left = np.maximum(one[:2], many[:, :2])
    bottom_right = np.minimum(one[2:4], many[:, 2:4])
    shared = np.prod(np.clip(bottom_right - top_left, 0, None), axis=1)
    areas = np.prod(many[:, 2:4] - many[:, :2], axis=1)
    union = np.prod(one[2:4] - one[:2]) + areas - shared
    return np.asarray(shared / np.maximum(union, np.float32(1e-9)), np.float32)
