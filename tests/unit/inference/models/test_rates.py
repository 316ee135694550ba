"""Rates against numbers worked out by hand, and properties of the intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseal.inference.models.evaluate import fold_accuracy
from landseal.inference.models.metric import Metric, distance
from landseal.inference.models.rates import (
    Genuine,
    best_threshold,
    false_non_match,
    impostor_tail,
    operating_points,
    threshold_at,
    wilson,
)


def test_the_threshold_lets_just_the_allowed_impostors_through() -> None:
    impostors = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    threshold = threshold_at(impostors, 100, 0.02)
    assert 0.2 < threshold < 0.3
    assert (impostors <= threshold).sum() == 2
    assert (impostors <= threshold_at(impostors, 100, 0.009)).sum() == 0


def test_equal_impostor_distances_never_pass_beyond_the_rate() -> None:
    impostors = np.array([0.2, 0.2, 0.2, 0.4])
    assert (impostors <= threshold_at(impostors, 4, 0.25)).sum() == 0


def test_a_tail_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        threshold_at(np.array([0.1]), 1000, 0.01)


def test_false_non_matches_are_those_above_the_threshold() -> None:
    assert false_non_match(np.array([0.1, 0.2, 0.3, 0.4]), 0.3) == 0.25


def test_wilson_equals_the_published_example() -> None:
    # Newcombe 1998, Table I: 81 of 263 gives 0.2553 to 0.3662.
    interval = wilson(81, 263)
    assert interval.low == pytest.approx(0.2553, abs=5e-5)
    assert interval.high == pytest.approx(0.3662, abs=5e-5)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_contains_its_value_and_stays_within_bounds(count: int, extra: int) -> None:
    estimate = wilson(count, count + extra)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert estimate.high > 0


@given(st.integers(1, 200), st.integers(2, 20))
def test_more_comparisons_never_widen_wilson(count: int, times: int) -> None:
    one, many = wilson(count, 2 * count), wilson(count * times, 2 * count * times)
    assert many.high - many.low < one.high - one.low


def test_nothing_to_count_says_nothing() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


@given(st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_the_tail_equals_all_pairs_done_the_slow_way(block: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, identities = rng.normal(size=(15, 4)), rng.integers(0, 5, 15)
    tail = impostor_tail(rows, identities, 0.3, block)
    slow = sorted(
        float(np.linalg.norm(rows[a] - rows[b]))
        for a in range(15)
        for b in range(a + 1, 15)
        if identities[a] != identities[b]
    )
    assert tail.pairs == len(slow)
    assert np.allclose(tail.distances, slow[: len(tail.distances)])
    assert (tail.first != tail.second).all()


def test_intervals_contain_the_rate_and_grow_for_rarer_matches() -> None:
    rng = np.random.default_rng(3)
    identities = np.repeat(np.arange(150), 2)
    rows = np.repeat(rng.normal(size=(150, 6)), 2, axis=0) + 0.3 * rng.normal(size=(300, 6))
    genuine = Genuine(np.linalg.norm(rows[::2] - rows[1::2], axis=1), np.arange(150))
    tail = impostor_tail(rows, identities, 0.2)
    points = operating_points(genuine, tail, identities, (1e-2, 1e-3), replicates=200, rng=rng)
    for fmr, point in points.items():
        assert point.fnmr.low <= point.fnmr.value <= point.fnmr.high
        assert point.threshold.low <= point.threshold.value <= point.threshold.high
        assert point.fmr.low <= point.fmr.value <= fmr + 1e-12
        assert point.fmr.value <= point.fmr.high
    assert points[1e-2].threshold.value > points[1e-3].threshold.value


def test_the_best_threshold_lies_in_the_gap() -> None:
    assert best_threshold(np.array([0.1, 0.2]), np.array([0.6, 0.8])) == pytest.approx(0.4)


def test_folds_choose_thresholds_on_other_people() -> None:
    rng = np.random.default_rng(0)
    ends = np.array([(index, index) for index in range(40)] + [(index, (index + 7) % 40) for index in range(40)])
    same = np.arange(80) < 40
    distances = np.where(same, 0.2, 0.8)
    accuracy, thresholds = fold_accuracy(distances, same, ends, [f"p{index}" for index in range(40)], rng, 50)
    assert accuracy.value == 1.0
    assert accuracy.low < 1.0
    assert all(threshold == pytest.approx(0.5) for threshold in thresholds)


def test_a_not_a_number_never_matches() -> None:
    good = np.ones(4, np.float32)
    for bad in (np.full(4, np.nan, np.float32), np.full(4, np.inf, np.float32), np.zeros(4, np.float32)):
        assert distance(good, bad, Metric.UNIT) == math.inf
    assert distance(good, 3 * good, Metric.UNIT) == pytest.approx(0)
    assert distance(good, 3 * good, Metric.EUCLIDEAN) == pytest.approx(4)
