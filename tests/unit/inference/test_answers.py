from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from support.burst_answers import SAMPLES, good_answer

from landseal.inference.answers import burst_reading
from landseal.inference.reading import FaceReaderBroken, FrameFault, FrameQuality

Answer = dict[str, NDArray[np.generic]]


def test_a_good_answer_becomes_a_reading() -> None:
    answer = good_answer()
    reading = burst_reading(answer, SAMPLES)
    assert reading.silent
    assert [sample.index for sample in reading.samples] == [0, 2, 4]
    first = reading.frames[0]
    assert (first.fault, first.width, first.height, first.face_count) == (FrameFault.NONE, 640, 480, 1)
    assert first.box == (100, 90, 200, 210)
    assert first.quality == FrameQuality(300, 120, 200, 1, 2, 3)
    assert first.perceptual_hash == 2**63
    assert first.landmarks is not None
    assert np.array_equal(first.landmarks, answer["LANDMARKS"][0])


def test_a_sample_is_the_mean_of_chip_and_mirror() -> None:
    answer = good_answer()
    sample = burst_reading(answer, SAMPLES).samples[1]
    assert np.allclose(sample.embedding, (answer["EMBEDDINGS"][1] + answer["EMBEDDINGS"][4]) / 2)
    assert sample.live == pytest.approx(0.75)


def test_an_unusable_frame_shows_nothing_that_was_measured() -> None:
    last = burst_reading(good_answer(), SAMPLES).frames[-1]
    assert (last.fault, last.quality, last.landmarks) == (FrameFault.NOT_AN_IMAGE, None, None)


def test_without_the_silent_networks_nobody_is_called_live() -> None:
    reading = burst_reading(good_answer(silent=False), SAMPLES)
    assert not reading.silent
    assert [sample.live for sample in reading.samples] == [None] * SAMPLES


def test_an_empty_slot_gives_no_sample() -> None:
    answer = good_answer()
    answer["SELECTED"][1] = -1
    answer["EMBEDDINGS"][[1, 4]] = 0
    assert [sample.index for sample in burst_reading(answer, SAMPLES).samples] == [0, 4]


@pytest.mark.parametrize("name", ["SCORE", "BOX", "QUALITY", "LANDMARKS", "EMBEDDINGS", "LIVE"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_no_answer(name: str, value: float) -> None:
    answer = good_answer()
    answer[name].reshape(-1)[-1] = value
    with pytest.raises(FaceReaderBroken, match=name):
        burst_reading(answer, SAMPLES)


SPOILT: dict[str, tuple[str, tuple[int, ...], float]] = {
    "more live than certain": ("LIVE", (0, 0), 1.01),
    "less live than never": ("LIVE", (0, 0), -0.01),
    "score over one": ("SCORE", (0, 0), 1.5),
    "unknown fault": ("FAULT", (0, 0), 99),
    "negative fault": ("FAULT", (0, 0), -1),
    "usable with a fault": ("FAULT", (0, 0), 3),
    "usable with two faces": ("FACE_COUNT", (0, 0), 2),
    "usable without a face": ("FACE_COUNT", (0, 0), 0),
    "chosen behind the end": ("SELECTED", (2,), 6),
    "chosen before the start": ("SELECTED", (0,), -2),
    "chosen from another segment": ("SELECTED", (1,), 1),
    "chosen twice": ("SELECTED", (1,), 0),
    "chosen though unusable": ("SELECTED", (2,), 5),
}


@pytest.mark.parametrize("name", SPOILT)
def test_tensors_that_contradict_each_other_are_no_answer(name: str) -> None:
    tensor, place, value = SPOILT[name]
    answer = good_answer()
    answer[tensor][place] = value
    with pytest.raises(FaceReaderBroken):
        burst_reading(answer, SAMPLES)


@pytest.mark.parametrize("row", [0, 3])
def test_an_embedding_of_zeros_is_no_answer(row: int) -> None:
    answer = good_answer()
    answer["EMBEDDINGS"][row] = 0
    with pytest.raises(FaceReaderBroken, match="zeros"):
        burst_reading(answer, SAMPLES)
