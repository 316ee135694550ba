"""Cuts the squares that the networks want: dlib's aligned chip for recognition, two loose crops for silent liveness."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from landseal.inference.vision.decode import Rgb

CHIP_SIDE = 150
"""Pixels of dlib's face chip."""
CHIP_PADDING = 0.25
"""dlib's padding: the template's unit square is enlarged by this on each side."""
LIVE_SIDE = 80
"""Pixels of a MiniFASNet crop."""
LIVE_SCALES = (2.7, 4.0)
"""Crop over box for MiniFASNetV2 and MiniFASNetV1SE, in this order (named in their weight files)."""
MESH_FIVE = ((263,), (362,), (33,), (133,), (2, 94))
"""FaceMesh points that stand for dlib's five: left eye outer, inner, right eye outer, inner, nose base."""

# dlib/image_transforms/interpolation.h, get_face_chip_details for five points; the subject's left eye lies right here.
_TEMPLATE = np.array(
    [(0.8595674595992, 0.2134981538014), (0.6460604764104, 0.2289674387677), (0.1205750620789, 0.2137274526848),
     (0.3340850613712, 0.2290642403242), (0.4901123135679, 0.6277975316475)]
)  # fmt: skip
_CHIP_POINTS = (_TEMPLATE + CHIP_PADDING) / (1 + 2 * CHIP_PADDING) * CHIP_SIDE


def five_from_mesh(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Approximates dlib's five points from FaceMesh [468, 3]: float32 [5, 2], less accurate than its own predictor."""
    return np.array([landmarks[list(points), :2].mean(axis=0) for points in MESH_FIVE], np.float32)


def dlib_chip(rgb: Rgb, five_points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The face turned and scaled so that its five points [5, 2] meet dlib's template; uint8 [150, 150, 3] RGB.

    Large faces are halved first, as dlib's pyramid does, so that they do not alias. Outside the image is black.

    Raises:
        ValueError: the points coincide or are not finite.
    """
    to_chip = _similarity(np.asarray(five_points, np.float64), _CHIP_POINTS)
    pixels, to_chip = _halved(rgb, to_chip)
    return np.asarray(cv2.warpAffine(pixels, to_chip, (CHIP_SIDE, CHIP_SIDE), flags=cv2.INTER_LINEAR), np.uint8)


def _similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares rotation, scale and shift [2, 3], no reflection (Umeyama 1991; in the plane a complex quotient)."""
    if not np.isfinite(source).all():
        raise ValueError("the five points span no face")
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    z = (source - source_mean) @ (1, 1j)
    w = (target - target_mean) @ (1, 1j)
    spread = float(np.vdot(z, z).real)
    if spread < 1e-6:
        raise ValueError("the five points span no face")
    turn = complex(np.vdot(z, w)) / spread
    matrix = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([matrix, target_mean - matrix @ source_mean])


def _halved(rgb: Rgb, to_chip: NDArray[np.float64]) -> tuple[Rgb, NDArray[np.float64]]:
    """Shrinks the part that the chip shows by the power of two after which a chip pixel covers less than two."""
    halvings = math.floor(-math.log2(math.hypot(to_chip[0, 0], to_chip[1, 0])))
    if halvings < 1:
        return rgb, to_chip
    factor = 2**halvings
    x0, y0, x1, y1 = _shown(rgb, to_chip, margin=2 * factor)
    wide, high = (x1 - x0) // factor, (y1 - y0) // factor
    if wide < 1 or high < 1:
        return rgb, to_chip
    part = rgb[y0 : y0 + high * factor, x0 : x0 + wide * factor]
    # Pixel centres: x_small = (x - x0 - (factor - 1) / 2) / factor.
    shift = np.array([x0, y0]) + (factor - 1) / 2
    matrix = np.column_stack([to_chip[:, :2] * factor, to_chip[:, 2] + to_chip[:, :2] @ shift])
    return np.asarray(cv2.resize(part, (wide, high), interpolation=cv2.INTER_AREA), np.uint8), matrix


def _shown(rgb: Rgb, to_chip: NDArray[np.float64], margin: int) -> tuple[int, int, int, int]:
    """The part of the image that the chip shows, with a margin, cut at the edges: x0, y0, x1, y1."""
    corners = np.array([(0, 0), (CHIP_SIDE, 0), (0, CHIP_SIDE), (CHIP_SIDE, CHIP_SIDE)])
    back = cv2.invertAffineTransform(to_chip)
    points = corners @ back[:, :2].T + back[:, 2]
    low, high = points.min(axis=0), points.max(axis=0)
    x0, y0 = (max(0, math.floor(v) - margin) for v in low)
    x1, y1 = (min(limit, math.ceil(v) + margin) for v, limit in zip(high, rgb.shape[1::-1], strict=True))
    return x0, y0, x1, y1


def live_crops(rgb: Rgb, box: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """Crops for the silent networks, uint8 [2, 80, 80, 3] **BGR**, in the order of :data:`LIVE_SCALES`.

    The box (x, y, width, height in pixels) is scaled about its centre and shifted to stay inside the image
    (Silent-Face-Anti-Spoofing, ``generate_patches.py``).
    """
    crops = [cv2.cvtColor(_loose(rgb, box, scale), cv2.COLOR_RGB2BGR) for scale in LIVE_SCALES]
    return np.stack(crops).astype(np.uint8, copy=False)


def _loose(rgb: Rgb, box: tuple[float, float, float, float], scale: float) -> Rgb:
    height, width = rgb.shape[:2]
    x, y, box_w, box_h = box
    scale = min(scale, (width - 1) / max(box_w, 1.0), (height - 1) / max(box_h, 1.0))
    x0, x1 = _inside(x + box_w / 2, box_w * scale, width - 1)
    y0, y1 = _inside(y + box_h / 2, box_h * scale, height - 1)
    return np.asarray(cv2.resize(rgb[y0 : y1 + 1, x0 : x1 + 1], (LIVE_SIDE, LIVE_SIDE)), np.uint8)


def _inside(centre: float, length: float, last: int) -> tuple[int, int]:
    start = min(max(centre - length / 2, 0.0), max(last - length, 0.0))
    first = min(int(start), last)
    return first, max(first, min(int(start + length), last))
