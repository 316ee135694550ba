"""The stored features of each mouth shape, and the trajectory that an instruction maps to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
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

    scales: tuple[float, float]
    """What one scaled unit is: eye distances of opening, natural logarithm of width."""
    centres: Mapping[LipShape, tuple[float, float]]
    least: Mapping[LipShape, float]
    """Least movement along the shape's main feature, unscaled; smaller is too small an amplitude."""

    def centre(self, shape: LipShape, gain: float = 1.0) -> Floats:
        """Scaled centre, float64 [2], for a person who moves ``gain`` times as far as the average."""
        return np.asarray(self.centres[shape], np.float64) * gain

    def main_feature(self, shape: LipShape) -> int:
        """0 where the opening tells the shape, 1 where the width does."""
        return 0 if shape in (LipShape.OPEN, LipShape.CLOSED) else 1

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
        scales = (float(data["scales"]["opening"]), float(data["scales"]["log_width"]))
        shapes = {shape: data["shapes"][shape.value] for shape in LipShape}
        centres = {s: (float(v["opening"]) / scales[0], float(v["log_width"]) / scales[1]) for s, v in shapes.items()}
        least = {s: float(v["least"]) for s, v in shapes.items()}
    except (KeyError, TypeError, ZeroDivisionError) as error:
        raise ValueError("not lip prototypes") from error
    numbers = [*scales, *least.values(), *(x for centre in centres.values() for x in centre)]
    if not all(math.isfinite(x) for x in numbers) or min(scales) <= 0:
        raise ValueError("lip prototypes must be finite")
    return LipPrototypes(scales, centres, least)


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
