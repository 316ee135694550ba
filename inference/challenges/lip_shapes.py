"""The challenge LIP_SHAPES: random mouth shapes with hold times, judged from the face mesh of a burst."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from landseal.inference.challenges.base import (
    CapturePlan,
    ChallengeKind,
    ChallengeReason,
    ChallengeVerdict,
    refused,
)
from landseal.inference.challenges.lip_instruction import (
    LEAD_IN_MS,
    LipAction,
    LipInstruction,
    LipShape,
    draw,
    plan,
)
from landseal.inference.challenges.lip_matching import Match, match
from landseal.inference.challenges.lip_motion import (
    ROUGHEST,
    enough_frames,
    head_jumps,
    lips_moved,
    plausible_times,
    repeated,
    roughness,
)
from landseal.inference.challenges.lip_prototypes import LipPrototypes, stored
from landseal.inference.vision.lips import AnyFloats, LipFeatures, eye_distance, lip_features

__all__ = ["LipAction", "LipInstruction", "LipShape", "LipShapes", "draw", "judge", "plan"]

Floats = NDArray[np.float64]

WIDEST_RELAXED = 0.25
"""Largest opening of a relaxed mouth, in eye distances: a lead-in wider open gives no baseline."""
LEAST_OPEN, MOST_CLOSED = 0.16, 0.16
"""Smallest opening of OPEN and largest of CLOSED, whatever the baseline, in eye distances."""
FEWEST_LEAD_IN = 2
"""Frames of the lead-in without which there is no baseline."""


class LipShapes:
    """:class:`landseal.inference.challenges.base.Challenge` for lips; holds no state."""

    kind = ChallengeKind.LIP_SHAPES

    def draw(self, rng: random.Random) -> LipInstruction:
        """See :func:`landseal.inference.challenges.lip_instruction.draw`."""
        return draw(rng)

    def decode(self, text: str) -> LipInstruction:
        """See :meth:`LipInstruction.decode`."""
        return LipInstruction.decode(text)

    def plan(self, instruction: LipInstruction) -> CapturePlan:
        """See :func:`landseal.inference.challenges.lip_instruction.plan`."""
        return plan(instruction)

    def judge(
        self,
        instruction: LipInstruction,
        landmarks: NDArray[np.float32],
        times_ms: Sequence[int],
        valid: NDArray[np.bool_],
    ) -> ChallengeVerdict:
        """See :func:`judge`."""
        return judge(instruction, landmarks, times_ms, valid)


def judge(
    instruction: LipInstruction,
    landmarks: NDArray[np.float32],
    times_ms: Sequence[int],
    valid: NDArray[np.bool_],
    prototypes: LipPrototypes | None = None,
) -> ChallengeVerdict:
    """Judges whether a burst follows an instruction; whatever it holds, the answer is a verdict, never an exception.

    Args:
        instruction: what was asked.
        landmarks: FaceMesh points in pixels, float32 [N, 468, 3]; anything in rows that are not valid.
        times_ms: per frame, ms since the lead-in began; the server bounds them by its own clock.
        valid: bool [N], whether the frame held exactly one usable face; rows that are not finite count as not valid.
        prototypes: stored features, else those beside the module.
    """
    points, wanted = np.asarray(landmarks), plan(instruction)
    if points.ndim != 3 or points.shape[1:] != (468, 3) or len(points) == 0 or np.shape(valid) != (len(points),):
        return refused(ChallengeReason.TOO_FEW_FRAMES)
    if len(times_ms) != len(points) or not plausible_times(times_ms, wanted):
        return refused(ChallengeReason.TIMES_IMPLAUSIBLE)
    features = _features(points)
    usable = _usable(points, features, np.asarray(valid, bool))
    times = np.asarray(list(times_ms), np.float64)[usable]
    if not enough_frames(times, wanted) or (times < LEAD_IN_MS).sum() < FEWEST_LEAD_IN:
        return refused(ChallengeReason.TOO_FEW_FRAMES)
    seen = LipFeatures(*(column[usable] for column in astuple(features)))
    return _judge_usable(instruction, points[usable].astype(np.float64), seen, times, prototypes or stored())


def _features(points: AnyFloats) -> LipFeatures:
    with np.errstate(all="ignore"):
        return lip_features(points)


def _usable(points: AnyFloats, features: LipFeatures, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    with np.errstate(all="ignore"):
        numbers = np.stack([features.opening, features.width, features.height, eye_distance(points)], 1)
        sane = np.abs(points).reshape(len(points), -1).max(1) < 1e6
    return np.asarray(valid & sane & np.isfinite(numbers).all(1) & (features.width > 0.05), np.bool_)


def _judge_usable(
    instruction: LipInstruction, points: Floats, features: LipFeatures, times: Floats, prototypes: LipPrototypes
) -> ChallengeVerdict:
    relative = _relative(features, times)
    rough = roughness(prototypes.scaled(relative[:, 0], relative[:, 1]))
    motion = _motion_fault(points, features, rough)
    found = match(instruction, relative, times, prototypes)
    scores = {**found.scores, "roughness": rough}
    amplitude = found.amplitude and _absolute(instruction, features, times)
    reason = motion or _match_fault(found, amplitude)
    return ChallengeVerdict(found.shape, amplitude, found.order, motion is None, reason, scores)


def _relative(features: LipFeatures, times: Floats) -> Floats:
    """Opening and log width less those of the person's own lead-in, float64 [N, 2]."""
    rest = times < LEAD_IN_MS
    opening = features.opening - np.median(features.opening[rest])
    width = np.log(features.width / np.median(features.width[rest]))
    return np.stack([opening, width], 1)


def _motion_fault(points: Floats, features: LipFeatures, rough: float) -> ChallengeReason | None:
    if not lips_moved(features.opening, features.width):
        return ChallengeReason.LIP_MOTION_ABSENT
    if repeated(points):
        return ChallengeReason.FRAMES_REPEATED
    if not rough <= ROUGHEST or head_jumps(points, features.opening):
        return ChallengeReason.MOTION_NOT_CONTINUOUS
    return None


def _absolute(instruction: LipInstruction, features: LipFeatures, times: Floats) -> bool:
    """Relaxed lips are nearly closed; where OPEN or CLOSED was asked, they were once truly open or closed."""
    asked = {action.shape for action in instruction.actions}
    ordered = np.sort(features.opening)
    low, high = ordered[1], ordered[-2]  # the second: one wild frame does not count
    relaxed = float(np.median(features.opening[times < LEAD_IN_MS])) <= WIDEST_RELAXED
    opened = bool(high >= LEAST_OPEN) or LipShape.OPEN not in asked
    return relaxed and opened and (bool(low <= MOST_CLOSED) or LipShape.CLOSED not in asked)


def _match_fault(found: Match, amplitude: bool) -> ChallengeReason | None:
    if not found.same_shapes:
        return ChallengeReason.LIP_SHAPES_WRONG
    if not found.order:
        return ChallengeReason.LIP_ORDER_WRONG
    if not amplitude:
        return ChallengeReason.LIP_AMPLITUDE_TOO_SMALL
    return None if found.shape else ChallengeReason.LIP_SHAPES_WRONG
