"""Error rates of a verifier and how sure one may be of them.

A comparison matches when its distance is **at most** the threshold. FMR: share of comparisons of different people
that match; FNMR: share of comparisons of one person that do not (ISO/IEC 19795-1). Intervals: comparisons that share
a person are not independent, so identities are drawn with replacement (cluster bootstrap, percentiles 2.5 and 97.5;
an impostor pair weighs the product of its two identities' multiplicities); because a bootstrap of a rate near zero
knows too little, the interval is widened to contain Wilson's score interval for the number of genuine comparisons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054
"""97.5 % point of the normal distribution."""


@dataclass(frozen=True)
class Estimate:
    """A rate 0..1 with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Operating:
    """FNMR at one FMR, and the distance threshold with which the data reach that FMR, all with 95 % intervals."""

    fnmr: Estimate
    threshold: Estimate
    fmr: Estimate
    """FMR on the data at ``threshold.value``."""


@dataclass(frozen=True)
class ImpostorTail:
    """The smallest distances among all cross-identity pairs, sorted, with the two identities of each, and how many
    pairs there were in all.
    """

    distances: NDArray[np.float64] = field(repr=False)
    first: NDArray[np.intp] = field(repr=False)
    second: NDArray[np.intp] = field(repr=False)
    pairs: int


@dataclass(frozen=True)
class Genuine:
    """Distances between two images of one person, and which identity each belongs to."""

    distances: NDArray[np.float64] = field(repr=False)
    identities: NDArray[np.intp] = field(repr=False)


def wilson(count: int, total: int) -> Estimate:
    """Share count/total with Wilson's score interval (1927), 95 %; 0..1 when there is nothing to count."""
    if total == 0:
        return Estimate(math.nan, 0.0, 1.0)
    share = count / total
    spread = Z_95 * math.sqrt(share * (1 - share) / total + Z_95**2 / (4 * total**2))
    middle, scale = share + Z_95**2 / (2 * total), 1 + Z_95**2 / total
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return Estimate(share, max(0.0, min(low, share)), min(1.0, max(high, share)))


def threshold_at(sorted_impostors: NDArray[np.float64], pairs: int, fmr: float) -> float:
    """The largest threshold at which at most ``fmr * pairs`` of the impostors match.

    Args:
        sorted_impostors: the smallest impostor distances in rising order, more than ``fmr * pairs`` of them.
        pairs: all impostor comparisons, also those not among the smallest.
        fmr: wanted false match rate, 0..1.

    Raises:
        ValueError: too few distances are given to tell.
    """
    allowed = math.floor(fmr * pairs + 1e-9)
    if allowed >= len(sorted_impostors):
        raise ValueError("the tail of impostor distances is too short for this rate")
    return float(np.nextafter(sorted_impostors[allowed], -np.inf))


def false_non_match(distances: NDArray[np.float64], threshold: float) -> float:
    """Share of genuine distances above the threshold."""
    return float((distances > threshold).mean())


_Pairs = tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]


def impostor_tail(
    rows: NDArray[np.float64], identities: NDArray[np.intp], share: float, block: int = 512
) -> ImpostorTail:
    """Distances between all rows [N, D] of different identities, of which the smallest ``share`` is kept.

    Works in blocks of rows, so that memory grows with what is kept and not with all pairs.
    """
    sizes = np.bincount(identities)
    pairs = (len(rows) ** 2 - int((sizes.astype(np.int64) ** 2).sum())) // 2
    keep = min(pairs, math.ceil(share * pairs) + 1)
    kept = (np.zeros(0), np.zeros(0, np.intp), np.zeros(0, np.intp))
    for start in range(0, len(rows), block):
        found = _block_pairs(rows, identities, start, block)
        kept = _smallest(kept, found, keep)
    order = np.argsort(kept[0], kind="stable")
    return ImpostorTail(kept[0][order], kept[1][order], kept[2][order], pairs)


def _block_pairs(rows: NDArray[np.float64], identities: NDArray[np.intp], start: int, block: int) -> _Pairs:
    part = rows[start : start + block]
    squares = (part**2).sum(axis=1)[:, np.newaxis] + (rows**2).sum(axis=1) - 2 * part @ rows.T
    later = np.arange(len(rows)) > (start + np.arange(len(part)))[:, np.newaxis]
    a, b = np.nonzero(later & (identities[start : start + len(part), np.newaxis] != identities))
    return np.sqrt(np.maximum(squares[a, b], 0)), identities[start + a], identities[b]


def _smallest(kept: _Pairs, found: _Pairs, keep: int) -> _Pairs:
    distances, first, second = (np.concatenate(both) for both in zip(kept, found, strict=True))
    if len(distances) <= keep:
        return distances, first, second
    chosen = np.argpartition(distances, keep - 1)[:keep]
    return distances[chosen], first[chosen], second[chosen]


def operating_points(
    genuine: Genuine,
    tail: ImpostorTail,
    identities: NDArray[np.intp],
    fmrs: tuple[float, ...],
    *,
    replicates: int,
    rng: np.random.Generator,
) -> dict[float, Operating]:
    """FNMR, threshold and FMR at each wanted FMR, with intervals.

    Args:
        genuine: comparisons of one person.
        tail: comparisons of different people.
        identities: identity of each image, the units that are drawn.
        fmrs: wanted false match rates.
        replicates: how often identities are drawn.
        rng: source of the draws.
    """
    thresholds = {fmr: threshold_at(tail.distances, tail.pairs, fmr) for fmr in fmrs}
    draws = [_draw(genuine, tail, identities, thresholds, rng) for _ in range(replicates)]
    return {fmr: _operating(genuine, tail, thresholds[fmr], [draw[fmr] for draw in draws]) for fmr in fmrs}


def _draw(
    genuine: Genuine,
    tail: ImpostorTail,
    identities: NDArray[np.intp],
    thresholds: dict[float, float],
    rng: np.random.Generator,
) -> dict[float, tuple[float, float, float]]:
    """One replicate: (FNMR at the redrawn threshold, redrawn threshold, FMR at the fixed threshold) per wanted FMR."""
    sizes = np.bincount(identities).astype(np.float64)
    times = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes))).astype(np.float64)
    images = times * sizes
    total = (images.sum() ** 2 - (images**2).sum()) / 2
    matched = np.cumsum(times[tail.first] * times[tail.second])
    weights = times[genuine.identities]
    result = {}
    for fmr, fixed in thresholds.items():
        place = int(np.searchsorted(matched, fmr * total, side="right"))
        threshold = float(np.nextafter(tail.distances[min(place, len(matched) - 1)], -np.inf))
        missed = float(weights[genuine.distances > threshold].sum() / max(weights.sum(), 1e-12))
        last = int(np.searchsorted(tail.distances, fixed, side="right")) - 1
        result[fmr] = (missed, threshold, float(matched[last] / max(total, 1e-12)) if last >= 0 else 0.0)
    return result


def _operating(
    genuine: Genuine, tail: ImpostorTail, threshold: float, draws: list[tuple[float, float, float]]
) -> Operating:
    missed = int((genuine.distances > threshold).sum())
    matched = int(np.searchsorted(tail.distances, threshold, side="right"))
    fnmrs, thresholds, fmrs = ([draw[index] for draw in draws] for index in range(3))
    fnmr = widened(wilson(missed, len(genuine.distances)), fnmrs)
    return Operating(
        fnmr=fnmr,
        threshold=widened(Estimate(threshold, threshold, threshold), thresholds),
        fmr=widened(wilson(matched, tail.pairs), fmrs),
    )


def widened(estimate: Estimate, draws: list[float]) -> Estimate:
    """The interval, widened to contain the middle 95 % of the draws."""
    if not draws:
        return estimate
    low, high = np.percentile(draws, (2.5, 97.5))
    return Estimate(estimate.value, min(estimate.low, float(low)), max(estimate.high, float(high)))


def best_threshold(genuine: NDArray[np.float64], impostors: NDArray[np.float64]) -> float:
    """The threshold with the most right answers on the given comparisons; the middle of the best gap."""
    distances = np.concatenate([genuine, impostors])
    same = np.concatenate([np.ones(len(genuine)), -np.ones(len(impostors))])
    order = np.argsort(distances, kind="stable")
    values = distances[order]
    gains = np.cumsum(same[order])
    ends = np.append(values[1:] > values[:-1], True)  # a threshold cannot part equal distances
    best = int(np.argmax(np.where(ends, gains, -np.inf)))
    following = values[best + 1] if best + 1 < len(values) else values[best]
    return float((values[best] + following) / 2)
