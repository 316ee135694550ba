from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from support.faces import astronaut, lit

from landseal.inference.vision.quality import head_pose, quality

BOX = (178.0, 81.0, 94.0, 94.0)
UPRIGHT = {33: (-30, 0, 0), 263: (30, 0, 0), 10: (0, -50, 0), 152: (0, 50, 0)}


def head(yaw: float = 0, pitch: float = 0, roll: float = 0) -> NDArray[np.float32]:
    """A mesh whose four pose points are turned: image x right, y down, z away from the camera."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    mesh = np.zeros((468, 3), np.float32)
    for index, point in UPRIGHT.items():
        mesh[index] = about_z @ about_y @ about_x @ np.array(point)
    return mesh


@pytest.mark.parametrize("angle", [-35, -10, 0, 10, 35])
def test_pose_follows_the_head(angle: float) -> None:
    assert head_pose(head(yaw=angle)) == pytest.approx((angle, 0, 0), abs=0.01)
    assert abs(head_pose(head(pitch=angle))[1]) == pytest.approx(abs(angle), abs=0.01)
    assert head_pose(head(roll=angle)) == pytest.approx((0, 0, angle), abs=0.01)


def test_looking_up_is_positive_pitch() -> None:
    mesh = head()
    mesh[10, 2], mesh[152, 2] = 20, -20  # the forehead goes back, the chin comes forward
    assert head_pose(mesh)[1] > 10


def test_a_mesh_without_extent_has_angles_and_no_error() -> None:
    assert np.isfinite(head_pose(np.zeros((468, 3), np.float32))).all()


def test_blur_lowers_sharpness_and_light_moves_brightness() -> None:
    plain = quality(astronaut(), BOX, head())
    blurred = quality(cv2.GaussianBlur(astronaut(), (0, 0), 3).astype(np.uint8), BOX, head())
    assert blurred.sharpness < plain.sharpness / 5
    assert quality(lit(astronaut(), 0.4), BOX, head()).brightness == pytest.approx(plain.brightness * 0.4, rel=0.05)
    assert plain.face_px == 94


@pytest.mark.parametrize("box", [(-60, -60, 90, 90), (500, 500, 90, 90), (0, 0, 0, 0), (-200, -200, 50, 50)])
def test_a_box_over_the_edge_is_measured_where_it_lies_inside(box: tuple[float, float, float, float]) -> None:
    measured = quality(astronaut(), box, head())
    assert np.isfinite([measured.sharpness, measured.brightness]).all()
