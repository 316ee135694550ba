"""Measures the embedding on labelled photographs: ``landseal models evaluate embedding``."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseal.inference.models.embed_images import Embedded, Outcome, embed_images, image_names
from landseal.inference.models.errors import ModelError
from landseal.inference.models.files import sha256_of
from landseal.inference.models.metric import Metric, prepared
from landseal.inference.models.rates import (
    Estimate,
    Genuine,
    ImpostorTail,
    Operating,
    best_threshold,
    impostor_tail,
    operating_points,
    widened,
    wilson,
)
from landseal.inference.models.sources import Progress, silent
from landseal.inference.vision.embedder import WEIGHTS

FMRS = (1e-2, 1e-3, 1e-4)
FOLDS = 10
_TAIL = 0.1
_SEED = 20260101
METHOD = (
    "A comparison matches when its distance is at most the threshold. Thresholds: all cross-identity pairs of the "
    "images; FNMR: the genuine pairs of the list. 95 % intervals: identities drawn with replacement (percentile "
    "bootstrap, thresholds redrawn too), widened to contain Wilson's interval. Accuracy: ten folds by identity, the "
    "threshold of each chosen on pairs without any identity of the fold."
)


class EvaluationError(ModelError):
    """The pairs or images cannot be evaluated."""


@dataclass(frozen=True)
class Pair:
    """Two images of the list, as paths below the image folder."""

    a: str
    b: str
    same: bool


@dataclass(frozen=True)
class EmbeddingReport:
    """What was measured; embeddings themselves are not part of it."""

    model_sha256: str
    metric: Metric
    mirror: bool
    images: int
    identities: int
    failures_to_detect: int
    """Images without a face that could be aligned; they take part in no rate."""
    unreadable: int
    several_faces: int
    """Images with more than one face, where the most central one was taken; the server refuses such images."""
    pairs: int
    pairs_left_out: int
    """Pairs of which an image failed."""
    impostor_pairs: int
    accuracy: Estimate
    fold_thresholds: tuple[float, ...]
    operating: dict[float, Operating]
    det: tuple[tuple[float, float], ...] = field(repr=False)
    """(FMR, FNMR) along the thresholds, for the picture."""
    genuine: Genuine = field(repr=False)
    tail: ImpostorTail = field(repr=False)


def evaluate_embedding(
    pairs_csv: Path,
    images_dir: Path,
    weights_dir: Path,
    *,
    mirror: bool = True,
    metric: Metric = Metric.UNIT,
    processes: int = 2,
    replicates: int = 1000,
    progress: Progress = silent,
) -> EmbeddingReport:
    """Runs the verification pipeline over all images and measures it.

    Args:
        pairs_csv: columns a, b (paths below ``images_dir``) and same (1 or 0).
        images_dir: one folder per person; all images below it make the impostor pairs.
        weights_dir: the provisioned weights.
        mirror: average in the mirrored copy, as verification does.
        metric: how embeddings are compared.
        processes: processes that embed.
        replicates: draws for the intervals.
        progress: told about images as they are done.

    Raises:
        EvaluationError: the list is malformed, names images that are not there, or leaves nothing to measure.
    """
    pairs, names = read_pairs(pairs_csv), image_names(images_dir)
    missing = {name for pair in pairs for name in (pair.a, pair.b)} - set(names)
    if missing:
        raise EvaluationError(f"{len(missing)} images of {pairs_csv.name} are not in the image folder")
    embedded = embed_images(images_dir, names, weights_dir, mirror=mirror, processes=processes, progress=progress)
    model = sha256_of(weights_dir / WEIGHTS) or ""
    return measure(embedded, pairs, model_sha256=model, metric=metric, mirror=mirror, replicates=replicates)


def read_pairs(pairs_csv: Path) -> tuple[Pair, ...]:
    """The list of comparisons.

    Raises:
        EvaluationError: it cannot be read, a column is missing, or ``same`` is neither 0 nor 1.
    """
    try:
        with pairs_csv.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return tuple(Pair(row["a"], row["b"], {"0": False, "1": True}[row["same"].strip()]) for row in rows)
    except (OSError, UnicodeDecodeError, KeyError, AttributeError, csv.Error) as error:
        raise EvaluationError(f"{pairs_csv.name} is no list of pairs with columns a, b, same: {error}") from error


def identity_of(name: str) -> str:
    """The person in an image: the folder that holds it.

    Raises:
        EvaluationError: the image lies in no folder.
    """
    folder, _, _ = name.rpartition("/")
    if not folder:
        raise EvaluationError("every person needs a folder of their own below the image folder")
    return folder


def measure(
    embedded: Sequence[Embedded],
    pairs: Sequence[Pair],
    *,
    model_sha256: str,
    metric: Metric,
    mirror: bool,
    replicates: int,
) -> EmbeddingReport:
    """The rates for images that are embedded already.

    Raises:
        EvaluationError: fewer pairs of either kind than can be measured.
    """
    outcomes = Counter(image.outcome for image in embedded)
    found = [(image.name, image.embedding) for image in embedded if image.embedding is not None]
    place = {name: index for index, (name, _) in enumerate(found)}
    usable = [pair for pair in pairs if pair.a in place and pair.b in place]
    if len({pair.same for pair in usable}) < 2:
        raise EvaluationError("both pairs of one person and pairs of two people are needed")
    rows = prepared(np.stack([embedding for _, embedding in found]), metric)
    labels, identities = np.unique([identity_of(name) for name, _ in found], return_inverse=True)
    ends = np.array([(place[pair.a], place[pair.b]) for pair in usable], np.intp)
    same = np.array([pair.same for pair in usable])
    distances = np.linalg.norm(rows[ends[:, 0]] - rows[ends[:, 1]], axis=1)
    tail = impostor_tail(rows, identities, _TAIL)
    genuine = Genuine(distances[same], identities[ends[same, 0]])
    fmrs = tuple(fmr for fmr in FMRS if fmr * tail.pairs >= 1)
    rng = np.random.default_rng(_SEED)
    accuracy, thresholds = fold_accuracy(distances, same, identities[ends], [str(label) for label in labels], rng)
    return EmbeddingReport(
        model_sha256=model_sha256,
        metric=metric,
        mirror=mirror,
        images=len(embedded),
        identities=len(labels),
        failures_to_detect=outcomes[Outcome.NO_FACE],
        unreadable=outcomes[Outcome.UNREADABLE],
        several_faces=outcomes[Outcome.SEVERAL_FACES],
        pairs=len(usable),
        pairs_left_out=len(pairs) - len(usable),
        impostor_pairs=tail.pairs,
        accuracy=accuracy,
        fold_thresholds=thresholds,
        operating=operating_points(genuine, tail, identities, fmrs, replicates=replicates, rng=rng),
        det=det_curve(genuine, tail),
        genuine=genuine,
        tail=tail,
    )


def fold_accuracy(
    distances: NDArray[np.float64],
    same: NDArray[np.bool_],
    ends: NDArray[np.intp],
    labels: Sequence[str],
    rng: np.random.Generator,
    replicates: int = 1000,
) -> tuple[Estimate, tuple[float, ...]]:
    """Share of right answers, each with a threshold chosen on pairs that share no identity with its fold.

    Args:
        distances: of the pairs, [P].
        same: whether a pair shows one person, [P].
        ends: identities of both images, [P,2].
        labels: names of the identities; their hashes deal them to the folds.
        rng: draws identities for the interval.
        replicates: how many draws.
    """
    order = sorted(range(len(labels)), key=lambda index: hashlib.sha256(labels[index].encode()).digest())
    fold = np.empty(len(labels), np.intp)
    fold[order] = np.arange(len(labels)) % FOLDS
    right, thresholds = np.zeros(len(distances), bool), []
    for index in range(FOLDS):
        test = fold[ends[:, 0]] == index
        train = ~np.isin(ends, np.unique(ends[test])).any(axis=1)
        if not test.any() or not (same & train).any() or not (~same & train).any():
            continue
        threshold = best_threshold(distances[train & same], distances[train & ~same])
        thresholds.append(threshold)
        right[test] = (distances[test] <= threshold) == same[test]
    draws = []
    for _ in range(replicates):
        times = rng.multinomial(len(labels), np.full(len(labels), 1 / len(labels)))[ends[:, 0]]
        draws.append(float((right * times).sum() / max(times.sum(), 1)))
    return widened(wilson(int(right.sum()), len(right)), draws), tuple(thresholds)


def det_curve(genuine: Genuine, tail: ImpostorTail, points: int = 300) -> tuple[tuple[float, float], ...]:
    """(FMR, FNMR) at impostor counts spread evenly on a logarithmic scale, as far as the kept tail reaches."""
    counts = np.unique(np.geomspace(1, max(len(tail.distances) - 1, 1), points).astype(np.intp))
    misses = np.sort(genuine.distances)
    thresholds = tail.distances[counts - 1]
    above = len(misses) - np.searchsorted(misses, thresholds, side="right")
    return tuple(zip((counts / tail.pairs).tolist(), (above / len(misses)).tolist(), strict=True))
