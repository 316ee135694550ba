"""P2: the embedding on one core, beside the ``dlib`` package on the same chips in the same run.

``dlib`` is what ``face_recognition`` calls. It is not needed otherwise; the extra ``bench`` compiles it.
"""

from __future__ import annotations

import importlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseal.clients.bench.bursts import portraits
from landseal.inference.models.errors import ModelError
from landseal.inference.models.fetch import OutsideFetcher
from landseal.inference.models.manifest import load_manifest
from landseal.inference.models.provision import settings_from
from landseal.inference.models.sources import CacheFolders, SourceFinder, silent
from landseal.inference.vision.cutter import FaceCutter
from landseal.inference.vision.decode import decode_image
from landseal.inference.vision.detector import FaceDetector
from landseal.inference.vision.embedder import Embedder

GOAL, LATER_GOAL = 14.0, 25.0
CHIPS, BATCH, ROUNDS = 24, 12, 5
"""A verification of six samples embeds twelve chips at once."""
SHIFT_PX = 6.0
"""Sigma by which the face box is moved for each chip, so that all differ."""
Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True)
class Speeds:
    """Seconds of CPU per face, one entry for each round."""

    ours: tuple[float, ...]
    dlib: tuple[float, ...]
    """Empty where dlib is not installed."""
    largest_difference: float
    """Between any two numbers of the two embeddings of one chip."""
    distances_agree: float
    """Largest difference between the distances of any two chips, by the two."""
    why_not: str = ""


def measure(models: Path, control: Connection) -> None:
    """What the process runs, bound to one core: sends the :class:`Speeds`."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    chips = _chips(models)
    ours = Embedder(models).embed
    theirs, why_not = _dlib()
    if theirs is None:
        control.send(Speeds(_rounds(ours, chips, ROUNDS), (), 0.0, 0.0, why_not))
        return
    own, other = ours(chips), theirs(chips)
    own_times, other_times = list[float](), list[float]()
    for _ in range(ROUNDS):
        own_times += _rounds(ours, chips, 1)
        other_times += _rounds(theirs, chips, 1)
    apart = float(np.abs(_distances(own) - _distances(other)).max())
    control.send(Speeds(tuple(own_times), tuple(other_times), float(np.abs(own - other).max()), apart))


def _rounds(embed: Embed, chips: NDArray[np.uint8], count: int) -> tuple[float, ...]:
    return tuple(_seconds(embed, chips) / len(chips) for _ in range(count))


def _seconds(embed: Embed, chips: NDArray[np.uint8]) -> float:
    begin = time.process_time()
    for start in range(0, len(chips), BATCH):
        embed(chips[start : start + BATCH])
    return time.process_time() - begin


def _chips(models: Path) -> NDArray[np.uint8]:
    """Chips of one face, each cut from a slightly moved box; uint8 [24, 150, 150, 3]."""
    rgb = decode_image(portraits()[0].enrolled)
    x, y, width, height = FaceDetector(models).detect(rgb)[0].box
    moves = np.random.default_rng(1).normal(0, SHIFT_PX, (CHIPS, 2)).tolist()
    cutter = FaceCutter(models)
    cuts = [cutter.cut_rgb(rgb, (x + dx, y + dy, width, height)) for dx, dy in moves]
    return np.stack([cut.chip for cut in cuts if cut is not None])


def _dlib() -> tuple[Embed | None, str]:
    try:
        dlib: Any = importlib.import_module("dlib")
    except ImportError:
        return None, "not asked for: install the extra bench, which compiles the package dlib"
    try:
        weights = _published_network()
    except ModelError as error:
        return None, str(error)
    with tempfile.NamedTemporaryFile(suffix=".dat") as file:
        file.write(weights)
        file.flush()
        network = dlib.face_recognition_model_v1(file.name)

    def embed(chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.array([network.compute_face_descriptor(chip) for chip in chips], np.float32)

    return embed, ""


def _published_network() -> bytes:
    """The file that dlib reads: the source of our own, before its conversion."""
    own, caches = settings_from(os.environ, os.pathsep)
    entry = next(entry for entry in load_manifest(own).entries if entry.role == "face-embedding")
    with tempfile.TemporaryDirectory() as downloads:
        return SourceFinder(CacheFolders(caches), Path(downloads), OutsideFetcher()).published(entry, silent)


def _distances(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.linalg.norm(embeddings[:, None] - embeddings[None], axis=-1), np.float32)


def summary(speeds: Speeds) -> dict[str, Any]:
    """What stands in the report."""
    found: dict[str, Any] = {"goal": GOAL, "later_goal": LATER_GOAL, "batch": BATCH, "faces": CHIPS}
    found["ms_per_face"] = _ms(speeds.ours)
    if not speeds.dlib:
        return found | {"ratio": None, "why_not": speeds.why_not}
    ratios = [theirs / ours for ours, theirs in zip(speeds.ours, speeds.dlib, strict=True)]
    return found | {
        "ratio": round(statistics.median(ratios), 2),
        "low": round(min(ratios), 2),
        "high": round(max(ratios), 2),
        "dlib_ms_per_face": _ms(speeds.dlib),
        "largest_difference": speeds.largest_difference,
        "largest_difference_of_distances": speeds.distances_agree,
    }


def _ms(seconds: Sequence[float]) -> float:
    return round(statistics.median(seconds) * 1e3, 2)
