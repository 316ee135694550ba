"""A correct answer of the engine to a small burst, to be spoilt by tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landseal.inference.reading import FrameFault

FRAMES, SAMPLES = 6, 3


def good_answer(frames: int = FRAMES, samples: int = SAMPLES, *, silent: bool = True) -> dict[str, NDArray[np.generic]]:
    """All frames hold one face except the last, which is no image; the first frame of each segment is chosen."""
    rng = np.random.default_rng(5)
    seen = np.ones((frames, 1), np.bool_)
    seen[-1] = frames == 1
    answer: dict[str, NDArray[np.generic]] = {
        "FAULT": np.where(seen, 0, FrameFault.NOT_AN_IMAGE).astype(np.int32),
        "FACE_COUNT": seen.astype(np.int32),
        "USABLE": seen,
        "SCORE": np.where(seen, 0.9, 0).astype(np.float32),
        "BOX": np.tile(np.array([100, 90, 200, 210], np.float32), (frames, 1)),
        "SIZE": np.tile(np.array([640, 480], np.int32), (frames, 1)),
        "QUALITY": np.tile(np.array([300, 120, 200, 1, 2, 3], np.float32), (frames, 1)),
        "HASH": np.arange(2**63, 2**63 + frames, dtype=np.uint64)[:, np.newaxis],
        "LANDMARKS": rng.uniform(100, 300, (frames, 468, 3)).astype(np.float32),
        "SELECTED": np.array([slot * frames // samples for slot in range(samples)], np.int32),
        "EMBEDDINGS": rng.normal(0, 0.1, (2 * samples, 128)).astype(np.float32),
    }
    if silent:
        answer["LIVE"] = np.linspace(0.5, 1, samples, dtype=np.float32)[:, np.newaxis]
    return answer
