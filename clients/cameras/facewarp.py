"""The inverse warp behind the puppet: from a pixel of the wanted frame to the place in the portrait that shows there.

Face coordinates: origin between the mouth corners, unit = distance between the eye centres, u along the eyes (towards
the person's left), v down the face. The mouth is narrowed or stretched along u; then each column has knots (nose base,
edges of the lips, chin, neck) that move as the shape wants, and everything between two knots moves linearly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float32]

# FaceMesh indices as in MediaPipe's FACEMESH_LIPS, each from the person's right corner of the mouth to the left.
_UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
_LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
_UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
_LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
# Outer corner, inner corner, middle of the upper lid, middle of the lower lid (FACEMESH_RIGHT_EYE, FACEMESH_LEFT_EYE).
_EYES = ((33, 133, 159, 145), (263, 362, 386, 374))
_NOSE_BASE, _CHIN = 2, 152

RELAXED_CORNER = 0.40
"""Half the distance of the inner corners of a relaxed mouth in eye distances; smiles are relaxed to it."""

SMILE_DROP = 0.35
"""Share by which the raised corners of an open smile are let down."""


@dataclass(frozen=True)
class MouthShape:
    """What a mouth looks like: width as a factor of the relaxed width, gap between the lips in eye distances.

    ``smile`` is the share of the portrait's own gap (the teeth of an open smile) that stays between the lips besides.
    """

    width: float
    gap: float
    smile: float = 0.0


class FaceWarp:
    """The geometry of one portrait and the inverse warp in it."""

    def __init__(self, points: Grid) -> None:
        """Takes FaceMesh points, float32 [468, >=2] in pixels; ValueError when the eyes coincide."""
        flat = points[:, :2].astype(np.float64)
        right, left = flat[list(_EYES[0][:2])].mean(0), flat[list(_EYES[1][:2])].mean(0)
        self.unit = float(np.linalg.norm(left - right))
        if not self.unit > 1.0:
            raise ValueError("the landmarks hold no face")
        self._axis = (left - right) / self.unit
        self.origin = (flat[78] + flat[308]) / 2
        own = self._own(flat)
        self._lips = [own[list(edge)] for edge in (_UPPER_OUTER, _UPPER_INNER, _LOWER_INNER, _LOWER_OUTER)]
        self._corner = float(own[308, 0] - own[78, 0]) / 2
        self._relaxing = min(1.0, RELAXED_CORNER / self._corner)
        self._smile = float(np.clip((own[14, 1] - own[13, 1]) / 0.1, 0.0, 1.0))
        self._middle = float(own[13, 1] + own[14, 1]) / 2
        self._nose, self._chin = float(own[_NOSE_BASE, 1]), float(own[_CHIN, 1])
        self._eyes = [own[list(eye)] for eye in _EYES]

    def _own(self, flat: NDArray[np.float64]) -> Grid:
        u, v = self.to_face(flat[:, 0].astype(np.float32), flat[:, 1].astype(np.float32))
        return np.stack([u, v], 1)

    def to_face(self, x: Grid, y: Grid) -> tuple[Grid, Grid]:
        """Pixels to face coordinates."""
        (c, s), dx, dy = self._axis / self.unit, x - self.origin[0], y - self.origin[1]
        return (dx * c + dy * s).astype(np.float32), (dy * c - dx * s).astype(np.float32)

    def to_pixels(self, u: Grid, v: Grid) -> tuple[Grid, Grid]:
        """Face coordinates to pixels."""
        c, s = self._axis * self.unit
        x, y = u * c - v * s + self.origin[0], u * s + v * c + self.origin[1]
        return x.astype(np.float32), y.astype(np.float32)

    def unwarp(self, u: Grid, v: Grid, mouth: MouthShape, blink: float, turn: float) -> tuple[Grid, Grid, Grid]:
        """Wanted places to source places, and whether (1 or 0) each lies between the lips; grids of equal shape."""
        u = u + turn * np.exp(-(u**2 + (v + 0.4) ** 2) / 0.6)
        u = self._narrow(u, v, self._relaxing * mouth.width)
        source, wanted = self._columns(u, mouth)
        inside = (v > wanted[3]) & (v < wanted[4]) & (np.abs(u) < self._corner)
        v = _between(v, wanted, source)
        if blink > 0:
            v = self._shut(u, v, blink)
        return u.astype(np.float32), v.astype(np.float32), inside.astype(np.float32)

    def _narrow(self, u: Grid, v: Grid, width: float) -> Grid:
        """Undoes a change of the mouth's width: full at the lips, fading over the cheeks, the nose and the chin."""
        factor = 1.0 + (width - 1.0) * np.exp(-(((v - 0.05) / 0.42) ** 2))
        edge = self._corner * factor
        far = self._corner + 0.5
        size = np.abs(u)
        cheek = self._corner + (size - edge) * (far - self._corner) / (far - edge)
        return np.where(size <= edge, u / factor, np.where(size < far, np.sign(u) * cheek, u)).astype(np.float32)

    def _columns(self, u: Grid, mouth: MouthShape) -> tuple[list[Grid], list[Grid]]:
        """Knots along v for each column: where they are in the portrait and where the wanted shape has them."""
        upper_out, upper, lower, lower_out = (np.interp(u, e[:, 0], e[:, 1]).astype(np.float32) for e in self._lips)
        teeth = mouth.smile * np.clip(lower - upper, 0.0, None)
        round_off = np.sqrt(np.clip(1.0 - (u / self._corner) ** 2, 0.0, 1.0))
        cheek = np.exp(-((np.clip(np.abs(u) - self._corner, 0.0, None) / 0.25) ** 2))
        seam = (upper + lower) / 2
        seam = seam + SMILE_DROP * self._smile * cheek * (self._middle - seam)
        rise = seam - teeth / 2 - 0.22 * mouth.gap * round_off - upper
        drop = seam + teeth / 2 + 0.78 * mouth.gap * round_off - lower
        jaw = self._chin + 0.62 * mouth.gap * np.exp(-((u / 0.8) ** 2))
        ones = np.ones_like(u)
        source = [
            ones * self._nose,
            upper_out,
            upper,
            lower,
            lower,
            lower_out,
            ones * self._chin,
            ones * (self._chin + 0.9),
        ]
        edge = upper + rise
        lips = [upper_out + 0.9 * rise, edge, edge + teeth, lower + drop, lower_out + 0.95 * drop]
        return source, [source[0], *lips, jaw, source[-1]]

    def _shut(self, u: Grid, v: Grid, blink: float) -> Grid:
        """Pulls the upper lids down over the eyes by the share ``blink``."""
        for outer, inner, top, bottom in self._eyes:
            middle, half = (outer[0] + inner[0]) / 2, abs(outer[0] - inner[0]) / 2
            lens = np.clip(1.0 - ((u - middle) / half) ** 2, 0.0, 1.0)
            line = (outer[1] + inner[1]) / 2 + 0 * u
            high, low = line + (top[1] - line) * lens, line + (bottom[1] - line) * lens
            source = [high - 0.22, high, low, low + 0.15]
            v = _between(v, [source[0], high + blink * 0.92 * (low - high), low, source[3]], source)
        return v


def _between(v: Grid, wanted: list[Grid], source: list[Grid]) -> Grid:
    """Maps v from the wanted knots back to the source knots, linearly between neighbours, unchanged outside."""
    out = v.copy()
    for i in range(len(wanted) - 1):
        span = np.maximum(wanted[i + 1] - wanted[i], 1e-4)
        share = (v - wanted[i]) / span
        here = (share >= 0) & (share < 1)
        out = np.where(here, source[i] + share * (source[i + 1] - source[i]), out)
    return out
