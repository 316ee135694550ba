"""Embedder and silent liveness on networks of three nodes, and on the real ones where they are provisioned."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from landseal.inference.models.converters.graph import FLOAT, UINT8, Graph, serialise, tensor_info
from landseal.inference.reading import FaceReaderBroken
from landseal.inference.vision import embedder, silent
from landseal.inference.vision.embedder import Embedder
from landseal.inference.vision.silent import SilentLiveness

real_weights = pytest.mark.skipif("LANDSEAL_WEIGHTS" not in os.environ, reason="needs provisioned weights")


def mean_network(path: Path, side: int, scale: float) -> None:
    """Answers the mean of each colour over the left column of pixels, times ``scale``."""
    graph = Graph()
    value = graph.op("Cast", ["images"], to=FLOAT)
    bounds = [
        graph.constant(name, np.array([number], np.int64)) for name, number in (("from", 0), ("to", 1), ("axis", 2))
    ]
    value = graph.op("Slice", [value, *bounds])
    value = graph.op("ReduceMean", [value], axes=[1, 2], keepdims=0)
    graph.op("Mul", [value, graph.constant("scale", np.array(scale, np.float32))], "out")
    shape: list[int | str] = ["N", side, side, 3]
    path.write_bytes(
        serialise(graph.model("m", [tensor_info("images", UINT8, shape)], [tensor_info("out", FLOAT, ["N", 3])]))
    )


def chips(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(1).integers(0, 256, (count, 150, 150, 3), dtype=np.uint8)


def test_batches_larger_than_a_piece_come_back_in_order(tmp_path: Path) -> None:
    mean_network(tmp_path / embedder.WEIGHTS, 150, 1.0)
    many = chips(70)
    assert Embedder(tmp_path).embed(many) == pytest.approx(many[:, :, 0].mean(axis=1), rel=1e-5)
    assert Embedder(tmp_path).embed(many[:0]).shape == (0, 3)


def test_the_mirrored_copy_is_averaged_in(tmp_path: Path) -> None:
    mean_network(tmp_path / embedder.WEIGHTS, 150, 1.0)
    few = chips(2)
    expected = (few[:, :, 0].mean(axis=1) + few[:, :, -1].mean(axis=1)) / 2
    assert Embedder(tmp_path).embed_with_mirror(few) == pytest.approx(expected, rel=1e-5)


def test_a_network_that_answers_no_number_is_broken(tmp_path: Path) -> None:
    mean_network(tmp_path / embedder.WEIGHTS, 150, float("nan"))
    with pytest.raises(FaceReaderBroken):
        Embedder(tmp_path).embed(chips(1))


@pytest.mark.parametrize("images", [np.zeros((1, 150, 150, 3), np.float32), np.zeros((150, 150, 3), np.uint8)])
def test_other_shapes_and_types_are_refused(
    tmp_path: Path, images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> None:
    mean_network(tmp_path / embedder.WEIGHTS, 150, 1.0)
    with pytest.raises(ValueError, match="expected uint8"):
        Embedder(tmp_path).embed(images)


def test_silent_liveness_averages_both_opinions_on_their_own_crops(tmp_path: Path) -> None:
    mean_network(tmp_path / silent.WEIGHTS[0], 80, 1 / 255)
    mean_network(tmp_path / silent.WEIGHTS[1], 80, 1 / 255)
    crops = np.zeros((3, 2, 80, 80, 3), np.uint8)
    crops[1, 0, ..., 1], crops[2, :, ..., 1], crops[0, ..., 0] = 255, 255, 255
    assert SilentLiveness(tmp_path).live(crops) == pytest.approx([0, 0.5, 1])


def test_one_silent_network_alone_is_none(tmp_path: Path) -> None:
    mean_network(tmp_path / silent.WEIGHTS[0], 80, 1.0)
    with pytest.raises(FileNotFoundError):
        SilentLiveness(tmp_path)


@real_weights
def test_the_real_network_gives_the_same_numbers_for_a_face_in_any_batch() -> None:
    network = Embedder(Path(os.environ["LANDSEAL_WEIGHTS"]))
    three = chips(3)
    assert network.size == 128
    assert network.embed(three)[1] == pytest.approx(network.embed(three[1:2])[0], abs=1e-5)


@real_weights
def test_known_portraits_lie_as_far_apart_as_published() -> None:
    """The same person 0.07 to 0.21 and two people 0.65 to 0.68 apart by the plain distance (see the design)."""
    cv2 = pytest.importorskip("cv2")
    from matplotlib import cbook
    from skimage import data

    from landseal.inference.vision.cutter import FaceCutter
    from landseal.inference.vision.detector import FaceDetector

    weights = Path(os.environ["LANDSEAL_WEIGHTS"])
    detector, cutter, network = FaceDetector(weights), FaceCutter(weights), Embedder(weights)
    hopper = cv2.cvtColor(
        cv2.imread(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))), cv2.COLOR_BGR2RGB
    )
    astronaut = np.asarray(data.astronaut())  # type: ignore[no-untyped-call]  # ships no types
    images = [astronaut, np.ascontiguousarray(astronaut[40:400, 60:420]), hopper]
    cuts = [cutter.cut_rgb(image, detector.detect(image)[0].box) for image in images]
    rows = network.embed_with_mirror(np.stack([cut.chip for cut in cuts if cut is not None])).astype(np.float64)
    assert np.linalg.norm(rows[0] - rows[1]) < 0.25
    assert np.linalg.norm(rows[0] - rows[2]) > 0.6
