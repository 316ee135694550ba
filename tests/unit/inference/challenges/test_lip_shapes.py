"""Lip instructions: drawing, planning, and judging bursts made of numbers."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from support.lips import Person, Points, every_frame, instruction, perform, turned

from landseal.inference.challenges.base import ChallengeReason, ChallengeVerdict
from landseal.inference.challenges.lip_shapes import LipInstruction, LipShapes, draw, judge, plan

MIXED = instruction("OPEN800 ROUND1000 SPREAD600 CLOSED1200 ROUND800")


def verdict(asked: LipInstruction, points: Points, **options: object) -> ChallengeVerdict:
    times = options.get("times", plan(asked).frame_times_ms)
    return judge(asked, points, times, options.get("valid", every_frame(points)))  # type: ignore[arg-type]  # loose on purpose


@pytest.mark.parametrize("seed", range(40))
def test_whoever_follows_the_instruction_passes(seed: int) -> None:
    asked = draw(random.Random(seed))
    person = Person(seed=seed, strength=0.75 + 0.6 * (seed % 5) / 4, late_ms=-50 + 90 * (seed % 5))
    found = verdict(asked, perform(asked, person))
    assert found.passed, (asked.encode(), found.reason)
    assert found.shape
    assert found.amplitude
    assert found.order
    assert found.motion


@pytest.mark.parametrize("degrees", [-20, -10, 10, 20])
def test_a_turned_head_changes_nothing(degrees: float) -> None:
    assert verdict(MIXED, turned(perform(MIXED), degrees)).passed


def test_a_few_lost_frames_do_no_harm() -> None:
    points = perform(MIXED)
    points[[7, 15]] = np.nan
    assert verdict(MIXED, points, valid=every_frame(points, lambda i: i != 20)).passed


def test_a_photograph_has_no_lip_motion() -> None:
    still = np.repeat(perform(MIXED)[:1], len(plan(MIXED).frame_times_ms), 0)
    assert verdict(MIXED, still).reason == ChallengeReason.LIP_MOTION_ABSENT


def test_a_moved_photograph_has_no_lip_motion() -> None:
    still = perform(MIXED, Person(strength=0.0))
    assert verdict(MIXED, still).reason == ChallengeReason.LIP_MOTION_ABSENT


def test_small_movements_are_too_small() -> None:
    found = verdict(MIXED, perform(MIXED, Person(strength=0.38)))
    assert found.reason == ChallengeReason.LIP_AMPLITUDE_TOO_SMALL
    assert found.order
    assert not found.amplitude


def test_the_right_shapes_in_another_order_are_refused() -> None:
    other = instruction("ROUND800 SPREAD1000 ROUND600 CLOSED1200 OPEN800")
    found = verdict(MIXED, perform(other, times=plan(MIXED).frame_times_ms))
    assert found.reason == ChallengeReason.LIP_ORDER_WRONG
    assert not found.order


def test_other_shapes_are_refused() -> None:
    other = instruction("SPREAD800 CLOSED1000 SPREAD600 CLOSED1200 SPREAD800")
    found = verdict(MIXED, perform(other, times=plan(MIXED).frame_times_ms))
    assert found.reason == ChallengeReason.LIP_SHAPES_WRONG
    assert not found.shape


def test_hold_times_count() -> None:
    asked = instruction("OPEN600 ROUND1600 SPREAD600 CLOSED1600 ROUND600")
    other = instruction("OPEN1600 ROUND600 SPREAD1600 CLOSED600 ROUND600")
    found = verdict(asked, perform(other))
    assert found.reason == ChallengeReason.LIP_ORDER_WRONG


def test_an_answer_a_second_late_is_refused() -> None:
    assert not verdict(MIXED, perform(MIXED, Person(late_ms=1000))).passed


def test_an_old_recording_fails_a_new_instruction_of_another_order() -> None:
    rng = random.Random(5)
    for _ in range(60):
        old, new = draw(rng), draw(rng)
        if [a.shape for a in old.actions] != [a.shape for a in new.actions]:
            assert not verdict(new, perform(old, times=plan(new).frame_times_ms)).passed


def test_shuffled_frames_are_not_continuous() -> None:
    points = perform(MIXED)
    order = np.random.default_rng(3).permutation(len(points))
    found = verdict(MIXED, points[order])
    assert found.reason == ChallengeReason.MOTION_NOT_CONTINUOUS
    assert not found.motion


def test_a_recording_played_backwards_is_refused() -> None:
    assert not verdict(MIXED, perform(MIXED)[::-1]).passed


def test_a_loop_repeats_its_frames() -> None:
    points = perform(MIXED)
    looped = points[np.arange(len(points)) % 9]
    assert verdict(MIXED, looped).reason == ChallengeReason.FRAMES_REPEATED


def test_frames_encoded_anew_count_as_repeated() -> None:
    points = perform(MIXED)
    points[4:8] = points[:4] + np.random.default_rng(1).normal(0, 0.03, points[:4].shape)
    assert verdict(MIXED, points).reason == ChallengeReason.FRAMES_REPEATED


def test_half_a_burst_of_somebody_else_is_not_continuous() -> None:
    mine, theirs = perform(MIXED, Person(seed=1)), perform(MIXED, Person(seed=2))
    middle = len(mine) // 2
    found = verdict(MIXED, np.concatenate([mine[:middle], theirs[middle:]]))
    assert found.reason == ChallengeReason.MOTION_NOT_CONTINUOUS


def test_a_head_that_leaps_is_not_continuous() -> None:
    points = perform(MIXED)
    points[12:] += 150.0
    assert verdict(MIXED, points).reason == ChallengeReason.MOTION_NOT_CONTINUOUS


def test_too_many_lost_frames_are_too_few_frames() -> None:
    points = perform(MIXED)
    found = verdict(MIXED, points, valid=every_frame(points, lambda i: i % 3 != 1))
    assert found.reason == ChallengeReason.TOO_FEW_FRAMES


def test_a_gap_is_too_few_frames() -> None:
    points = perform(MIXED)
    found = verdict(MIXED, points, valid=every_frame(points, lambda i: not 10 <= i < 13))
    assert found.reason == ChallengeReason.TOO_FEW_FRAMES


def test_an_empty_or_misshapen_burst_is_refused() -> None:
    for points in (np.zeros((0, 468, 3)), np.zeros((5, 467, 3)), np.zeros((5,)), np.zeros((1, 468, 3))):
        found = judge(MIXED, points.astype(np.float32), [0] * len(points), np.ones(len(points), np.bool_))
        assert not found.passed
        assert found.reason is not None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0, 1e30])
def test_landmarks_that_are_no_face_never_pass_nor_raise(bad: float) -> None:
    points = perform(MIXED)
    points[:] = bad
    assert not verdict(MIXED, points).passed
    points = perform(MIXED)
    points[::2, 13] = bad
    assert not verdict(MIXED, points).passed


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[::-1],
        lambda t: [0] * len(t),
        lambda t: [x * 3 for x in t],
        lambda t: [x // 3 for x in t],
        lambda t: [x + 5000 for x in t],
        lambda t: t[:5] + [x + 900 for x in t[5:]],
        lambda t: [float("nan")] * len(t),
        lambda t: t[:-1],
    ],
)
def test_implausible_capture_times_are_refused(change: Callable[[list[int]], list[float]]) -> None:
    times = change(list(plan(MIXED).frame_times_ms))
    assert verdict(MIXED, perform(MIXED), times=times).reason == ChallengeReason.TIMES_IMPLAUSIBLE


def test_a_cut_off_burst_is_refused() -> None:
    points, times = perform(MIXED), plan(MIXED).frame_times_ms
    assert verdict(MIXED, points[:14], times=times[:14]).reason == ChallengeReason.TIMES_IMPLAUSIBLE


def test_a_wide_open_lead_in_gives_no_baseline() -> None:
    assert not verdict(MIXED, perform(MIXED, Person(relaxed=(0.35, 0.8)))).passed


def test_scores_stay_out_of_the_verdicts_text() -> None:
    found = verdict(MIXED, perform(MIXED))
    assert found.scores
    assert "scores" not in repr(found)
    assert "warp" not in repr(found)


def test_a_verdict_with_any_doubt_does_not_pass() -> None:
    clear = ChallengeVerdict(True, True, True, True, None)
    assert clear.passed
    for part in ("shape", "amplitude", "order", "motion"):
        for doubt in (False, None, float("nan"), 1):
            assert not dataclasses.replace(clear, **{part: doubt}).passed  # type: ignore[arg-type]  # the doubt is the point
    assert not dataclasses.replace(clear, reason=ChallengeReason.TOO_FEW_FRAMES).passed


def test_drawn_instructions_repeat_no_shape_and_use_everything() -> None:
    rng = random.Random(1)
    drawn = [draw(rng) for _ in range(500)]
    assert all(a.shape != b.shape for one in drawn for a, b in pairwise(one.actions))
    assert {a.shape for one in drawn for a in one.actions} == {"OPEN", "ROUND", "SPREAD", "CLOSED"}
    assert {a.hold_ms for one in drawn for a in one.actions} == {600, 800, 1000, 1200, 1400, 1600}
    assert len({one.encode() for one in drawn}) == 500


def test_an_instruction_has_more_than_twenty_bits() -> None:
    assert 21.2 < MIXED.entropy_bits() < 21.3


def test_the_plan_takes_a_frame_every_200_ms_and_at_most_64() -> None:
    for seed in range(50):
        asked = draw(random.Random(seed))
        times = plan(asked).frame_times_ms
        assert times[0] == 0
        assert times[-1] == plan(asked).duration_ms == 600 + sum(a.hold_ms for a in asked.actions)
        assert {b - a for a, b in pairwise(times)} == {200}
        assert len(times) <= 64


def test_an_encoded_instruction_reads_back() -> None:
    challenge = LipShapes()
    for seed in range(50):
        asked = challenge.draw(random.Random(seed))
        assert challenge.decode(asked.encode()) == asked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lips1:",
        "lips2:OPEN600,ROUND600,OPEN600,ROUND600,OPEN600",
        "lips1:OPEN600,OPEN600,ROUND600,OPEN600,ROUND600",
        "lips1:OPEN600,ROUND600,OPEN600,ROUND600",
        "lips1:OPEN700,ROUND600,OPEN600,ROUND600,OPEN600",
        "lips1:OPEN0600,ROUND600,OPEN600,ROUND600,OPEN600",
        "lips1:OPEN600,ROUND600,OPEN600,ROUND600,OPEN600,",
        "lips1:OPEN٦00,ROUND600,OPEN600,ROUND600,OPEN600",
        "lips1:OPEN,ROUND600,OPEN600,ROUND600,OPEN600",
    ],
)
def test_anything_but_an_instruction_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="lip"):
        LipInstruction.decode(text)
