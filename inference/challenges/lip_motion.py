"""Whether the frames of a burst are one real movement: times, presence, repetition, continuity; whatever was asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landseal.inference.challenges.base import CapturePlan
from landseal.inference.vision.lips import STEADY, AnyFloats, eye_distance, steady_points

Floats = NDArray[np.float64]

SPACING_MS = (80, 500)
"""Bounds on the time between two frames: the plan says 200; two lost frames in a row are too many."""
FIRST_FRAME_MS = 400
"""The first frame comes no later than this after the beginning."""
END_MS = (-300, 900)
"""How much before and after the planned end the last frame may come."""
LEAST_VALID_SHARE = 0.8
LONGEST_GAP_MS = 700
ABSENT_RANGE = 0.06
"""Range (5th to 95th percentile) of opening (eye distances) and of log width below which lips did not move.

Measured: moved, re-encoded, brightened photographs 0.01 to 0.03; speech at least 0.07.
"""
EXACT, ALIKE, MOST_ALIKE = 1e-4, 1.5e-3, 2
"""Root mean square distance of two meshes, in eye distances: under EXACT two frames are one; under ALIKE they differ
only by re-encoding (measured 0.0011 to 0.0014; different frames of people 0.005 and more), as no more than MOST_ALIKE
frames may."""
JUMP_SHAPE, JUMP_PLACE, JUMP_SCALE = 0.042, 0.8, 1.3
"""Changes that no head makes within one frame time: of the face's own shape (root mean square over the steady points,
eye distances, medians of three frames before and after; measured 0.010 to 0.032 within, median 0.046 across people), of
its place (eye distances) and of its size (factor)."""
ROUGHEST = 0.65
"""Upper bound of von Neumann's ratio (half the mean squared step over the variance: 1 minus the lag-1 autocorrelation);
300 simulated performances 0.09 to 0.50, the same shuffled 0.60 (first percentile) and more, 1.04 in the median."""


def plausible_times(times_ms: Sequence[int], plan: CapturePlan) -> bool:
    """Strictly increasing, neither bunched nor gappy, and over the whole time of the plan."""
    times = np.asarray(list(times_ms), np.float64)
    if times.size < 2 or not np.isfinite(times).all():
        return False
    steps = np.diff(times)
    return bool(
        0 <= times[0] <= FIRST_FRAME_MS
        and steps.min() >= SPACING_MS[0]
        and steps.max() <= SPACING_MS[1]
        and END_MS[0] <= times[-1] - plan.duration_ms <= END_MS[1]
    )


def enough_frames(times: Floats, plan: CapturePlan) -> bool:
    """Whether the usable frames, at ``times`` (ms), are nearly all that were planned, without a long gap."""
    if len(times) < max(2, LEAST_VALID_SHARE * len(plan.frame_times_ms)):
        return False
    gaps = np.diff(np.concatenate([[0.0], times, [max(float(plan.duration_ms), float(times[-1]))]]))
    return bool(gaps.max() <= LONGEST_GAP_MS)


def lips_moved(opening: Floats, width: Floats) -> bool:
    """Whether opening or width, float64 [N] in eye distances, changed more than they do in a photograph."""
    low, high = np.percentile(np.stack([opening, np.log(width)], 1), [5, 95], axis=0)
    return bool((high - low >= ABSENT_RANGE).any())


def repeated(landmarks: AnyFloats) -> bool:
    """Whether frames occur more than once, exactly or up to re-encoding, anywhere in the burst."""
    points = np.asarray(landmarks, np.float64)[..., :2] / eye_distance(landmarks)[:, None, None]
    flat = points.reshape(len(points), -1)
    squares = (flat**2).sum(1)
    between = np.maximum(squares[:, None] + squares[None] - 2 * flat @ flat.T, 0.0) / points.shape[1]
    distance = np.sqrt(between) + np.where(np.eye(len(points), dtype=bool), np.inf, 0.0)
    nearest = distance.min(1)
    # The Gram form loses digits far from the origin: near zeros are measured again.
    nearest = np.array(
        [_distance(points, i, int(distance[i].argmin())) if d < 0.01 else d for i, d in enumerate(nearest)]
    )
    return not bool(nearest.min() >= EXACT and (nearest < ALIKE).sum() <= MOST_ALIKE)


def _distance(points: Floats, i: int, j: int) -> float:
    return float(np.sqrt(((points[i] - points[j]) ** 2).sum(-1).mean()))


def roughness(series: Floats) -> float:
    """Von Neumann's ratio of a scaled series, float64 [N, 2], over both features; infinite where nothing varies."""
    variance = ((series - series.mean(0)) ** 2).mean(0).sum()
    if not variance > 1e-9:
        return float("inf")
    return float((np.diff(series, axis=0) ** 2).mean(0).sum() / (2 * variance))


def head_jumps(landmarks: AnyFloats, opening: Floats) -> bool:
    """Whether head or face changes from one frame to the next as no head can."""
    points = np.asarray(landmarks, np.float64)
    size = eye_distance(points)
    centres = points[:, STEADY, :2].mean(1)
    steps = np.linalg.norm(np.diff(centres, axis=0), axis=-1) / size[1:]
    growth = np.abs(np.diff(np.log(size)))
    calm = not bool((steps > JUMP_PLACE).any() or (growth > np.log(JUMP_SCALE)).any())
    return not (calm and shape_step(points, opening) <= JUMP_SHAPE)


def shape_step(landmarks: AnyFloats, opening: Floats) -> float:
    """The largest lasting change of the face's own shape, in eye distances.

    Only frames with nearly closed lips are compared: a dropped jaw changes the whole mesh.
    """
    calm = opening <= np.percentile(opening, 20) + 0.12
    faces = steady_points(landmarks[calm])[..., :2]
    if len(faces) < 6:
        return float("inf")
    first, second, third = faces[:-2], faces[1:-1], faces[2:]
    medians = np.maximum(np.minimum(first, second), np.minimum(np.maximum(first, second), third))
    steps = ((medians[3:] - medians[:-3]) ** 2).sum(-1).mean(-1)
    return float(np.sqrt(steps.max()))
