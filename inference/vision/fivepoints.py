"""dlib's five-point shape predictor in NumPy: the points with which the embedding network was trained.

Algorithm: Kazemi and Sullivan, "One Millisecond Face Alignment with an Ensemble of Regression Trees" (CVPR 2014), in
the arithmetic of dlib's ``shape_predictor.h``. The predictor expects the boxes of dlib's own detector; BlazeFace's
boxes are moved and scaled to them first. On 386 photographs and with dlib's boxes, 95 % of the results equalled dlib
19.24's rounded points and none lay more than one pixel off.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WEIGHTS = "dlib_five_points.npz"

BOX_SHIFT = (0.0, -0.03)
"""From the centre of BlazeFace's box to that of dlib's, in sides of the box: the mean over 386 photographs of LFW's
development set on which dlib 19.24's own detector was run too ((0.018, -0.032), with the sideways part left out because
faces have no preferred side). Single boxes differ by 0.09 and 0.06 (standard deviation)."""
BOX_SCALE = 0.995
"""Side of dlib's box over BlazeFace's, from the same measurement (standard deviation 0.1). Recognition hardly depends
on either: FNMR stayed within 1.2 points for scales from 0.9 to 1.1 and shifts from -0.15 to 0."""

Grey = NDArray[np.int16]


class FivePointPredictor:
    """Finds five points in a face box: subject's left eye outer, inner, right eye outer, inner, nose base.

    Points are complex numbers inside (x + iy), so that turning and scaling is one multiplication. Thread-safe.
    """

    def __init__(self, weights_dir: Path) -> None:
        """Loads the converted predictor from ``weights_dir``.

        Raises:
            FileNotFoundError: the weights are missing.
            ValueError: the file holds another thing than a five-point predictor.
        """
        path = weights_dir / WEIGHTS
        with np.load(path, allow_pickle=False) as arrays:
            try:
                self._start = _complex(arrays["initial_shape"])
                self._anchors, self._offsets = arrays["anchors"].astype(np.intp), _complex(arrays["deltas"])
                first, second = arrays["split_first"], arrays["split_second"]
                threshold, leaves = arrays["split_threshold"], arrays["leaves"]
            except KeyError as error:
                raise ValueError(f"{path.name} is not a shape predictor") from error
        if self._start.shape != (5,):
            raise ValueError(f"{path.name} does not predict five points")
        cascades, trees, self._splits = first.shape
        self._depth = int(self._splits).bit_length()
        self._roots = np.arange(trees) * self._splits
        self._first, self._second = (split.reshape(cascades, -1).astype(np.intp) for split in (first, second))
        self._threshold = threshold.reshape(cascades, -1)
        self._leaves = _complex(leaves.reshape(cascades, trees * (self._splits + 1), 5, 2))
        self._first_leaves = np.arange(trees) * (self._splits + 1)

    def points(self, rgb: NDArray[np.uint8], box: tuple[float, float, float, float]) -> NDArray[np.float32]:
        """The five points of the face in BlazeFace's ``box`` (x, y, width, height), float32 [5,2] in pixels of ``rgb``.

        Raises:
            ValueError: the box has no area or is not finite.
        """
        if min(box[2:]) <= 0:
            raise ValueError("the face box has no area")
        return self.points_in_dlib_box(rgb, dlib_box(box))

    def points_in_dlib_box(self, rgb: NDArray[np.uint8], box: tuple[float, float, float, float]) -> NDArray[np.float32]:
        """The same for a box as dlib's detector draws it; the box's last pixel lies one behind x + width."""
        if not np.isfinite(box).all() or min(box[2:]) <= 0:
            raise ValueError("the face box has no area")
        frame = _Frame(rgb, box)
        shape = self._start
        for cascade in range(len(self._first)):
            turn = _turn(self._start, shape)
            probes = turn * self._offsets[cascade] + shape.take(self._anchors[cascade])
            shape = shape + self._increment(cascade, frame.grey_at(probes))
        return np.stack(frame.pixels(shape), axis=1).astype(np.float32)

    def _increment(self, cascade: int, grey: Grey) -> NDArray[np.complex128]:
        """Sum of the leaves that all trees of one cascade reach, complex [5]."""
        first, second, threshold = self._first[cascade], self._second[cascade], self._threshold[cascade]
        node = np.zeros_like(self._roots)
        for _ in range(self._depth):
            split = self._roots + node
            left = grey.take(first.take(split)) - grey.take(second.take(split)) > threshold.take(split)
            node = 2 * node + 2 - left
        reached = self._leaves[cascade].take(self._first_leaves + node - self._splits, axis=0)
        return np.asarray(reached.sum(axis=0))


class _Frame:
    """An image and a box in it: unit square in, pixels out."""

    def __init__(self, rgb: NDArray[np.uint8], box: tuple[float, float, float, float]) -> None:
        self._height, self._width = rgb.shape[:2]
        self._flat = np.ascontiguousarray(rgb).reshape(-1)
        self._x, self._y, self._box_width, self._box_height = box

    def pixels(self, points: NDArray[np.complex128]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return points.real * self._box_width + self._x, points.imag * self._box_height + self._y

    def grey_at(self, points: NDArray[np.complex128]) -> Grey:
        """Grey at the nearest pixels, zero outside; dlib's grey is the whole third of the three channels' sum."""
        x, y = self.pixels(points)
        columns, rows = np.floor(x + 0.5).astype(np.intp), np.floor(y + 0.5).astype(np.intp)
        inside = (columns >= 0) & (columns < self._width) & (rows >= 0) & (rows < self._height)
        places = 3 * np.where(inside, rows * self._width + columns, 0)
        red, green, blue = (self._flat.take(places + channel).astype(np.int16) for channel in range(3))
        return np.asarray((red + green + blue) // np.int16(3) * inside, np.int16)


def dlib_box(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """The box that dlib's detector would draw for a BlazeFace box (x, y, width, height), in the same pixels."""
    x, y, width, height = box
    side = BOX_SCALE * (width + height) / 2
    centre_x = x + width * (0.5 + BOX_SHIFT[0])
    centre_y = y + height * (0.5 + BOX_SHIFT[1])
    return centre_x - side / 2, centre_y - side / 2, side, side


def _complex(points: NDArray[np.float32]) -> NDArray[np.complex128]:
    return np.asarray(points[..., 0] + 1j * points[..., 1], np.complex128)


def _turn(source: NDArray[np.complex128], target: NDArray[np.complex128]) -> complex:
    """Rotation and scale of the least-squares similarity from one shape to another."""
    z = source - source.sum() / source.size
    return complex(np.vdot(z, target)) / float(np.vdot(z, z).real)
