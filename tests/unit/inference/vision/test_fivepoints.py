"""The tree walk on a predictor small enough to follow by hand, and the real one where it is provisioned."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from landseal.inference.models.converters.dlib_shape import pack_npz
from landseal.inference.vision.fivepoints import WEIGHTS, FivePointPredictor, dlib_box

START = np.array([(0.8, 0.3), (0.6, 0.3), (0.2, 0.3), (0.4, 0.3), (0.5, 0.7)], np.float32)


def predictor(folder: Path) -> FivePointPredictor:
    """One tree of depth two: left at every split when the first probe is brighter than the second by more than 10."""
    leaves = np.zeros((1, 1, 4, 10), np.float32)
    leaves[0, 0, :, 0] = (0.1, 0.2, 0.3, 0.4)  # moves the first point sideways by the number of the leaf
    arrays: dict[str, NDArray[Any]] = {
        "initial_shape": START,
        "anchors": np.array([[0, 4]], np.int32),
        "deltas": np.zeros((1, 2, 2), np.float32),
        "split_first": np.zeros((1, 1, 3), np.int16),
        "split_second": np.ones((1, 1, 3), np.int16),
        "split_threshold": np.array([[[10, 100, 0]]], np.float32),
        "leaves": leaves,
    }
    (folder / WEIGHTS).write_bytes(pack_npz(arrays))
    return FivePointPredictor(folder)


@pytest.mark.parametrize(("first", "second", "moved"), [(200, 0, 0.1), (50, 0, 0.2), (5, 0, 0.3), (0, 50, 0.4)])
def test_differences_of_pixels_choose_the_leaf(tmp_path: Path, first: int, second: int, moved: float) -> None:
    rgb = np.zeros((100, 100, 3), np.uint8)
    rgb[30, 80], rgb[70, 50] = first, second
    points = predictor(tmp_path).points_in_dlib_box(rgb, (0, 0, 100, 100))
    assert points[0] == pytest.approx((100 * (0.8 + moved), 30), abs=1e-3)
    assert points[1:] == pytest.approx(100 * START[1:], abs=1e-3)


def test_pixels_outside_the_image_are_black(tmp_path: Path) -> None:
    rgb = np.full((10, 10, 3), 255, np.uint8)
    points = predictor(tmp_path).points_in_dlib_box(rgb, (500, 500, 100, 100))
    assert points[0] == pytest.approx((500 + 100 * 1.2, 530), abs=1e-3)


@pytest.mark.parametrize("box", [(0, 0, 0, 10), (0, 0, 10, -1), (float("nan"), 0, 10, 10), (0, 0, float("inf"), 1)])
def test_a_box_without_area_is_refused(tmp_path: Path, box: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="area"):
        predictor(tmp_path).points(np.zeros((10, 10, 3), np.uint8), box)


def test_a_blazeface_box_is_moved_up_and_kept_square() -> None:
    x, y, width, height = dlib_box((100, 100, 200, 200))
    assert (x + width / 2, width) == (200, height)
    assert (y + height / 2, width) == pytest.approx((194, 199))


def test_missing_or_foreign_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FivePointPredictor(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(pack_npz({"other": np.zeros(3)}))
    with pytest.raises(ValueError, match="not a shape predictor"):
        FivePointPredictor(tmp_path)


@pytest.mark.skipif("LANDSEAL_WEIGHTS" not in os.environ, reason="needs provisioned weights")
def test_the_real_predictor_finds_the_eyes_of_a_portrait_that_every_machine_has() -> None:
    from skimage import data

    rgb = np.asarray(data.astronaut())  # type: ignore[no-untyped-call]  # ships no types
    points = FivePointPredictor(Path(os.environ["LANDSEAL_WEIGHTS"])).points(rgb, (168, 85, 110, 110))
    assert (np.ptp(points, axis=0) > 20).all()
    assert points[0, 0] > points[1, 0] > points[4, 0] > points[3, 0] > points[2, 0]
