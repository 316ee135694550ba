"""Instructions that are known beforehand."""

from __future__ import annotations

import random

import numpy as np
from support.lips import Person, perform

from landseal.inference.challenges.lip_shapes import LipShapes
from landseal.inference.challenges.seeded import UnsafeSeededChallenge, seeded_instructions


def test_the_known_instructions_are_issued_in_turn_whatever_the_generator() -> None:
    known = seeded_instructions(LipShapes(), 7, 3)
    challenge = UnsafeSeededChallenge(LipShapes(), 7, 3)
    assert tuple(challenge.draw(random.SystemRandom()) for _ in range(6)) == known + known
    assert len(set(known)) == 3


def test_it_judges_no_milder_than_the_challenge_inside() -> None:
    known = seeded_instructions(LipShapes(), 7, 2)
    challenge = UnsafeSeededChallenge(LipShapes(), 7, 2)
    points = np.asarray(perform(known[0], Person()), np.float32)
    times, valid = challenge.plan(known[0]).frame_times_ms, np.ones(len(points), np.bool_)
    assert challenge.judge(known[0], points, times, valid) == LipShapes().judge(known[0], points, times, valid)
    assert not challenge.judge(known[1], points, times, valid).passed
