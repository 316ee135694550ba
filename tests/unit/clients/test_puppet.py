"""The puppet without any weights: a drawn face and landmarks made of numbers."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest
from support.lips import Person, instruction, perform

from landseal.clients.cameras.puppet import Performance, Pose, Puppet, Rendering
from landseal.inference.challenges.lip_instruction import plan

ASKED = instruction("OPEN800 ROUND1000 SPREAD600 CLOSED1200 ROUND800")
ACTIONS = [(action.shape.value, action.hold_ms) for action in ASKED.actions]
TIMES = plan(ASKED).frame_times_ms


@pytest.fixture(scope="module")
def puppet() -> Puppet:
    face = perform(ASKED, Person(noise=0.0), times=[0.0])[0]
    noise = np.random.default_rng(1).integers(60, 200, (48, 64, 3), dtype=np.uint8)
    return Puppet(np.asarray(cv2.resize(noise, (640, 480), interpolation=cv2.INTER_CUBIC), np.uint8), face)


def test_frames_are_jpegs_of_the_stated_size_and_all_differ(puppet: Puppet) -> None:
    frames = puppet.perform(ACTIONS, TIMES[:8], random.Random(1))
    assert len(set(frames)) == 8
    for data in frames:
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (480, 640, 3)


def test_the_same_draw_gives_the_same_frames(puppet: Puppet) -> None:
    first, second = (puppet.perform(ACTIONS, TIMES[:3], random.Random(7)) for _ in range(2))
    assert first == second
    assert first != puppet.perform(ACTIONS, TIMES[:3], random.Random(8))


def test_shapes_change_the_face_and_leave_the_far_background(puppet: Puppet) -> None:
    relaxed, opened = puppet.render({}), puppet.render({"OPEN": 1.0})
    assert (relaxed != opened).any()
    assert (relaxed[:, :40] == opened[:, :40]).all()


def test_the_head_moves_as_the_pose_says(puppet: Puppet) -> None:
    straight, shifted = puppet.render({}), puppet.render({}, Pose(dx=10.0))
    assert np.abs(straight[:, 100:500].astype(int) - shifted[:, 110:510]).mean() < 1.0


def test_a_performance_begins_relaxed_and_holds_each_shape() -> None:
    motion = Performance.draw(ACTIONS, 600, TIMES, random.Random(3))
    assert motion.weights(0) == {}
    for start, action in zip(ASKED.starts_ms(), ASKED.actions, strict=True):
        held = motion.weights(start + 450.0)
        assert max(held, key=lambda name: held[name]) == action.shape.value
        assert 0.85 < held[action.shape.value] < 1.15


def test_a_puppet_without_a_face_is_refused() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    for landmarks in (np.zeros((468, 3)), np.full((468, 3), np.nan), np.zeros((5, 3))):
        with pytest.raises(ValueError, match="landmarks"):
            Puppet(picture, landmarks.astype(np.float32))


def test_another_canvas_is_kept() -> None:
    face = perform(ASKED, Person(noise=0.0), times=[0.0])[0]
    portrait = np.zeros((480, 640, 3), np.uint8)
    assert Puppet(portrait, face, Rendering(width=480, height=640)).render({}).shape == (640, 480, 3)
