"""Silent liveness: two MiniFASNets look at two crops of one face, and the mean of their opinions counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseal.inference.vision.sessions import OnnxNetwork, expect

WEIGHTS = ("minifasnet_v2.onnx", "minifasnet_v1se.onnx")
"""In the order of the crops: scale 2.7, then scale 4.0."""
CROPS_SHAPE = (2, 80, 80, 3)
LIVE_CLASS = 1
"""Of the networks' three classes (flat fake, live, other fake), as published."""


class SilentLiveness:
    """Both networks; there is no half of it. Thread-safe."""

    def __init__(
        self, weights_dir: Path, *, threads: int = 1, providers: tuple[str, ...] = ("CPUExecutionProvider",)
    ) -> None:
        """Loads both networks; ``threads`` and ``providers`` as for one ``OnnxNetwork``.

        Raises:
            FileNotFoundError: one of them is missing; silent liveness is then switched off as a whole.
        """
        self._networks = tuple(
            OnnxNetwork(weights_dir / name, threads=threads, providers=providers) for name in WEIGHTS
        )

    def live(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probability that each face is live, float32 [B] in 0..1, from uint8 [B,2,80,80,3] BGR crops.

        Raises:
            ValueError: another type or shape.
            FaceReaderBroken: a network answered with values that are not finite.
        """
        expect(crops, CROPS_SHAPE)
        opinions = [
            network.run(np.ascontiguousarray(crops[:, index]))[:, LIVE_CLASS]
            for index, network in enumerate(self._networks)
        ]
        return np.asarray(np.mean(opinions, axis=0), np.float32)
