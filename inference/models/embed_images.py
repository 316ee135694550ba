"""Embeds a folder of photographs the way verification does: detector, five points, chip, network, mirrored copy
averaged in.
"""

from __future__ import annotations

import enum
import functools
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landseal.inference.models.sources import Progress
from landseal.inference.vision.cutter import FaceCutter
from landseal.inference.vision.decode import ImageFault, Rgb, decode_image
from landseal.inference.vision.detector import Detection, FaceDetector
from landseal.inference.vision.embedder import Embedder

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_CHUNK = 16


class Outcome(enum.Enum):
    """What became of one image."""

    ONE_FACE = "one face"
    SEVERAL_FACES = "several faces, the most central was taken"
    NO_FACE = "no face"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Embedded:
    """One image; the embedding is None when there was no face."""

    name: str
    outcome: Outcome
    embedding: NDArray[np.float32] | None = field(repr=False)


class _Pipeline:
    def __init__(self, weights_dir: Path, mirror: bool) -> None:
        cv2.setNumThreads(1)
        self._detector, self._cutter = FaceDetector(weights_dir), FaceCutter(weights_dir)
        self._embedder, self._mirror = Embedder(weights_dir), mirror

    def embed(self, images_dir: Path, name: str) -> Embedded:
        try:
            rgb = decode_image((images_dir / name).read_bytes())
        except (ImageFault, OSError):
            return Embedded(name, Outcome.UNREADABLE, None)
        faces = self._detector.detect(rgb)
        cut = self._cutter.cut_rgb(rgb, _labelled(rgb, faces).box) if faces else None
        if cut is None:
            return Embedded(name, Outcome.NO_FACE, None)
        embed = self._embedder.embed_with_mirror if self._mirror else self._embedder.embed
        outcome = Outcome.ONE_FACE if len(faces) == 1 else Outcome.SEVERAL_FACES
        return Embedded(name, outcome, embed(cut.chip[np.newaxis])[0])


def _labelled(rgb: Rgb, faces: Sequence[Detection]) -> Detection:
    """The face the label speaks of, where bystanders are in the picture: labelled photographs are framed on it.

    Verification has no such choice to make, it refuses pictures with several faces. Taking the largest face instead
    lowered the accuracy on LFW's development pairs from 98.2 to 97.7 %, as some bystanders stand in front.
    """
    height, width = rgb.shape[:2]

    def off_centre(face: Detection) -> float:
        x, y, wide, high = face.box
        return float(np.hypot(x + wide / 2 - width / 2, y + high / 2 - height / 2))

    return min(faces, key=off_centre)


@functools.lru_cache(maxsize=1)
def _pipeline(weights_dir: Path, mirror: bool) -> _Pipeline:
    """One per worker process: networks are loaded once and not for every chunk."""
    return _Pipeline(weights_dir, mirror)


def _embed_chunk(weights_dir: Path, mirror: bool, images_dir: Path, names: Sequence[str]) -> list[Embedded]:
    return [_pipeline(weights_dir, mirror).embed(images_dir, name) for name in names]


def image_names(images_dir: Path) -> tuple[str, ...]:
    """All images below the folder, as sorted relative paths with forward slashes."""
    found = (path for path in images_dir.rglob("*") if path.suffix.lower() in SUFFIXES)
    return tuple(sorted(path.relative_to(images_dir).as_posix() for path in found))


def embed_images(
    images_dir: Path, names: Sequence[str], weights_dir: Path, *, mirror: bool, processes: int, progress: Progress
) -> list[Embedded]:
    """Embeds the named images in the order of their names; an image without a face is an outcome and not an exception.

    Raises:
        FileNotFoundError: weights are missing.
    """
    chunks = [names[start : start + _CHUNK] for start in range(0, len(names), _CHUNK)]
    done: list[Embedded] = []
    with _workers(processes) as pool:
        jobs = [pool.submit(_embed_chunk, weights_dir, mirror, images_dir, chunk) for chunk in chunks]
        for job in jobs:
            done += job.result()
            progress("images", len(done), len(names))
    return done


@contextmanager
def _workers(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes: forked ones would share the threads' locks of the networks' runtimes."""
    count = max(1, min(processes, os.cpu_count() or 1))
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool
