"""FaceMesh: 468 points on one face, from MediaPipe's TFLite file run by LiteRT.

Region and decoding follow MediaPipe 0.10.21 (``face_landmark_cpu`` and ``face_detection_front_detection_to_roi``); see
Kartynnik et al., arXiv:1907.06724.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landseal.inference.vision.decode import Rgb
from landseal.inference.vision.detector import Detection
from landseal.inference.vision.network import TfliteNetwork

WEIGHTS = "face_landmark.tflite"
ROI_SCALE = 1.5
"""Side of the square region over the longer side of the detection's box (MediaPipe's ``scale_x``, ``scale_y``)."""
MIN_PRESENCE = 0.5
"""Sigmoid below which the network says that the region holds no face (MediaPipe's default)."""


@dataclass(frozen=True)
class MeshFit:
    """Points of one face, and how sure the network is that there is one."""

    landmarks: NDArray[np.float32] = field(repr=False)
    """float32 [468, 3] in image pixels; z grows away from the camera, in the same unit, from the head's centre."""
    presence: float


class FaceMesh:
    """Fits the mesh to a detected face. Not thread-safe: give each thread its own."""

    def __init__(self, weights_dir: Path) -> None:
        self._network = TfliteNetwork(weights_dir / WEIGHTS, ("conv2d_21", "conv2d_31"))

    def fit(self, rgb: Rgb, detection: Detection) -> MeshFit:
        """Points and presence (0..1) for one detection in uint8 [height, width, 3]."""
        to_crop = _region(detection, self._network.side)
        crop = cv2.warpAffine(rgb, to_crop, (self._network.side,) * 2, flags=cv2.INTER_LINEAR)
        raw, logit = self._network.run(crop * np.float32(1 / 255))
        points = raw.reshape(468, 3)
        return MeshFit(_to_image(points, to_crop), 1.0 / (1.0 + math.exp(-min(max(float(logit.item()), -80.0), 80.0))))

    def landmarks(self, rgb: Rgb, detection: Detection) -> NDArray[np.float32]:
        """The points alone, float32 [468, 3] in image pixels."""
        return self.fit(rgb, detection).landmarks


def _region(detection: Detection, side: int) -> NDArray[np.float64]:
    """Affine map [2, 3] from the image to the network's square, eyes level, box centred."""
    x, y, width, height = detection.box
    (right_x, right_y), (left_x, left_y) = detection.keypoints[:2].tolist()
    angle = math.atan2(left_y - right_y, left_x - right_x)
    scale = side / (ROI_SCALE * max(width, height))
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    centre_x, centre_y = x + width / 2, y + height / 2
    return np.array(
        [
            [cos, sin, side / 2 - cos * centre_x - sin * centre_y],
            [-sin, cos, side / 2 + sin * centre_x - cos * centre_y],
        ]
    )


def _to_image(points: NDArray[np.float32], to_crop: NDArray[np.float64]) -> NDArray[np.float32]:
    back = cv2.invertAffineTransform(to_crop)
    depth = points[:, 2:] * math.hypot(back[0, 0], back[1, 0])
    return np.asarray(np.concatenate([points[:, :2] @ back[:, :2].T + back[:, 2], depth], axis=1), np.float32)
