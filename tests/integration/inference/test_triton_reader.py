"""The Triton reader on a real Triton with real weights."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
from conformance.face_reader import FaceReaderConformance, burst
from numpy.typing import NDArray
from support.engines import face_reader, triton_client
from support.faces import hopper, jpeg, silent_weights, weights

from landseal.inference.reading import FaceReaderAway, FaceReaderError, ReaderHealth
from landseal.inference.triton import TritonFaceReader
from landseal.inference.vision.cutter import FaceCutter
from landseal.inference.vision.embedder import Embedder
from landseal.inference.vision.frame import FrameReader
from landseal.inference.vision.silent import SilentLiveness
from landseal.server.engines.triton import EmbeddedTriton

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedTriton]:
    engine = EmbeddedTriton(tmp_path_factory.mktemp("home"), silent_weights())
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def reader(engine: EmbeddedTriton) -> Iterator[TritonFaceReader]:
    with face_reader(engine.start(), engine.tls) as reader:
        yield reader


class TestTritonFaceReader(FaceReaderConformance):
    def test_silent_liveness_takes_part(self, reader: TritonFaceReader) -> None:
        assert reader.health().silent
        assert all(sample.live is not None for sample in self.read(reader, burst(3), samples=3).samples)

    def test_a_burst_reads_as_it_does_without_triton(self, reader: TritonFaceReader) -> None:
        data = jpeg(hopper())
        bare, through = FrameReader(weights()).read(data), self.read(reader, [data])
        assert bare.landmarks is not None
        assert through.frames[0].landmarks is not None
        assert np.array_equal(through.frames[0].landmarks, bare.landmarks)
        assert through.frames[0].box == pytest.approx(bare.box)
        assert through.frames[0].perceptual_hash == bare.perceptual_hash
        cut = FaceCutter(weights()).cut(data, bare.box)
        assert cut is not None
        embedding = Embedder(weights()).embed(np.stack([cut.chip, cut.chip[:, ::-1]])).mean(axis=0)
        live = SilentLiveness(weights()).live(cut.crops[np.newaxis])
        assert np.allclose(through.samples[0].embedding, embedding, atol=1e-5)
        assert through.samples[0].live == pytest.approx(float(live[0]), abs=1e-5)


def infer(engine: EmbeddedTriton, model: str, name: str, rows: NDArray[np.uint8]) -> NDArray[np.float32]:
    with triton_client(engine) as client:
        tensor = triton_grpc.InferInput(name, rows.shape, "UINT8").set_data_from_numpy(rows)
        answer = client.infer(model, [tensor], client_timeout=60.0)
        return np.asarray(answer.as_numpy({"embedding": "EMBEDDING", "liveness": "LIVE"}[model]), np.float32)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 12, 13, 24, 31, 32])
def test_embeddings_of_every_batch_equal_the_bare_network(engine: EmbeddedTriton, size: int) -> None:
    chips = np.random.default_rng(size).integers(0, 256, (size, 150, 150, 3), np.uint8)
    bare = np.concatenate([Embedder(weights()).embed(chip[np.newaxis]) for chip in chips])
    assert np.abs(infer(engine, "embedding", "CHIP", chips) - bare).max() < 1e-5


@pytest.mark.parametrize("size", [1, 6, 16])
def test_liveness_of_every_batch_equals_the_bare_networks(engine: EmbeddedTriton, size: int) -> None:
    crops = np.random.default_rng(size).integers(0, 256, (size, 2, 80, 80, 3), np.uint8)
    bare = np.concatenate([SilentLiveness(weights()).live(crop[np.newaxis]) for crop in crops])
    assert np.abs(infer(engine, "liveness", "CROPS", crops)[:, 0] - bare).max() < 1e-5


def test_requests_that_share_a_batch_get_their_own_rows(engine: EmbeddedTriton) -> None:
    chips = np.random.default_rng(3).integers(0, 256, (12, 3, 150, 150, 3), np.uint8)
    alone = [Embedder(weights()).embed(part) for part in chips]
    answers: dict[int, NDArray[np.float32]] = {}

    def ask(index: int) -> None:
        answers[index] = infer(engine, "embedding", "CHIP", chips[index])

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(chips))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.abs(answers[index] - alone[index]).max() < 1e-5 for index in range(len(chips)))


def test_without_the_silent_weights_the_twin_reads_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    for path in weights().iterdir():
        if path.is_file() and "minifasnet" not in path.name and path.suffix in {".tflite", ".onnx", ".npz"}:
            (folder / path.name).symlink_to(path)
    engine = EmbeddedTriton(tmp_path / "home", folder)
    try:
        with face_reader(engine.start(), engine.tls) as reader:
            assert reader.health() == ReaderHealth(ready=True, silent=False, version="2.51.0")
            reading = reader.read_burst(burst(3), samples=2, seed=1, timeout_s=30)
            assert not reading.silent
            assert [sample.live for sample in reading.samples] == [None, None]
    finally:
        engine.stop()


def test_without_any_weights_nothing_is_ready(tmp_path: Path) -> None:
    weights()
    (tmp_path / "weights").mkdir()
    engine = EmbeddedTriton(tmp_path / "home", tmp_path / "weights")
    try:
        with face_reader(engine.start(), engine.tls) as reader:
            assert not reader.health().ready
            with pytest.raises(FaceReaderAway):
                reader.read_burst([b"x"], samples=1, seed=1, timeout_s=5)
    finally:
        engine.stop()


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[EmbeddedTriton]:
    engine = EmbeddedTriton(tmp_path / "home", silent_weights())
    yield engine
    engine.stop()


def test_an_engine_killed_in_the_middle_gives_no_reading_and_the_next_one_is_found(own_engine: EmbeddedTriton) -> None:
    with face_reader(own_engine.start(), own_engine.tls) as reader:
        images = burst(60)
        reader.read_burst(images[:2], samples=1, seed=1, timeout_s=30)
        outcome: list[object] = []

        def ask() -> None:
            try:
                outcome.append(reader.read_burst(images, samples=6, seed=1, timeout_s=30))
            except FaceReaderError as error:
                outcome.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.2)
        assert own_engine.pid is not None
        os.kill(own_engine.pid, signal.SIGKILL)
        thread.join(10)
        assert isinstance(outcome[0], FaceReaderAway)
        assert not reader.health().ready
        gone_by = time.monotonic() + 10
        while own_engine.alive() and time.monotonic() < gone_by:
            time.sleep(0.05)
        own_engine.start()
        found_by = time.monotonic() + 10
        while not reader.health().ready and time.monotonic() < found_by:
            time.sleep(0.2)
        assert len(reader.read_burst(images[:2], samples=1, seed=1, timeout_s=30).samples) == 1


def test_impatient_callers_neither_crash_nor_clog_the_engine(own_engine: EmbeddedTriton) -> None:
    """Triton 2.51 crashes on cancelled calls and keeps what a later step refused; neither may happen here."""
    address = own_engine.start()
    pid = own_engine.pid
    images = burst(10)
    with face_reader(address, own_engine.tls) as reader:

        def hurry(first: int) -> None:
            for tenth in range(first, 12, 4):
                try:
                    reader.read_burst(images, samples=16, seed=1, timeout_s=0.05 + 0.1 * tenth)
                except FaceReaderError:
                    continue

        threads = [threading.Thread(target=hurry, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(reader.read_burst(images, samples=6, seed=1, timeout_s=60).samples) == 6
    assert own_engine.alive()
    assert own_engine.pid == pid
    started = time.monotonic()
    own_engine.stop()
    assert time.monotonic() - started < 10
    assert "in-flight inferences" not in own_engine.log.read_text().rsplit("Timeout", 1)[-1]
