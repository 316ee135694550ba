"""Lip features from FaceMesh points: how open, how wide, how round, free of the head's size, place and pose.

All lengths are distances in three dimensions between mesh points (FaceMesh gives z at about the scale of x), divided by
the distance between the eye centres: neither moving, scaling nor turning the head changes them, as far as the mesh's
depth is true.

Indices are those of MediaPipe's face mesh (``face_mesh_connections.py``: FACEMESH_LIPS, FACEMESH_LEFT_EYE,
FACEMESH_RIGHT_EYE, FACEMESH_FACE_OVAL); "left" and "right" are the person's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
AnyFloats = NDArray[np.floating[Any]]

RIGHT_EYE, LEFT_EYE = (33, 133), (362, 263)
"""Corners of each eye; their middle is the eye centre. Corners do not move with blinking or gaze."""
UPPER_MIDDLE, LOWER_MIDDLE = 13, 14
"""Middles of the inner edges of the lips."""
RIGHT_CORNER, LEFT_CORNER = 61, 291
"""Outer corners of the mouth."""
OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
"""Outer edge of the lips, round once."""
INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
"""Inner edge of the lips, round once."""
STEADY = (33, 133, 362, 263, 168, 6, 197, 195, 5, 98, 327, 10, 109, 338, 67, 297, 151, 9, 127, 356, 234, 454)
"""Points that neither speech nor blinking moves: eye corners, nose bridge, nostrils, forehead, temples."""


@dataclass(frozen=True)
class LipFeatures:
    """Per frame, float64 [N]; NaN where the landmarks were not finite or held no face. The unit is the eye distance."""

    opening: Floats
    """Gap between the inner edges of the lips, at their middle."""
    width: Floats
    """Distance of the corners of the mouth."""
    height: Floats
    """Distance of the outer edges of the lips, at their middle."""
    roundness: Floats
    """Isoperimetric quotient of the outer edge, 4 pi area / perimeter squared: 1 for a circle, 0.4 for relaxed lips."""
    area: Floats
    """Area between the inner edges, in squared eye distances."""


def eye_distance(landmarks: AnyFloats) -> Floats:
    """Distance between the eye centres, float64 [N], of landmarks [N, 468, 3]; NaN where it is not positive."""
    points = np.asarray(landmarks, np.float64)
    right, left = points[:, RIGHT_EYE].mean(1), points[:, LEFT_EYE].mean(1)
    distance = np.linalg.norm(left - right, axis=-1)
    return np.where(np.isfinite(distance) & (distance > 1e-6), distance, np.nan)


def lip_features(landmarks: AnyFloats) -> LipFeatures:
    """Measures the lips in every frame.

    Args:
        landmarks: FaceMesh points, [N, 468, 3], pixels; a frame without a face may hold NaN.

    Raises:
        ValueError: the shape is another.
    """
    points = _checked(landmarks)
    points = points / eye_distance(points)[:, None, None]
    outer, inner = points[:, OUTER], points[:, INNER]
    perimeter = np.linalg.norm(np.roll(outer, -1, 1) - outer, axis=-1).sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        roundness = 4 * np.pi * _area(outer) / perimeter**2
    return LipFeatures(
        opening=_apart(points, UPPER_MIDDLE, LOWER_MIDDLE),
        width=_apart(points, RIGHT_CORNER, LEFT_CORNER),
        height=_apart(points, 0, 17),
        roundness=roundness,
        area=_area(inner),
    )


def steady_heads(landmarks: AnyFloats) -> Floats:
    """The burst with the head's movement taken out, float64 [N, 468, 3], in eye distances.

    Every frame is laid onto the mean of the burst by shift, rotation and scale (least squares over :data:`STEADY`;
    Kabsch 1976, scale by Umeyama 1991). What remains is the face itself: its identity, its expression and noise.

    Raises:
        ValueError: the shape is another, or a value is not finite.
    """
    return _stilled(landmarks, list(range(468)), list(STEADY))


def steady_points(landmarks: AnyFloats) -> Floats:
    """The points :data:`STEADY` of :func:`steady_heads`, float64 [N, 22, 3], without computing the others."""
    return _stilled(landmarks, list(STEADY), list(range(len(STEADY))))


def _stilled(landmarks: AnyFloats, kept: list[int], steady: list[int]) -> Floats:
    """Lays the kept points onto their mean; ``steady`` tells where among them those of :data:`STEADY` are."""
    points = _checked(landmarks)
    if not np.isfinite(points).all():
        raise ValueError("landmarks are not finite")
    if len(points) == 0:
        return points[:, kept]
    points = points[:, kept] / np.nan_to_num(eye_distance(points), nan=1.0)[:, None, None]
    for _ in range(2):
        target = points[:, steady].mean(0)
        points = _laid_onto(points, points[:, steady], target - target.mean(0))
    return points


def _laid_onto(points: Floats, steady: Floats, target: Floats) -> Floats:
    middle = steady.mean(1, keepdims=True)
    own = steady - middle
    left, sizes, right = np.linalg.svd(np.einsum("nki,kj->nij", own, target))
    # A mirror image is no rotation: flip the least certain axis where the best orthogonal matrix would mirror.
    sign = np.where(np.linalg.det(left @ right) < 0, -1.0, 1.0)
    sizes[:, 2] *= sign
    left[:, :, 2] *= sign[:, None]
    scale = sizes.sum(1) / np.maximum((own**2).sum((1, 2)), 1e-12)
    return np.asarray(scale[:, None, None] * (points - middle) @ (left @ right), np.float64)


def _checked(landmarks: AnyFloats) -> Floats:
    points = np.asarray(landmarks, np.float64)
    if points.ndim != 3 or points.shape[1:] != (468, 3):
        raise ValueError("landmarks must be [N, 468, 3]")
    return points


def _apart(points: Floats, a: int, b: int) -> Floats:
    return np.asarray(np.linalg.norm(points[:, a] - points[:, b], axis=-1), np.float64)


def _area(ring: Floats) -> Floats:
    """Area of nearly flat closed polygons [N, K, 3]: length of the vector area (half the sum of cross products)."""
    centred = ring - ring.mean(1, keepdims=True)
    return np.asarray(np.linalg.norm(np.cross(centred, np.roll(centred, -1, 1)).sum(1), axis=-1) / 2, np.float64)
