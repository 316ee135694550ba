"""The stored features of each mouth shape, and the trajectory that an instruction maps to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseal.inference.challenges.lip_instruction import LipInstruction, LipShape

Floats = NDArray[np.float64]

TRANSITION_MS = 150.0
"""Time in which lips go from one shape to the next in the stored trajectory."""


@dataclass(frozen=True)
class LipPrototypes:
    """Where each shape lies, in scaled units: (opening, log width), both relative to the relaxed mouth."""

    scales: tuple[float, float, float]
    """What one scaled unit is: eye distances of opening; natural logarithm of width where lips get narrower; and where
    they get wider, since lips stretch less than they narrow."""
    centres: Mapping[LipShape, tuple[float, float]]
    least: Mapping[LipShape, float]
    """Least movement along the shape's main feature, unscaled; smaller is too small an amplitude."""

    def centre(self, shape: LipShape, gain: float = 1.0) -> Floats:
        """Scaled centre, float64 [2], for a person who moves ``gain`` times as far as the average."""
        return np.asarray(self.centres[shape], np.float64) * gain

    def scaled(self, opening: Floats, log_width: Floats) -> Floats:
        """Opening and log width relative to the relaxed mouth, each float64 [N], in scaled units, float64 [N, 2]."""
        width = np.where(log_width > 0, log_width / self.scales[2], log_width / self.scales[1])
        return np.stack([opening / self.scales[0], width], 1)

    def movement(self, shape: LipShape, features: Floats) -> float:
        """How far scaled features, float64 [2], go along the shape's main feature: unscaled, positive towards it."""
        if shape in (LipShape.OPEN, LipShape.CLOSED):
            return float(features[0]) * self.scales[0]
        return float(features[1]) * (self.scales[2] if shape == LipShape.SPREAD else -self.scales[1])

    def trajectory(self, instruction: LipInstruction, times_ms: Floats, gains: Mapping[LipShape, float]) -> Floats:
        """The stored features of an instruction at the given times: scaled, float64 [T, 2], relaxed at first."""
        values = np.zeros((len(times_ms), 2))
        for start, action in zip(instruction.starts_ms(), instruction.actions, strict=True):
            share = np.clip((times_ms - start) / TRANSITION_MS, 0.0, 1.0)[:, None]
            values = values * (1 - share) + self.centre(action.shape, gains.get(action.shape, 1.0)) * share
        return values


def parse(text: str) -> LipPrototypes:
    """Reads prototypes from JSON.

    Raises:
        ValueError: a shape or a number is missing, or a number is not finite.
    """
    try:
        data = json.loads(text)
        scales = tuple(float(data["scales"][name]) for name in ("opening", "narrower", "wider"))
        shapes = {shape: data["shapes"][shape.value] for shape in LipShape}
        places = {s: (float(v["opening"]), float(v["log_width"])) for s, v in shapes.items()}
        least = {s: float(v["least"]) for s, v in shapes.items()}
    except (KeyError, TypeError) as error:
        raise ValueError("not lip prototypes") from error
    numbers = [*scales, *least.values(), *(x for place in places.values() for x in place)]
    if not all(math.isfinite(x) for x in numbers) or min(scales) <= 0:
        raise ValueError("lip prototypes must be finite, scales positive")
    empty = LipPrototypes((scales[0], scales[1], scales[2]), {}, least)
    centres = {s: empty.scaled(np.array([o]), np.array([w]))[0] for s, (o, w) in places.items()}
    return replace(empty, centres={s: (float(c[0]), float(c[1])) for s, c in centres.items()})


@lru_cache(maxsize=1)
def stored() -> LipPrototypes:
    """The prototypes in the file beside this module (its ``source`` says where the numbers come from)."""
    return parse(Path(__file__).with_name("lip_prototypes.json").read_text(encoding="utf-8"))


def expected_sequence(instruction: LipInstruction) -> tuple[tuple[LipShape, ...], tuple[int, ...]]:
    """The shapes as they can be seen and when each later one begins (ms).

    The relaxed lead-in looks CLOSED; a first action CLOSED continues it without a visible change.
    """
    shapes = [LipShape.CLOSED]
    begins = []
    for start, action in zip(instruction.starts_ms(), instruction.actions, strict=True):
        if action.shape != shapes[-1]:
            shapes.append(action.shape)
            begins.append(start)
    return tuple(shapes), tuple(begins)
