"""How far two embeddings lie apart. A threshold belongs to one metric, so the calibration names it."""

from __future__ import annotations

import enum
import math

import numpy as np
from numpy.typing import NDArray


class Metric(enum.StrEnum):
    """Distances between embeddings, none with a unit."""

    UNIT = "euclidean-unit"
    """Euclidean after scaling both to length one, 0..2. On LFW's development set, mirrored, FNMR at FMR 1e-4 is 13.8 %
    by this and 18.8 % by the plain distance."""
    EUCLIDEAN = "euclidean"
    """Plain Euclidean, dlib's own."""


def prepared(embeddings: NDArray[np.float32 | np.float64], metric: Metric) -> NDArray[np.float64]:
    """Rows [N, D] such that the plain Euclidean distance between two of them is the metric's.

    Raises:
        ValueError: a value is not finite, or a row of zeros is to be scaled.
    """
    rows = np.asarray(embeddings, np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (metric is Metric.UNIT and (lengths <= 0).any()):
        raise ValueError("an embedding is not finite or has no length")
    return rows / lengths if metric is Metric.UNIT else rows


def distance(a: NDArray[np.float32 | np.float64], b: NDArray[np.float32 | np.float64], metric: Metric) -> float:
    """The distance of two embeddings [D]; infinite when either is not finite or has no length, so that it never
    matches.
    """
    try:
        first, second = prepared(np.stack([a, b]), metric)
    except ValueError:
        return math.inf
    found = float(np.linalg.norm(first - second))
    return found if math.isfinite(found) else math.inf
