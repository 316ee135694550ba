"""Cameras: what is filmed, when, and what happens when there is nothing to film with."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from landseal.clients.cameras.base import CaptureInstruction, Prompt
from landseal.clients.cameras.files import FileCamera
from landseal.clients.cameras.puppet_camera import PuppetCamera
from landseal.clients.cameras.webcam import WebCamera
from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason
from landseal.clients.verification import burst_bytes
from landseal.server.domain.receipts import CaptureSource

TOLD = CaptureInstruction(600, 200, 12, ((1, 800), (4, 1000)))


def unprompted(_prompt: Prompt) -> None: ...


def refused(reason: LocalReason, camera: FileCamera | WebCamera) -> None:
    with pytest.raises(LandsealError) as caught:
        camera.capture(TOLD, unprompted)
    assert caught.value.reason is reason


def test_prompts_follow_the_instruction() -> None:
    shown = [(at, TOLD.prompt_at(at)) for at in (0, 599, 600, 1399, 1400, 9000)]
    assert [prompt.shape for _, prompt in shown] == ["RELAXED", "RELAXED", "OPEN", "OPEN", "CLOSED", "CLOSED"]
    assert [prompt.index for _, prompt in shown] == [0, 0, 1, 1, 2, 2]
    assert shown[-1][1].elapsed_ms == shown[-1][1].hold_ms == 1000


def test_a_folder_of_images_is_filmed_in_the_order_of_names(tmp_path: Path) -> None:
    for number in range(13):
        (tmp_path / f"{number:02d}.jpg").write_bytes(b"%d" % number)
    (tmp_path / "notes.txt").write_text("no image")
    capture = FileCamera.folder(tmp_path).capture(TOLD, unprompted)
    assert capture.source is CaptureSource.FILE
    assert [frame.image for frame in capture.frames] == [b"%d" % number for number in range(12)]
    assert [frame.offset_ms for frame in capture.frames] == list(range(0, 2400, 200))


def test_too_few_images_are_no_capture() -> None:
    refused(LocalReason.CAPTURE_FAILED, FileCamera([b"one"]))


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(LandsealError) as caught:
            FileCamera.folder(folder)
        assert caught.value.reason is LocalReason.FILE_UNREADABLE


class FakeDevice:
    """A fake of ``cv2.VideoCapture``: grey pictures, until it breaks."""

    def __init__(self, pictures: int = 10_000, *, opened: bool = True) -> None:
        self.left, self.opened, self.released = pictures, opened, False

    def isOpened(self) -> bool:
        return self.opened

    def set(self, _what: int, _value: float) -> bool:
        return True

    def read(self) -> tuple[bool, NDArray[np.uint8]]:
        self.left -= 1
        return self.left >= 0, np.full((48, 64, 3), 128, np.uint8)

    def release(self) -> None:
        self.released = True


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDevice]:
    held = FakeDevice()
    monkeypatch.setattr(cv2, "VideoCapture", lambda _index: held)
    yield held
    assert held.released


def ticking(step_s: float) -> WebCamera:
    ticks = itertools.count()
    return WebCamera(clock=lambda: next(ticks) * step_s)


def test_frames_are_stamped_with_the_time_at_which_they_were_taken(device: FakeDevice) -> None:
    prompts: list[Prompt] = []
    capture = ticking(0.03).capture(TOLD, prompts.append)
    offsets = [frame.offset_ms for frame in capture.frames]
    assert capture.source is CaptureSource.CAMERA
    assert all(0 <= taken - due < 60 for taken, due in zip(offsets, TOLD.frame_times_ms, strict=True))
    assert {prompt.shape for prompt in prompts} == {"RELAXED", "OPEN", "CLOSED"}
    assert cv2.imdecode(np.frombuffer(capture.frames[0].image, np.uint8), cv2.IMREAD_COLOR).shape == (48, 64, 3)
    assert burst_bytes(capture)


def test_a_camera_that_stops_gives_no_half_capture(device: FakeDevice) -> None:
    device.left = 30
    refused(LocalReason.CAPTURE_FAILED, ticking(0.03))


def test_a_camera_that_is_far_too_slow_gives_no_capture(device: FakeDevice) -> None:
    refused(LocalReason.CAPTURE_FAILED, ticking(3.0))


def test_a_missing_camera_is_told_before_anything_is_asked_of_a_server(device: FakeDevice) -> None:
    device.opened = False
    with pytest.raises(LandsealError) as caught:
        WebCamera().probe()
    assert caught.value.reason is LocalReason.CAMERA_MISSING


def test_a_puppet_says_that_it_is_one(model_weights: Path) -> None:
    portrait = skimage.data.astronaut()[:300, 80:380]  # type: ignore[no-untyped-call]  # skimage ships no types
    camera = PuppetCamera(portrait, weights=model_weights, rng=random.Random(1))
    capture = camera.capture(TOLD, unprompted)
    assert capture.source is CaptureSource.PUPPET
    assert len({frame.image for frame in capture.frames}) == 12


def test_a_portrait_without_one_face_makes_no_puppet(model_weights: Path) -> None:
    for portrait, reason in (
        (np.zeros((200, 200, 3), np.uint8), LocalReason.CAPTURE_FAILED),
        (b"no image", LocalReason.FILE_UNREADABLE),
        (Path("missing.jpg"), LocalReason.FILE_UNREADABLE),
    ):
        with pytest.raises(LandsealError) as caught:
            PuppetCamera(portrait, weights=model_weights)
        assert caught.value.reason is reason
