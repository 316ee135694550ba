from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseal.inference.vision.cutter import FaceCut
from landseal.inference.vision.selection import NOTHING, candidates, select

SEEDS = st.integers(-(2**63), 2**63 - 1)


def face(index: int) -> FaceCut:
    chip = np.full((150, 150, 3), index, np.uint8)
    chip[:, :75] = 200
    return FaceCut(chip, np.full((2, 80, 80, 3), index, np.uint8))


@given(st.lists(st.booleans(), max_size=64), st.integers(1, 16), SEEDS)
def test_every_candidate_is_a_usable_frame_of_its_own_segment(usable: list[bool], samples: int, seed: int) -> None:
    orders = candidates(np.array(usable, np.bool_), samples, seed)
    assert len(orders) == samples
    assert sorted(index for order in orders for index in order) == [i for i, good in enumerate(usable) if good]
    for slot, order in enumerate(orders):
        assert all(slot * len(usable) // samples <= index < (slot + 1) * len(usable) // samples for index in order)


@given(st.integers(1, 64), st.integers(1, 16), SEEDS)
def test_the_same_seed_takes_the_same_frames(frames: int, samples: int, seed: int) -> None:
    usable = np.ones(frames, np.bool_)
    assert candidates(usable, samples, seed) == candidates(usable, samples, seed)


def test_every_frame_of_a_segment_is_equally_likely() -> None:
    firsts = Counter(candidates(np.ones(30, np.bool_), 6, seed)[2][0] for seed in range(2000))
    assert set(firsts) == {10, 11, 12, 13, 14}
    assert min(firsts.values()) > 320


def test_at_least_one_sample_is_needed() -> None:
    with pytest.raises(ValueError, match="one sample"):
        candidates(np.ones(3, np.bool_), 0, 1)


def test_chips_are_followed_by_their_mirror_images() -> None:
    taken = select(np.ones(4, np.bool_), 2, 7, face)
    assert taken.chips.shape == (4, 150, 150, 3)
    assert np.array_equal(taken.chips[2:], taken.chips[:2, :, ::-1])
    assert [int(taken.chips[slot, 0, 149, 0]) for slot in range(2)] == taken.chosen.tolist()
    assert [int(taken.crops[slot].max()) for slot in range(2)] == taken.chosen.tolist()


def test_a_frame_that_cannot_be_cut_gives_way_to_another_of_its_segment() -> None:
    taken = select(np.ones(4, np.bool_), 2, 7, lambda index: face(index) if index in (1, 2) else None)
    assert taken.chosen.tolist() == [1, 2]


def test_a_segment_without_a_usable_frame_gives_nothing_and_black_squares() -> None:
    taken = select(np.array([False, False, True, True]), 2, 7, face)
    assert taken.chosen[0] == NOTHING
    assert not taken.chips[[0, 2]].any()
    assert not taken.crops[0].any()
    assert taken.chosen[1] in (2, 3)


def test_fewer_frames_than_samples_leave_slots_empty() -> None:
    taken = select(np.ones(2, np.bool_), 6, 7, face)
    assert sorted(taken.chosen.tolist()) == [-1, -1, -1, -1, 0, 1]


def test_a_selection_keeps_faces_out_of_its_repr() -> None:
    assert "array" not in repr(select(np.ones(1, np.bool_), 1, 7, face)).replace("array([0]", "")
