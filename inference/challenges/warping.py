"""Dynamic time warping with a band in time (Sakoe and Chiba 1978)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """The cheapest path: its mean cost per step, and the pairs (index in a, index in b) along it."""

    cost: float
    path: tuple[tuple[int, int], ...]


def align(costs: Floats, times_a: Floats, times_b: Floats, band_ms: float) -> Alignment | None:
    """Aligns two series whole, from both beginnings to both ends.

    Args:
        costs: float64 [A, B], not negative and finite, cost of putting a's sample i beside b's sample j.
        times_a: float64 [A], ms.
        times_b: float64 [B], ms.
        band_ms: samples further apart in time are never put together.

    Returns:
        None when no path lies within the band, or the input is empty or not finite.
    """
    rows, columns = costs.shape
    if rows == 0 or columns == 0 or not np.isfinite(costs).all():
        return None
    allowed = np.abs(times_a[:, None] - times_b[None, :]) <= band_ms
    total = np.full((rows + 1, columns + 1), math.inf)
    total[0, 0] = 0.0
    for i, j in zip(*np.nonzero(allowed), strict=True):
        before = min(total[i, j], total[i, j + 1], total[i + 1, j])
        total[i + 1, j + 1] = costs[i, j] + before
    if not math.isfinite(total[rows, columns]):
        return None
    path = _trace(total)
    return Alignment(float(total[rows, columns]) / len(path), path)


def _trace(total: Floats) -> tuple[tuple[int, int], ...]:
    """Walks back from the end; on a tie the diagonal wins."""
    i, j = total.shape[0] - 1, total.shape[1] - 1
    path = []
    while i > 0 and j > 0:
        path.append((i - 1, j - 1))
        steps = ((total[i - 1, j - 1], i - 1, j - 1), (total[i - 1, j], i - 1, j), (total[i, j - 1], i, j - 1))
        _, i, j = min(steps, key=lambda step: step[0])
    return tuple(reversed(path))
