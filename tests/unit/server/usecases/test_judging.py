"""The judge: each refusal differs from the passing burst in one thing, and no default ever means yes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pytest

from landseal.inference.challenges.base import ChallengeReason, ChallengeVerdict, refused
from landseal.inference.models.metric import Metric
from landseal.inference.reading import BurstReading, FaceSample, FloatArray, FrameFault, FrameQuality, FrameReading
from landseal.server.domain.reasons import Reason
from landseal.server.usecases.judging import Evidence, Thresholds, judge

LIMITS = Thresholds(Metric.EUCLIDEAN, match=0.5, margin=0.05, one_person=0.6)
QUALITY = FrameQuality(sharpness=100.0, brightness=120.0, face_px=200.0, yaw=0.0, pitch=0.0, roll=0.0)


def at(distance: float) -> FloatArray:
    template = np.zeros(128, dtype=np.float32)
    template[0] = distance
    return template


def frame(index: int) -> FrameReading:
    return FrameReading(
        fault=FrameFault.NONE,
        width=640,
        height=480,
        face_count=1,
        score=0.9,
        box=(200.0, 100.0, 200.0, 200.0),
        quality=QUALITY,
        landmarks=np.zeros((468, 3), dtype=np.float32),
        perceptual_hash=(0x9E3779B97F4A7C15 * (index + 1)) & (2**64 - 1),
    )


def reading(**changes: object) -> BurstReading:
    samples = tuple(FaceSample(index=i * 4, embedding=at(0.1), live=0.9) for i in range(6))
    whole = BurstReading(frames=tuple(frame(i) for i in range(24)), samples=samples, silent=True)
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]  # the fields are named by each test


def evidence(burst: BurstReading | None = None, **changes: object) -> Evidence:
    whole = Evidence(
        reading=burst or reading(),
        silent_required=True,
        digests_seen=False,
        own_template=at(0.0),
        other_templates=(at(0.9),),
    )
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]  # the fields are named by each test


def good(_: Sequence[FrameReading]) -> ChallengeVerdict:
    return ChallengeVerdict(shape=True, amplitude=True, order=True, motion=True, reason=None)


def with_frames(**changes: object) -> BurstReading:
    frames = tuple(dataclasses.replace(frame(i), **changes) for i in range(24))  # type: ignore[arg-type]  # as above
    return reading(frames=frames)


def with_samples(*samples: FaceSample) -> BurstReading:
    return reading(samples=samples)


def test_the_whole_burst_passes() -> None:
    assert judge(evidence(), LIMITS, good) is Reason.PASSED


@pytest.mark.parametrize(
    ("burst", "expected"),
    [
        (reading(frames=()), Reason.TOO_FEW_FRAMES),
        (with_frames(fault=FrameFault.BROKEN), Reason.FRAME_UNREADABLE),
        (with_frames(face_count=2), Reason.SEVERAL_FACES),
        (with_frames(face_count=0, quality=None), Reason.FACE_NOT_FOUND),
        (with_frames(quality=dataclasses.replace(QUALITY, face_px=50.0)), Reason.FACE_TOO_SMALL),
        (with_frames(box=(-60.0, 100.0, 200.0, 200.0)), Reason.FACE_CUT_OFF),
        (with_frames(quality=dataclasses.replace(QUALITY, brightness=10.0)), Reason.LIGHT_UNSUITABLE),
        (with_frames(quality=dataclasses.replace(QUALITY, brightness=250.0)), Reason.LIGHT_UNSUITABLE),
        (with_frames(quality=dataclasses.replace(QUALITY, sharpness=1.0)), Reason.IMAGE_BLURRED),
        (with_frames(quality=dataclasses.replace(QUALITY, sharpness=math.nan)), Reason.FACE_NOT_FOUND),
        (reading(samples=()), Reason.TOO_FEW_FRAMES),
    ],
)
def test_a_bad_picture_is_refused_by_name(burst: BurstReading, expected: Reason) -> None:
    assert judge(evidence(burst), LIMITS, good) is expected


def test_a_frame_seen_before_is_a_replay() -> None:
    assert judge(evidence(digests_seen=True), LIMITS, good) is Reason.BURST_REPLAYED


def test_one_frame_of_another_face_is_a_changed_identity() -> None:
    samples = [FaceSample(i, at(0.1), 0.9) for i in range(5)]
    burst = with_samples(*samples, FaceSample(20, at(0.8), 0.9))
    assert judge(evidence(burst), LIMITS, good) is Reason.IDENTITY_CHANGED


@pytest.mark.parametrize("reason", list(ChallengeReason))
def test_every_failed_challenge_is_refused(reason: ChallengeReason) -> None:
    outcome = judge(evidence(), LIMITS, lambda _: refused(reason))
    assert outcome is not Reason.PASSED
    assert outcome.value.removeprefix("CAPTURE_") == reason.value


def test_three_yeses_and_a_no_are_a_no() -> None:
    verdict = ChallengeVerdict(shape=True, amplitude=True, order=False, motion=True, reason=None)
    assert judge(evidence(), LIMITS, lambda _: verdict) is not Reason.PASSED


@pytest.mark.parametrize("live", [0.49, math.nan, None])
def test_a_face_that_is_not_live_is_a_spoof(live: float | None) -> None:
    burst = with_samples(*(FaceSample(i, at(0.1), live) for i in range(6)))
    assert judge(evidence(burst), LIMITS, good) is Reason.SPOOF_SUSPECTED


def test_silent_liveness_that_is_demanded_and_missing_is_a_refusal() -> None:
    samples = tuple(FaceSample(i, at(0.1), None) for i in range(6))
    burst = reading(samples=samples, silent=False)
    assert judge(evidence(burst, silent_required=True), LIMITS, good) is Reason.SPOOF_SUSPECTED
    assert judge(evidence(burst, silent_required=False), LIMITS, good) is Reason.PASSED


@pytest.mark.parametrize(
    "changes",
    [
        {"own_template": at(0.7)},
        {"own_template": at(math.nan)},
        {"other_templates": (at(0.12),)},
        {"own_template": at(0.0), "other_templates": (at(0.0),)},
        {"other_templates": (at(0.9), at(0.14))},
    ],
)
def test_a_face_that_is_not_clearly_the_registered_one_is_refused(changes: dict[str, object]) -> None:
    assert judge(evidence(None, **changes), LIMITS, good) is Reason.FACE_NOT_MATCHED
