"""Judges one reading of a burst: pure, no default means yes.

Each step names what it stops; the first that fails gives the reason.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from landseal.inference.challenges.base import ChallengeReason, ChallengeVerdict
from landseal.inference.models.metric import Metric, distance
from landseal.inference.reading import BurstReading, FaceSample, FloatArray, FrameFault, FrameReading
from landseal.server.domain.reasons import Reason

MIN_FACE_PX = 80.0
"""Width of a face in pixels: what dlib's own detector needs, and about half of the chip of 150 pixels that is cut."""
MIN_BRIGHTNESS, MAX_BRIGHTNESS = 35.0, 235.0
MIN_SHARPNESS = 8.0
"""Variance of the Laplacian; motion blur of a shaken phone lies below, a soft but still picture above."""
MISSING_FACES = 0.15
"""Share of frames that may lack a face (a blink of the detector); the challenge judges what is left."""
MIN_SAMPLES = 3
LIVE_THRESHOLD = 0.5
"""Of the averaged softmax of the two silent networks; ``biometrics.md`` gives APCER and BPCER at this value."""

_REASONS: Mapping[ChallengeReason, Reason] = {
    ChallengeReason.TIMES_IMPLAUSIBLE: Reason.CAPTURE_TIMES_IMPLAUSIBLE,
    **{r: Reason[r.value] for r in ChallengeReason if r is not ChallengeReason.TIMES_IMPLAUSIBLE},
}


@dataclass(frozen=True)
class Thresholds:
    """Distances from the calibration."""

    metric: Metric
    """How distances are measured; thresholds of one metric mean nothing in another."""
    match: float
    """Largest distance that counts as the same person, at the operating FMR."""
    margin: float
    """How much nearer than everybody else in scope the registered person must be."""
    one_person: float
    """Largest distance between two frames of one burst."""


@dataclass(frozen=True)
class Evidence:
    """All that is known about a burst when it is judged."""

    reading: BurstReading
    silent_required: bool
    digests_seen: bool
    """Whether a frame's digest occurs in an earlier burst."""
    own_template: FloatArray = field(repr=False)
    """float32 [128]."""
    other_templates: Sequence[FloatArray] = field(repr=False)
    """Templates of the others in scope."""


def judge(
    evidence: Evidence, thresholds: Thresholds, challenge: Callable[[Sequence[FrameReading]], ChallengeVerdict]
) -> Reason:
    """Returns PASSED or the reason of the refusal.

    1. Every image can be read, shows one whole face, large, lit and sharp enough: nothing is guessed from bad pictures.
    2. No image was ever submitted before: stops replay of what was sent once.
    3. All sampled frames show one person: stops moving lips for another's photo.
    4. The lips did what was asked, in this order, in this time: stops photos and old recordings.
    5. The silent networks say live: stops screens and prints. Required but absent is a refusal.
    6. The face is the registered person's and nobody else's in scope is nearer: stops everybody else.
    """
    reading = evidence.reading
    replayed = Reason.BURST_REPLAYED if evidence.digests_seen else None
    for reason in (_picture_fault(reading.frames), replayed, _person_fault(reading.samples, thresholds)):
        if reason is not None:
            return reason
    verdict = challenge(reading.frames)
    if not verdict.passed:
        return _REASONS[verdict.reason] if verdict.reason else Reason.LIP_MOTION_ABSENT
    if not _live(evidence):
        return Reason.SPOOF_SUSPECTED
    return Reason.PASSED if _recognised(evidence, thresholds) else Reason.FACE_NOT_MATCHED


def _picture_fault(frames: Sequence[FrameReading]) -> Reason | None:
    if not frames:
        return Reason.TOO_FEW_FRAMES
    if any(frame.fault is not FrameFault.NONE for frame in frames):
        return Reason.FRAME_UNREADABLE
    if any(frame.face_count > 1 for frame in frames):
        return Reason.SEVERAL_FACES
    seen = [frame for frame in frames if frame.face_count == 1 and frame.quality is not None]
    if len(seen) < len(frames) * (1 - MISSING_FACES):
        return Reason.FACE_NOT_FOUND
    return _quality_fault(seen)


def _quality_fault(frames: Sequence[FrameReading]) -> Reason | None:
    qualities = [frame.quality for frame in frames if frame.quality is not None]
    if not qualities or not all(np.isfinite((q.face_px, q.brightness, q.sharpness)).all() for q in qualities):
        return Reason.FACE_NOT_FOUND
    if any(_cut_off(frame) for frame in frames):
        return Reason.FACE_CUT_OFF
    if float(np.median([q.face_px for q in qualities])) < MIN_FACE_PX:
        return Reason.FACE_TOO_SMALL
    if not MIN_BRIGHTNESS <= float(np.median([q.brightness for q in qualities])) <= MAX_BRIGHTNESS:
        return Reason.LIGHT_UNSUITABLE
    return Reason.IMAGE_BLURRED if float(np.median([q.sharpness for q in qualities])) < MIN_SHARPNESS else None


def _cut_off(frame: FrameReading) -> bool:
    x, y, width, height = frame.box
    slack = 0.1 * width
    return x < -slack or y < -slack or x + width > frame.width + slack or y + height > frame.height + slack


def _person_fault(samples: Sequence[FaceSample], thresholds: Thresholds) -> Reason | None:
    if len(samples) < MIN_SAMPLES:
        return Reason.TOO_FEW_FRAMES
    pairs = itertools.combinations(samples, 2)
    limit, metric = thresholds.one_person, thresholds.metric
    one = all(distance(a.embedding, b.embedding, metric) <= limit for a, b in pairs)
    return None if one else Reason.IDENTITY_CHANGED


def _live(evidence: Evidence) -> bool:
    scores = [sample.live for sample in evidence.reading.samples if sample.live is not None]
    if not evidence.reading.silent:
        return not evidence.silent_required
    complete = len(scores) == len(evidence.reading.samples) > 0 and bool(np.isfinite(scores).all())
    return complete and float(np.mean(scores)) >= LIVE_THRESHOLD


def fused(samples: Sequence[FaceSample]) -> FloatArray:
    """Returns the mean embedding of the samples, float32 [128]; averaging halves the error of single frames."""
    mean: FloatArray = np.mean([s.embedding for s in samples], axis=0, dtype=np.float64).astype(np.float32)
    return mean


def _recognised(evidence: Evidence, thresholds: Thresholds) -> bool:
    probe = fused(evidence.reading.samples)
    own = distance(probe, evidence.own_template, thresholds.metric)
    others = (distance(probe, other, thresholds.metric) for other in evidence.other_templates)
    nearest_other = min(others, default=math.inf)
    return own <= thresholds.match and own + thresholds.margin < nearest_other
