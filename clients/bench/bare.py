"""The bar: the same decoding and the same networks on the same frames, called directly in a few processes.

What somebody would write who needs no server: each image is decoded once and kept, BlazeFace and FaceMesh run on every
frame, six frames chosen as the product chooses them are aligned and cut, and their chips with mirror images and crops
go through the networks, a burst at a time. Measures of quality, pose and perceptual hash, which the product takes too,
are left out: they are neither decoding nor networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landseal.clients.bench.bursts import Burst
from landseal.inference.vision.cutter import FaceCutter
from landseal.inference.vision.decode import decode_image
from landseal.inference.vision.detector import FaceDetector
from landseal.inference.vision.embedder import Embedder
from landseal.inference.vision.mesh import MIN_PRESENCE, FaceMesh
from landseal.inference.vision.selection import select
from landseal.inference.vision.silent import SilentLiveness


@dataclass(frozen=True)
class BareReading:
    """What the networks said about one burst."""

    landmarks: NDArray[np.float32] = field(repr=False)
    """float32 [N, 468, 3]; zeros where there is no face."""
    embeddings: NDArray[np.float32] = field(repr=False)
    """float32 [2K, 128]."""
    live: NDArray[np.float32] = field(repr=False)
    """float32 [K]; empty without silent liveness."""


class Bare:
    """All networks, one thread each."""

    def __init__(self, weights: Path, samples: int, *, silent: bool) -> None:
        cv2.setNumThreads(1)
        self._samples = samples
        self._detector, self._mesh = FaceDetector(weights), FaceMesh(weights)
        self._cutter, self._embedder = FaceCutter(weights), Embedder(weights)
        self._silent = SilentLiveness(weights) if silent else None

    def read(self, images: Sequence[bytes], seed: int) -> BareReading:
        """Reads one burst."""
        pixels = [decode_image(image) for image in images]
        usable = np.zeros(len(images), np.bool_)
        landmarks = np.zeros((len(images), 468, 3), np.float32)
        boxes = [(0.0, 0.0, 0.0, 0.0)] * len(images)
        for index, rgb in enumerate(pixels):
            faces = self._detector.detect(rgb)
            if len(faces) == 1:
                fit = self._mesh.fit(rgb, faces[0])
                usable[index], boxes[index] = fit.presence >= MIN_PRESENCE, faces[0].box
                landmarks[index] = fit.landmarks
        taken = select(usable, self._samples, seed, lambda i: self._cutter.cut_rgb(pixels[i], boxes[i]))
        live = self._silent.live(taken.crops) if self._silent else np.zeros(0, np.float32)
        return BareReading(landmarks, self._embedder.embed(taken.chips), live)


def loop(bursts: Sequence[Burst], weights: Path, samples: int, silent: bool, control: Connection) -> None:
    """What each process runs: obeys ranges of bursts, answering with how many it read, until ``None`` comes."""
    bare = Bare(weights, samples, silent=silent)
    control.send("ready")
    while (command := control.recv()) is not None:
        for index in command:
            bare.read(bursts[index].images, seed=index)
        control.send(len(command))
