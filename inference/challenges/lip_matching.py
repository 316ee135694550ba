"""Observed lip features against the stored ones of an instruction: shape, amplitude and order, each judged apart."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseal.inference.challenges.lip_instruction import LipInstruction, LipShape
from landseal.inference.challenges.lip_prototypes import LipPrototypes, expected_sequence
from landseal.inference.challenges.warping import align

Floats = NDArray[np.float64]

LAGS_MS = np.arange(-100.0, 501.0, 50.0)
"""How far a person may be behind (or just ahead of) the instruction, as a whole."""
STRENGTHS = (0.4, 0.7, 1.0)
"""Strengths of the whole performance that are tried along with them."""
RELAXED_OFF = np.arange(-0.03, 0.031, 0.01)
"""How far the relaxed log width may be off: the lead-in has three frames, and a turning head changes the mesh as much.
Less than the least stretch or pucker, so that no correction makes a shape."""
BAND_MS = 300.0
"""Width of the warping band: how far a single moment may be off beyond the common lag."""
BOUNDARY_MS = 190.0
"""How far any change of shape may be off beyond the common lag: over twice the spread (about 80 ms) of following a
countdown, and what interpolating between frames leaves. Narrower costs people, wider costs bits of the hold times."""
WARP_LIMIT = 0.20
"""Highest mean cost of the warping path, in squared scaled units."""
SHAPE_RADIUS = 0.65
"""How far the mean of an action may lie from its shape's centre, in scaled units."""
GAINS = (0.25, 1.6)
"""Range in which a person's own amplitude may scale the stored features for judging shape and order."""
CLIP = 1.5
"""Highest cost of one frame: a single wild frame must not decide."""
SWITCH = 0.35
"""Cost of a change of shape when reading which shapes were made."""
SHORTEST_FRAMES = 2
"""No shape is shorter than this many frames."""


@dataclass(frozen=True)
class Match:
    """How well a burst follows an instruction."""

    shape: bool
    amplitude: bool
    order: bool
    same_shapes: bool
    """Whether the right shapes were made, each as often as asked, in whatever order."""
    scores: Mapping[str, float]


def match(instruction: LipInstruction, relative: Floats, times: Floats, prototypes: LipPrototypes) -> Match:
    """Compares a burst with an instruction.

    Args:
        instruction: what was asked.
        relative: opening (eye distances) and log width less those of the lead-in, float64 [N, 2], finite.
        times: ms since the beginning, float64 [N], increasing.
        prototypes: the stored features.
    """
    lag, series = _fit(instruction, relative, times, prototypes)
    gains = _gains(instruction, series, times - lag, prototypes)
    shapes, begins = read_shapes(series, times, prototypes, gains)
    wanted, wanted_begins = expected_sequence(instruction)
    # Gains fitted to the wanted order may misread another order: what was made is also read by the stored features.
    plain, _ = read_shapes(prototypes.scaled(*relative.T), times, prototypes, {})
    same, anyhow = (Counter(seen) == Counter(wanted) for seen in (shapes, plain))
    late = _lateness(begins, wanted_begins) if shapes == wanted else float("inf")
    cost, means = _warp(instruction, series, times - lag, prototypes, gains)
    distance = _worst_shape(instruction, means, prototypes, gains)
    strength = _least_strength(instruction, means, prototypes)
    return Match(
        shape=same and distance <= SHAPE_RADIUS,
        amplitude=strength >= 1.0,
        order=late <= BOUNDARY_MS and cost <= WARP_LIMIT,
        same_shapes=same or anyhow,
        scores={"lag_ms": lag, "late_ms": late, "warp": cost, "distance": distance, "strength": strength},
    )


def _fit(
    instruction: LipInstruction, relative: Floats, times: Floats, prototypes: LipPrototypes
) -> tuple[float, Floats]:
    """The common delay, and the scaled features with the relaxed width, at which the unwarped trajectory fits best."""
    corrected = [prototypes.scaled(relative[:, 0], relative[:, 1] - offset) for offset in RELAXED_OFF]
    series = np.stack(corrected)[:, None, None]
    behind = (times[None] - LAGS_MS[:, None]).ravel()
    stored = prototypes.trajectory(instruction, behind, {}).reshape(len(LAGS_MS), len(times), 2)
    scaled = np.stack([stored * strength for strength in STRENGTHS])
    costs = np.minimum(((series - scaled[None]) ** 2).sum(-1), CLIP).mean(-1)
    offset, _, lag = np.unravel_index(int(costs.argmin()), costs.shape)
    return float(LAGS_MS[lag]), corrected[int(offset)]


def _spans(instruction: LipInstruction) -> list[tuple[LipShape, float, float]]:
    """Per action its shape and when it is surely held: after the transition, before the next."""
    return [
        (action.shape, start + 150.0, start + action.hold_ms - 20.0)
        for start, action in zip(instruction.starts_ms(), instruction.actions, strict=True)
    ]


def _gains(
    instruction: LipInstruction, series: Floats, times: Floats, prototypes: LipPrototypes
) -> dict[LipShape, float]:
    """How far this person moves for each shape, relative to the stored features, within :data:`GAINS`."""
    found: dict[LipShape, list[float]] = {}
    for shape, begin, end in _spans(instruction):
        held = series[(times >= begin) & (times <= end)]
        centre = prototypes.centre(shape)
        if len(held) and centre @ centre > 0:
            found.setdefault(shape, []).append(float(np.median(held, 0) @ centre / (centre @ centre)))
    return {shape: float(np.clip(np.median(all_), *GAINS)) for shape, all_ in found.items()}


def read_shapes(
    series: Floats, times: Floats, prototypes: LipPrototypes, gains: Mapping[LipShape, float]
) -> tuple[tuple[LipShape, ...], tuple[float, ...]]:
    """Which shapes were made, one after another, and when each but the first begins (ms), whatever was wanted.

    The cheapest division into stretches of at least two frames: every frame costs its squared distance to its
    stretch's shape, the first of a stretch that to the way from the shape before, every change :data:`SWITCH`.
    """
    names = list(LipShape)
    centres = np.stack([prototypes.centre(shape, gains.get(shape, 1.0)) for shape in names])
    costs = np.minimum(((series[:, None] - centres[None]) ** 2).sum(-1), CLIP)
    stretches = _divide(costs, _on_the_way(series, centres))
    shapes = tuple(names[state] for _, state in stretches)
    bounds = [first for first, _ in stretches] + [len(series)]
    levels = [np.median(series[a:b], 0) for a, b in itertools.pairwise(bounds)]
    begins = [_crossing(series, times, bounds[k], levels[k - 1], levels[k]) for k in range(1, len(levels))]
    return shapes, tuple(begins)


def _crossing(series: Floats, times: Floats, first: int, before: Floats, after: Floats) -> float:
    """When the lips are half way from one level to the next, interpolated between frames."""
    step = after - before
    low, high = max(0, first - 2), min(len(series), first + 2)
    share = (series[low:high] - before) @ step / max(float(step @ step), 1e-9)
    for i in range(len(share) - 1):
        if share[i] < 0.5 <= share[i + 1]:
            part = (0.5 - share[i]) / (share[i + 1] - share[i])
            return float(times[low + i] + part * (times[low + i + 1] - times[low + i]))
    return float(times[first - 1] + times[first]) / 2


def _on_the_way(series: Floats, centres: Floats) -> Floats:
    """Squared distance of every frame to the straight way from each shape to each other, float64 [N, from, to]."""
    way = centres[None] - centres[:, None]
    beyond = series[:, None, None] - centres[None, :, None]
    length = np.maximum((way**2).sum(-1), 1e-9)
    share = np.clip((beyond * way[None]).sum(-1) / length, 0.0, 1.0)
    return np.asarray(((beyond - share[..., None] * way[None]) ** 2).sum(-1))


def _divide(costs: Floats, changing: Floats) -> list[tuple[int, int]]:
    """Stretches as (first frame, state), by dynamic programming over their ends.

    Args:
        costs: float64 [N, S], of each frame in each state.
        changing: float64 [N, S, S], of a frame that is the first of a stretch, from the state before to its own.
    """
    frames, states = costs.shape
    sums = np.concatenate([np.zeros((1, states)), np.cumsum(costs, 0)])
    # best: a division of the frames before an end whose last stretch has the state; enter: the same once the next
    # stretch has begun in the state.
    best, enter = np.full((2, frames + 1, states), np.inf)
    before, came = np.zeros((2, frames + 1, states), np.intp)
    for end in range(SHORTEST_FRAMES, frames + 1):
        best[end] = sums[end]
        firsts = np.arange(SHORTEST_FRAMES, end - SHORTEST_FRAMES + 1)
        if len(firsts):
            totals = enter[firsts] + SWITCH + sums[end] - sums[firsts]
            came[end] = np.where(totals.min(0) < sums[end], firsts[totals.argmin(0)], 0)
            best[end] = np.minimum(totals.min(0), sums[end])
        if end < frames:
            saved = np.minimum(changing[end] - costs[end][None], 0.0)
            rest = np.where(np.eye(states, dtype=bool), np.inf, best[end][:, None] + saved)
            enter[end], before[end] = rest.min(0), rest.argmin(0)
    stretches, end, state = [], frames, int(best[frames].argmin())
    while end > 0:
        first = int(came[end, state])
        stretches.append((first, state))
        end, state = first, int(before[first, state])
    return stretches[::-1]


def _lateness(begins: Sequence[float], wanted: Sequence[int]) -> float:
    """Largest deviation of a change of shape from its wanted time, beyond the common lag that suits all best."""
    if len(begins) != len(wanted) or not begins:
        return float("inf")
    late = np.asarray(begins) - np.asarray(wanted)
    lag = np.clip((late.max() + late.min()) / 2, LAGS_MS[0], LAGS_MS[-1])
    return float(np.abs(late - lag).max())


def _warp(
    instruction: LipInstruction,
    series: Floats,
    times: Floats,
    prototypes: LipPrototypes,
    gains: Mapping[LipShape, float],
) -> tuple[float, list[Floats | None]]:
    """Mean cost of the warping path, and per action the mean features of the frames that it lays on its hold."""
    stored_times = np.arange(times[0], times[-1] + 1.0, 100.0)
    stored = prototypes.trajectory(instruction, stored_times, gains)
    costs = np.minimum(((series[:, None] - stored[None]) ** 2).sum(-1), CLIP)
    alignment = align(costs, times, stored_times, BAND_MS)
    if alignment is None:
        return float("inf"), [None] * len(instruction.actions)
    means: list[Floats | None] = []
    for _, begin, end in _spans(instruction):
        held = sorted({i for i, j in alignment.path if begin <= stored_times[j] <= end})
        means.append(np.median(series[held], 0) if held else None)
    return alignment.cost, means


def _worst_shape(
    instruction: LipInstruction,
    means: Sequence[Floats | None],
    prototypes: LipPrototypes,
    gains: Mapping[LipShape, float],
) -> float:
    """Largest distance of an action to its own shape's centre; infinite where another shape is nearer."""
    worst = 0.0
    for action, mean in zip(instruction.actions, means, strict=True):
        if mean is None:
            return float("inf")
        distances = {s: float(np.linalg.norm(mean - prototypes.centre(s, gains.get(s, 1.0)))) for s in LipShape}
        if min(distances, key=lambda s: distances[s]) != action.shape:
            return float("inf")
        worst = max(worst, distances[action.shape])
    return worst


def _least_strength(instruction: LipInstruction, means: Sequence[Floats | None], prototypes: LipPrototypes) -> float:
    """Smallest movement along a shape's main feature over the least that is wanted (1 is enough)."""
    least = float("inf")
    for action, mean in zip(instruction.actions, means, strict=True):
        if mean is None:
            return 0.0
        if prototypes.least[action.shape] > 0:
            least = min(least, prototypes.movement(action.shape, mean) / prototypes.least[action.shape])
    return least
