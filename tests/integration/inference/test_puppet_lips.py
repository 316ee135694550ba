"""The puppet before the real networks: what it fools, which the product's marks and policies must make up for."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from support.faces import astronaut, hopper, silent_weights, weights

from landseal.clients.cameras.puppet import Puppet
from landseal.inference.challenges.base import ChallengeReason
from landseal.inference.challenges.lip_shapes import LipInstruction, draw, judge, plan
from landseal.inference.vision.cutter import FaceCutter
from landseal.inference.vision.embedder import Embedder
from landseal.inference.vision.frame import FrameReader
from landseal.inference.vision.silent import SilentLiveness

pytestmark = pytest.mark.engines

PORTRAITS = {"astronaut": astronaut, "hopper": hopper}


@cache
def reader() -> FrameReader:
    return FrameReader(weights())


def puppet(name: str) -> Puppet:
    portrait = PORTRAITS[name]()
    landmarks = reader().read_rgb(portrait).landmarks
    assert landmarks is not None
    return Puppet(portrait, landmarks)


def filmed(name: str, asked: LipInstruction, seed: int) -> list[bytes]:
    actions = [(action.shape.value, action.hold_ms) for action in asked.actions]
    return puppet(name).perform(actions, plan(asked).frame_times_ms, random.Random(seed))


def mesh(frames: list[bytes]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    found = [reader().read(frame).landmarks for frame in frames]
    nothing = np.full((468, 3), np.nan, np.float32)
    points = np.stack([nothing if landmarks is None else landmarks for landmarks in found])
    return points, np.array([landmarks is not None for landmarks in found])


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("seed", range(2))
def test_the_puppet_follows_instructions(name: str, seed: int) -> None:
    asked = draw(random.Random(seed))
    points, valid = mesh(filmed(name, asked, seed))
    assert judge(asked, points, plan(asked).frame_times_ms, valid).passed


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_still_portrait_with_new_noise_has_no_lip_motion(name: str) -> None:
    asked = draw(random.Random(4))
    count = len(plan(asked).frame_times_ms)
    still = puppet(name).perform([], [0] * count, random.Random(1))
    points, valid = mesh(still)
    found = judge(asked, points, plan(asked).frame_times_ms, valid)
    assert found.reason == ChallengeReason.LIP_MOTION_ABSENT


@pytest.mark.parametrize("name", PORTRAITS)
def test_the_puppet_is_recognised_as_its_portrait(name: str) -> None:
    asked, cutter, embedder = draw(random.Random(5)), FaceCutter(weights()), Embedder(weights())
    frames = filmed(name, asked, 5)
    cuts = [cutter.cut(frame, reader().read(frame).box) for frame in frames[:: max(1, len(frames) // 6)]]
    chips = np.stack([cut.chip for cut in cuts if cut is not None])
    own = cutter.cut_rgb(PORTRAITS[name](), reader().read_rgb(PORTRAITS[name]()).box)
    assert own is not None
    fused = embedder.embed_with_mirror(chips).mean(0)
    assert float(np.linalg.norm(fused - embedder.embed_with_mirror(own.chip[None])[0])) < 0.35


@pytest.mark.parametrize("name", PORTRAITS)
def test_the_silent_networks_alone_do_not_stop_the_puppet(name: str) -> None:
    """Documents a limit: whoever relies on the silent networks against animated portraits is wrong."""
    folder = silent_weights()
    asked, cutter, silent = draw(random.Random(6)), FaceCutter(folder), SilentLiveness(folder)
    cuts = [cutter.cut(frame, reader().read(frame).box) for frame in filmed(name, asked, 6)]
    live = silent.live(np.stack([cut.crops for cut in cuts if cut is not None]))
    assert float(np.median(live)) >= 0.5
