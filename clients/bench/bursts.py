"""The bursts of a load test: rendered before the measurement, each one sent once and never again.

A few takes are rendered (a second of video costs the puppet half a second of CPU), and every burst is one of them with
fresh noise, encoded anew. So all files differ and the server's search for frames that were seen before stays on; and
no account sends two bursts of one take, so its search for near-duplicates, which looks at one person's bursts, stays
on too.
"""

from __future__ import annotations

import functools
import multiprocessing
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landseal.clients.cameras.base import Capture, CaptureInstruction, Frame
from landseal.clients.cameras.puppet_camera import PuppetCamera
from landseal.clients.demo.cast import Player, transferee
from landseal.clients.verification import unprompted
from landseal.inference.challenges.lip_instruction import FRAME_EVERY_MS, LEAD_IN_MS, LipInstruction, LipShape
from landseal.inference.challenges.lip_shapes import LipShapes
from landseal.inference.challenges.seeded import seeded_instructions
from landseal.inference.vision.frame import FrameReader
from landseal.server.domain.receipts import CaptureSource

SEED = 20261122
"""Of the instructions, the performances and the noise."""
INSTRUCTIONS = 4
"""Known instructions that the server issues in turn."""
TAKES = 6
"""Tries for a take that the challenge accepts; the puppet does not always play well."""
JPEG_QUALITY = 92
NOISE = 1.0
"""Grey levels (sigma) that are added to a take for each burst made from it."""
_BANK = 256
"""Pixels by which the sheet of noise is larger than a frame, so that its cuts differ."""


@dataclass(frozen=True)
class Burst:
    """One capture, ready to be sent by one account in answer to one instruction."""

    instruction: int
    """Index among the known instructions."""
    account: int
    images: tuple[bytes, ...] = field(repr=False)
    """JPEG, 640x480."""

    def capture(self) -> Capture:
        """As a camera would return it."""
        frames = tuple(Frame(image, i * FRAME_EVERY_MS) for i, image in enumerate(self.images))
        return Capture(frames, CaptureSource.PUPPET)


def instructions() -> tuple[LipInstruction, ...]:
    """The known instructions, in the order in which the server issues them."""
    return seeded_instructions(LipShapes(), SEED, INSTRUCTIONS)


def portraits() -> tuple[Player, ...]:
    """Whose faces are shown; accounts take turns.

    One of the demo's two portraits: takes of the other lie so near the limit for one person in one burst that some
    samples of them are refused.
    """
    return (transferee(),)


def account_of(index: int, accounts: int) -> int:
    """Which account sends burst ``index``: one after another, and never two bursts of one instruction."""
    group, instruction = divmod(index, INSTRUCTIONS)
    return (group + instruction * max(1, accounts // INSTRUCTIONS)) % accounts


def accounts_for(count: int) -> int:
    """How many accounts are needed for so many bursts; at least one for each instruction, so that they mix."""
    return max(INSTRUCTIONS, -(-count // INSTRUCTIONS))


def make_bursts(count: int, weights: Path, processes: int) -> list[Burst]:
    """Renders the takes and makes ``count`` bursts of them, in the order in which they must be sent."""
    accounts = accounts_for(count)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        jobs = [(person, each) for person in range(len(portraits())) for each in range(INSTRUCTIONS)]
        takes = dict(zip(jobs, pool.map(functools.partial(_take, weights), jobs), strict=True))
        senders = [account_of(i, accounts) for i in range(count)]
        bases = [takes[sender % len(portraits()), i % INSTRUCTIONS] for i, sender in enumerate(senders)]
        images = pool.map(_noisy, bases, range(count), chunksize=4)
        return [Burst(i % INSTRUCTIONS, senders[i], each) for i, each in enumerate(images)]


def _take(weights: Path, job: tuple[int, int]) -> tuple[bytes, ...]:
    """Films one person following one instruction until the challenge is met."""
    person, number = job
    asked, reader = instructions()[number], FrameReader(weights)
    shapes = list(LipShape)
    times = LipShapes().plan(asked).frame_times_ms
    wanted = CaptureInstruction(
        LEAD_IN_MS, FRAME_EVERY_MS, len(times), tuple((shapes.index(a.shape) + 1, a.hold_ms) for a in asked.actions)
    )
    rng = random.Random(f"{SEED}/{person}/{number}")  # noqa: S311 - a repeatable performance, nothing secret
    camera = PuppetCamera(portraits()[person].portrait, weights=weights, rng=rng)
    for _ in range(TAKES):
        images = tuple(frame.image for frame in camera.capture(wanted, unprompted).frames)
        if _accepted(reader, asked, images):
            return images
    raise RuntimeError("the puppet does not manage an instruction; choose another seed")


def _accepted(reader: FrameReader, asked: LipInstruction, images: Sequence[bytes]) -> bool:
    points = [reader.read(image).landmarks for image in images]
    if any(each is None for each in points):
        return False
    landmarks = np.stack([each for each in points if each is not None])
    times = LipShapes().plan(asked).frame_times_ms
    return LipShapes().judge(asked, landmarks, times, np.ones(len(images), np.bool_)).passed


def _noisy(images: tuple[bytes, ...], seed: int) -> tuple[bytes, ...]:
    rng = np.random.default_rng([SEED, seed])
    sheet = rng.normal(0.0, NOISE, (480 + _BANK, 640 + _BANK, 3)).round().astype(np.int16)
    return tuple(_encode(image, sheet, *rng.integers(0, _BANK, 2).tolist()) for image in images)


def _encode(image: bytes, sheet: NDArray[np.int16], y: int, x: int) -> bytes:
    pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    height, width = pixels.shape[:2]
    noisy = cv2.add(pixels, sheet[y : y + height, x : x + width], dtype=cv2.CV_8U)
    done, data = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError("the frame could not be encoded")
    return data.tobytes()
