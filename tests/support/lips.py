"""Face meshes made of numbers: lips that follow an instruction on a head that sways, without any weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseal.inference.challenges.lip_instruction import LipAction, LipInstruction, LipShape, plan
from landseal.inference.vision import lips

Points = NDArray[np.float32]

EYES = 100.0
"""Pixels between the eye centres."""
TARGETS = {
    LipShape.OPEN: (0.33, 0.0),
    LipShape.ROUND: (0.05, -0.21),
    LipShape.SPREAD: (0.01, 0.11),
    LipShape.CLOSED: (0.0, 0.0),
}
"""Opening and log width beyond the relaxed mouth."""


@dataclass(frozen=True)
class Person:
    """How somebody performs."""

    seed: int = 1
    strength: float = 1.0
    late_ms: float = 120.0
    noise: float = 0.3
    relaxed: tuple[float, float] = (0.02, 0.8)
    """Opening and width of the relaxed mouth, in eye distances."""


def instruction(text: str) -> LipInstruction:
    """For example ``OPEN600 ROUND800 ...``."""
    return LipInstruction.decode("lips1:" + ",".join(text.split()))


def perform(asked: LipInstruction, person: Person | None = None, times: Sequence[float] | None = None) -> Points:
    """Landmarks, float32 [N, 468, 3], of a person who follows the instruction at the planned (or given) times."""
    person = person or Person()
    random = np.random.default_rng(person.seed)
    face = _face(person.seed)
    frames = []
    for t in times if times is not None else plan(asked).frame_times_ms:
        opening, stretch = _lips_at(asked.actions, asked.starts_ms(), t - person.late_ms, person.strength)
        width = person.relaxed[1] * math.exp(stretch)
        frames.append(_swayed(_with_mouth(face, person.relaxed[0] + opening, width), t))
    points = np.stack(frames)
    return (points + random.normal(0, person.noise, points.shape)).astype(np.float32)


def turned(points: Points, degrees: float) -> Points:
    """The same heads turned about the vertical axis."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.asarray(points @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T, np.float32)


def every_frame(points: Points, keep: Callable[[int], bool] = lambda index: True) -> NDArray[np.bool_]:
    """Which frames are valid."""
    return np.array([keep(index) for index in range(len(points))], np.bool_)


def _lips_at(actions: Sequence[LipAction], starts: Sequence[int], t: float, strength: float) -> tuple[float, float]:
    value = np.zeros(2)
    for action, start in zip(actions, starts, strict=True):
        share = min(1.0, max(0.0, (t - start) / 150.0))
        value = value * (1 - share) + np.array(TARGETS[action.shape]) * strength * share
    return float(value[0]), float(value[1])


def _face(seed: int) -> NDArray[np.float64]:
    """A mesh in eye distances, origin between the eyes, y down; every seed is another person."""
    random = np.random.default_rng(1000 + seed)
    face = random.uniform((-0.9, -0.9, -0.3), (0.9, 1.6, 0.3), (468, 3))
    for corners, middle in ((lips.RIGHT_EYE, -0.5), (lips.LEFT_EYE, 0.5)):
        face[list(corners)] = [(middle - 0.22, 0.0, 0.0), (middle + 0.22, 0.0, 0.0)]
    return face


def _with_mouth(face: NDArray[np.float64], opening: float, width: float) -> NDArray[np.float64]:
    """Lips as two ellipses about a mouth one eye distance below the eyes."""
    face = face.copy()
    for ring, half_width, half_height in (
        (lips.OUTER, width / 2, 0.13 + opening / 2),
        (lips.INNER, width / 2 - 0.06, opening / 2),
    ):
        angles = math.pi - 2 * math.pi * np.arange(20) / 20
        edge = np.stack([half_width * np.cos(angles), 1.0 - half_height * np.sin(angles), 0 * angles], 1)
        face[list(ring)] = edge
    return face


def _swayed(face: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """The head in pixels, a little elsewhere at every time."""
    roll = 0.02 * math.sin(t / 900)
    turn = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    place = np.array([320 + 6 * math.sin(t / 700 + 1), 200 + 5 * math.sin(t / 500), 0])
    return np.asarray(EYES * (1 + 0.02 * math.sin(t / 1100)) * face @ turn.T + place)
