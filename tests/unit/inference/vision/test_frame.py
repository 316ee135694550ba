"""Detector, mesh and frame reader on real networks and two known faces."""

from __future__ import annotations

import numpy as np
import pytest
from support.faces import astronaut, encode, hopper, jpeg, lit, moved, weights

from landseal.inference.reading import FrameFault
from landseal.inference.vision.cutter import FaceCutter
from landseal.inference.vision.detector import FaceDetector
from landseal.inference.vision.frame import FrameReader, usable
from landseal.inference.vision.frame_tensors import frame_tensors
from landseal.inference.vision.mesh import FaceMesh


@pytest.fixture(scope="module")
def reader() -> FrameReader:
    return FrameReader(weights())


def test_a_face_is_found_where_it_is(reader: FrameReader) -> None:
    reading = reader.read(jpeg(astronaut()))
    x, y, width, height = reading.box
    assert (reading.face_count, reading.width, reading.height) == (1, 512, 512)
    assert x < 225 < x + width
    assert y < 128 < y + height
    assert 80 < width < 110
    assert reading.score > 0.8
    assert usable(reading)


def test_eyes_and_lips_of_the_mesh_lie_on_the_face(reader: FrameReader) -> None:
    landmarks = reader.read(jpeg(astronaut())).landmarks
    assert landmarks is not None
    assert landmarks.shape == (468, 3)
    eyes, lips = landmarks[[33, 133, 362, 263], :2].mean(axis=0), landmarks[[13, 14], :2].mean(axis=0)
    assert np.linalg.norm(eyes - (222, 112)) < 12
    assert np.linalg.norm(lips - (223, 156)) < 14


@pytest.mark.parametrize("degrees", [-25, 15, 30])
def test_the_mesh_turns_with_the_picture(degrees: float) -> None:
    detector, mesh = FaceDetector(weights()), FaceMesh(weights())
    plain, turned = hopper(), moved(hopper(), degrees=degrees)
    truth = mesh.landmarks(plain, detector.detect(plain)[0])[:, :2]
    found = mesh.landmarks(turned, detector.detect(turned)[0])[:, :2]
    angle = np.radians(-degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    expected = (truth - (256, 300)) @ turn.T + (256, 300)
    assert np.linalg.norm(found - expected, axis=1).mean() < 5


def test_an_empty_wall_has_no_face(reader: FrameReader) -> None:
    reading = reader.read(jpeg(np.full((480, 640, 3), 180, np.uint8)))
    assert (reading.fault, reading.face_count, reading.score) == (FrameFault.NONE, 0, 0.0)
    assert reading.landmarks is None
    assert reading.quality is None
    assert reading.box == (0.0, 0.0, 0.0, 0.0)


def test_two_faces_are_counted_and_neither_is_measured(reader: FrameReader) -> None:
    both = np.concatenate([hopper()[:512, :400], astronaut()[:, 30:430]], axis=1)
    detections = FaceDetector(weights()).detect(both)
    assert [d.box[0] < 400 for d in detections] == [True, False]
    reading = reader.read(jpeg(both))
    assert reading.face_count == 2
    assert not usable(reading)
    assert reading.box == pytest.approx(detections[0].box, abs=3)


@pytest.mark.parametrize("change", [0.5, 1.5])
def test_light_does_not_move_the_box(reader: FrameReader, change: float) -> None:
    assert reader.read(jpeg(lit(hopper(), change))).box == pytest.approx(reader.read(jpeg(hopper())).box, abs=12)


@pytest.mark.parametrize("size", [(32, 512), (512, 32), (33, 33)])
def test_strange_proportions_are_read(reader: FrameReader, size: tuple[int, int]) -> None:
    reading = reader.read(encode(np.ascontiguousarray(astronaut()[: size[0], : size[1]]), ".png"))
    assert (reading.height, reading.width) == size


def test_a_bad_image_is_a_reading_with_a_fault(reader: FrameReader) -> None:
    reading = reader.read(b"no image")
    assert reading.fault is FrameFault.NOT_AN_IMAGE
    assert (reading.width, reading.face_count, reading.landmarks) == (0, 0, None)


def test_rows_of_tensors_are_zero_where_nothing_was_measured(reader: FrameReader) -> None:
    tensors = frame_tensors([reader.read(b""), reader.read(jpeg(hopper()))])
    assert tensors["USABLE"].ravel().tolist() == [False, True]
    assert not tensors["LANDMARKS"][0].any()
    assert tensors["LANDMARKS"][1].any()
    assert tensors["FAULT"].ravel().tolist() == [FrameFault.EMPTY, FrameFault.NONE]
    assert tensors["SIZE"][1].tolist() == [512, 600]


def test_a_reading_keeps_the_face_out_of_its_repr(reader: FrameReader) -> None:
    text = repr(reader.read(jpeg(hopper())))
    assert "landmarks" not in text
    assert "box" not in text


def test_a_cutter_gives_both_cuts_or_nothing(reader: FrameReader) -> None:
    cutter, data = FaceCutter(weights()), jpeg(hopper())
    cut = cutter.cut(data, reader.read(data).box)
    assert cut is not None
    assert (cut.chip.shape, cut.crops.shape) == ((150, 150, 3), (2, 80, 80, 3))
    assert cutter.cut(data, (10.0, 10.0, 0.0, 0.0)) is None
    assert cutter.cut(b"no image", (10.0, 10.0, 50.0, 50.0)) is None


def test_missing_weights_are_named(tmp_path: object) -> None:
    with pytest.raises(FileNotFoundError, match=r"face_detection_short_range\.tflite"):
        FaceDetector(weights() / "nowhere")
