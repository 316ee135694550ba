"""The Triton reader against a server that lies, stalls and vanishes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
from numpy.typing import NDArray
from support.burst_answers import FRAMES, SAMPLES, good_answer
from support.fake_triton import FakeTriton, encoded, served

from landseal.inference.reading import (
    BurstReading,
    FaceReaderAway,
    FaceReaderBroken,
    FaceReaderError,
    FaceReaderTimeout,
    ReaderHealth,
)
from landseal.inference.tensors import MODELS
from landseal.inference.triton import TritonFaceReader

IMAGES = [b"image"] * FRAMES


@pytest.fixture
def fake() -> FakeTriton:
    fake = FakeTriton()
    fake.answer = lambda: encoded(good_answer())
    return fake


@pytest.fixture
def reader(fake: FakeTriton) -> Iterator[TritonFaceReader]:
    with served(fake) as url, TritonFaceReader(url) as reader:
        yield reader


def read(reader: TritonFaceReader, timeout_s: float = 5.0, images: list[bytes] | None = None) -> BurstReading:
    return reader.read_burst(images or IMAGES, samples=SAMPLES, seed=9, timeout_s=timeout_s)


def test_a_burst_is_one_request(reader: TritonFaceReader, fake: FakeTriton) -> None:
    reading = read(reader)
    assert len(reading.frames) == FRAMES
    (request,) = fake.requests
    assert request.model_name == "face_burst"
    assert {tensor.name: tuple(tensor.shape) for tensor in request.inputs} == {
        "IMAGES": (6, 1),
        "SAMPLES": (1,),
        "SEED": (1,),
    }
    assert 0 < request.parameters["timeout"].int64_param <= 5_000_000


def test_without_silent_liveness_the_twin_is_asked(reader: TritonFaceReader, fake: FakeTriton) -> None:
    fake.ready = {"face_burst_active"}
    fake.answer = lambda: encoded(good_answer(silent=False))
    assert not read(reader).silent
    assert fake.requests[0].model_name == "face_burst_active"


def test_an_active_answer_to_a_silent_question_is_broken(reader: TritonFaceReader, fake: FakeTriton) -> None:
    fake.answer = lambda: encoded(good_answer(silent=False))
    with pytest.raises(FaceReaderBroken, match="LIVE is missing"):
        read(reader)


def test_silent_liveness_is_found_when_it_appears(fake: FakeTriton) -> None:
    now = [0.0]
    fake.ready, fake.answer = {"face_burst_active"}, lambda: encoded(good_answer(silent=False))
    with served(fake) as url, TritonFaceReader(url, clock=lambda: now[0]) as reader:
        assert not read(reader).silent
        fake.ready, fake.answer = {"face_burst", "face_burst_active"}, lambda: encoded(good_answer())
        now[0] = 11.0
        assert read(reader).silent


def test_no_ready_model_means_away(reader: TritonFaceReader, fake: FakeTriton) -> None:
    fake.ready = set()
    with pytest.raises(FaceReaderAway):
        read(reader)


STATUSES = {
    grpc.StatusCode.UNAVAILABLE: FaceReaderAway,
    grpc.StatusCode.INTERNAL: FaceReaderAway,
    grpc.StatusCode.NOT_FOUND: FaceReaderAway,
    grpc.StatusCode.RESOURCE_EXHAUSTED: FaceReaderAway,
    grpc.StatusCode.UNKNOWN: FaceReaderAway,
    grpc.StatusCode.DEADLINE_EXCEEDED: FaceReaderTimeout,
    grpc.StatusCode.CANCELLED: FaceReaderTimeout,
    grpc.StatusCode.INVALID_ARGUMENT: FaceReaderBroken,
}


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: status.name)
def test_each_status_has_its_error_and_keeps_the_engines_words_out(
    reader: TritonFaceReader, fake: FakeTriton, status: grpc.StatusCode
) -> None:
    fake.status = status
    with pytest.raises(STATUSES[status]) as caught:
        read(reader)
    assert "face" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_nobody_listening_means_away_at_once() -> None:
    started = time.monotonic()
    with TritonFaceReader("127.0.0.1:9") as reader:
        with pytest.raises(FaceReaderAway):
            read(reader)
        with pytest.raises(FaceReaderError):
            reader.inference_counts()
        assert reader.health() == ReaderHealth(ready=False, silent=False, version="")
    assert time.monotonic() - started < 5


def test_a_slow_engine_is_left_at_the_deadline_but_never_cancelled(reader: TritonFaceReader, fake: FakeTriton) -> None:
    read(reader)
    fake.delay_s = 1.0
    started = time.monotonic()
    with pytest.raises(FaceReaderTimeout):
        read(reader, timeout_s=0.2)
    assert time.monotonic() - started < 0.8
    reader.close()
    assert not fake.cancelled.is_set()


@pytest.mark.parametrize("timeout_s", [0.0, -1.0])
def test_no_time_left_sends_nothing(reader: TritonFaceReader, fake: FakeTriton, timeout_s: float) -> None:
    with pytest.raises(FaceReaderTimeout):
        read(reader, timeout_s)
    assert fake.requests == []


def test_calls_in_flight_are_bounded_even_when_their_callers_left(fake: FakeTriton) -> None:
    with served(fake) as url, TritonFaceReader(url, max_in_flight=2) as reader:
        read(reader)
        fake.delay_s = 1.0
        for _ in range(2):
            with pytest.raises(FaceReaderTimeout):
                read(reader, timeout_s=0.1)
        with pytest.raises(FaceReaderAway, match="in flight"):
            read(reader, timeout_s=0.1)
        assert len(fake.requests) == 3
        time.sleep(1.2)
        fake.delay_s = 0
        read(reader)


def test_a_closed_reader_gives_no_reading(fake: FakeTriton) -> None:
    with served(fake) as url:
        reader = TritonFaceReader(url)
        read(reader)
        reader.close()
        with pytest.raises(FaceReaderAway):
            read(reader, timeout_s=0.5)


def spoil(name: str, value: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    return good_answer() | {name: value}


WRONG_TENSORS = {
    "an empty tensor": spoil("EMBEDDINGS", np.zeros((0, 128), np.float32)),
    "one row too few": spoil("LIVE", np.ones((SAMPLES - 1, 1), np.float32)),
    "one frame too many": spoil("FAULT", np.zeros((FRAMES + 1, 1), np.int32)),
    "another width": spoil("EMBEDDINGS", np.ones((2 * SAMPLES, 512), np.float32)),
    "another dtype": spoil("EMBEDDINGS", np.ones((2 * SAMPLES, 128), np.float64)),
    "no batch dimension": spoil("LIVE", np.ones(SAMPLES, np.float32)),
    "not a number": spoil("LIVE", np.full((SAMPLES, 1), np.nan, np.float32)),
}


@pytest.mark.parametrize("name", WRONG_TENSORS)
def test_wrong_tensors_are_no_answer(reader: TritonFaceReader, fake: FakeTriton, name: str) -> None:
    fake.answer = lambda: encoded(WRONG_TENSORS[name])
    with pytest.raises(FaceReaderBroken):
        read(reader)


@pytest.mark.parametrize("name", MODELS["face_burst"].outputs)
def test_a_missing_tensor_is_no_answer(reader: TritonFaceReader, fake: FakeTriton, name: str) -> None:
    fake.answer = lambda: encoded({key: value for key, value in good_answer().items() if key != name})
    with pytest.raises(FaceReaderBroken, match=name):
        read(reader)


@pytest.mark.parametrize("name", MODELS["face_burst"].outputs)
def test_a_right_shape_over_empty_bytes_is_no_answer(reader: TritonFaceReader, fake: FakeTriton, name: str) -> None:
    """What NumPy 2 in the engine's Python does: no error, shapes announced, nothing inside."""
    response = encoded(good_answer())
    response.raw_output_contents[[out.name for out in response.outputs].index(name)] = b""
    fake.answer = lambda: response
    with pytest.raises(FaceReaderBroken, match=name):
        read(reader)


def test_an_answer_without_contents_is_no_answer(reader: TritonFaceReader, fake: FakeTriton) -> None:
    response = encoded(good_answer())
    del response.raw_output_contents[:]
    fake.answer = lambda: response
    with pytest.raises(FaceReaderBroken):
        read(reader)


def test_overlong_images_are_cut_just_behind_the_limit(reader: TritonFaceReader, fake: FakeTriton) -> None:
    read(reader, images=[b"x" * 5_000_000, *IMAGES[1:]])
    assert len(fake.requests[0].raw_input_contents[0]) == 3 * 1024 * 1024 + 1 + 5 * 5 + 4 * 6


@pytest.mark.parametrize(("frames", "samples", "seed"), [(0, 1, 0), (65, 1, 0), (1, 0, 0), (1, 17, 0), (1, 1, 2**63)])
def test_requests_out_of_range_are_the_callers_mistake(
    reader: TritonFaceReader, fake: FakeTriton, frames: int, samples: int, seed: int
) -> None:
    with pytest.raises(ValueError, match=r"burst|seed"):
        reader.read_burst([b"x"] * frames, samples=samples, seed=seed, timeout_s=1)
    assert fake.requests == []


@pytest.mark.parametrize(
    ("ready", "expected"),
    [
        ({"face_burst", "face_burst_active"}, ReaderHealth(True, True, "2.51.0")),
        ({"face_burst_active"}, ReaderHealth(True, False, "2.51.0")),
        (set(), ReaderHealth(False, False, "2.51.0")),
    ],
)
def test_health_tells_which_ensemble_is_ready(
    reader: TritonFaceReader, fake: FakeTriton, ready: set[str], expected: ReaderHealth
) -> None:
    fake.ready = ready
    assert reader.health() == expected


def test_counts_are_passed_on(reader: TritonFaceReader) -> None:
    assert reader.inference_counts() == {"frames": 27}


@pytest.mark.parametrize(("certificate", "key"), [("/c", None), (None, "/k"), ("/c", "/k")])
def test_a_client_certificate_without_all_that_belongs_to_it_is_refused(
    certificate: str | None, key: str | None
) -> None:
    files = [Path(path) if path else None for path in (certificate, key)]
    with pytest.raises(ValueError, match="a client certificate needs"):
        TritonFaceReader("127.0.0.1:9", client_certificate=files[0], client_key=files[1])


def test_many_threads_share_one_reader(reader: TritonFaceReader) -> None:
    with ThreadPoolExecutor(8) as pool:
        readings = list(pool.map(lambda _: read(reader), range(40)))
    assert {len(reading.samples) for reading in readings} == {SAMPLES}
