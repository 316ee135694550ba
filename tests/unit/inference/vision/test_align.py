from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from support.faces import astronaut

from landseal.inference.vision.align import CHIP_SIDE, MESH_FIVE, dlib_chip, five_from_mesh, live_crops

TEMPLATE = np.array([(0.8596, 0.2135), (0.6461, 0.2290), (0.1206, 0.2137), (0.3341, 0.2291), (0.4901, 0.6278)])
PLACES = (TEMPLATE + 0.25) / 1.5 * 150


def dot(place: NDArray[np.float64], size: int = 800) -> NDArray[np.uint8]:
    """A soft white dot, so that its centre of mass is true to a fraction of a pixel."""
    ys, xs = np.mgrid[:size, :size]
    glow = 255 * np.exp(-((xs - place[0]) ** 2 + (ys - place[1]) ** 2) / (2 * 6.0**2))
    return np.repeat(glow[:, :, np.newaxis], 3, axis=2).astype(np.uint8)


def turned(degrees: float, scale: float, shift: float) -> NDArray[np.float64]:
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray((PLACES - 75) @ turn.T + shift)


@pytest.mark.parametrize("degrees", [0, 17, -40, 180])
@pytest.mark.parametrize("scale", [0.6, 1.0, 1.7, 2.3, 4.1])
def test_five_points_land_on_dlibs_template_at_any_turn_and_size(degrees: float, scale: float) -> None:
    points = turned(degrees, scale, 400)
    for point, place in zip(points[[0, 2, 4]], PLACES[[0, 2, 4]], strict=True):
        chip = dlib_chip(dot(point), points.astype(np.float32))
        assert chip.shape == (CHIP_SIDE, CHIP_SIDE, 3)
        mass = chip[:, :, 0].astype(float)
        found = np.array([(mass.sum(axis=0) @ np.arange(150)), (mass.sum(axis=1) @ np.arange(150))]) / mass.sum()
        assert np.linalg.norm(found - place) < 0.5


def test_a_large_face_is_averaged_not_picked() -> None:
    stripes = np.zeros((800, 800, 3), np.uint8)
    stripes[:, ::2] = 255
    chip = dlib_chip(stripes, turned(0, 4.0, 400).astype(np.float32))
    assert chip[20:-20, 20:-20].std() < 3


def test_points_outside_the_image_give_black_not_an_error() -> None:
    chip = dlib_chip(np.full((100, 100, 3), 255, np.uint8), turned(0, 1.0, 5000).astype(np.float32))
    assert not chip.any()


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan), np.full((5, 2), np.inf)])
def test_points_that_span_no_face_are_refused(points: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="span no face"):
        dlib_chip(astronaut(), points.astype(np.float32))


def test_mesh_gives_dlibs_five_points_in_dlibs_order() -> None:
    mesh = np.zeros((468, 3), np.float32)
    mesh[:, 0] = np.arange(468)
    assert five_from_mesh(mesh)[:, 0].tolist() == [263, 362, 33, 133, 48]
    assert len(MESH_FIVE) == 5


def test_live_crops_are_blue_first_and_show_more_at_the_second_scale() -> None:
    red = np.zeros((400, 400, 3), np.uint8)
    red[:, :, 0] = 200
    red[180:220, 180:220] = (0, 0, 90)
    crops = live_crops(red, (180, 180, 40, 40))
    assert crops.shape == (2, 80, 80, 3)
    assert crops[0, 0, 0].tolist() == [0, 0, 200]
    inside = [(crop[:, :, 0] > 45).sum() for crop in crops]
    assert inside[0] == pytest.approx((80 / 2.7) ** 2, rel=0.15)
    assert inside[1] == pytest.approx((80 / 4.0) ** 2, rel=0.15)


@pytest.mark.parametrize(
    "box", [(-50, -50, 80, 80), (480, 480, 90, 90), (0, 0, 512, 512), (100, 100, 0, 0), (-900, 2000, 9, 9)]
)
def test_live_crops_stay_inside_the_image(box: tuple[float, float, float, float]) -> None:
    assert live_crops(np.full((512, 512, 3), 77, np.uint8), box).min() == 77
