"""Face chips to embeddings, with the network in ``dlib_embedding.onnx``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseal.inference.vision.sessions import OnnxNetwork, expect

WEIGHTS = "dlib_embedding.onnx"
CHIP_SHAPE = (150, 150, 3)


class Embedder:
    """The embedding network. Thread-safe."""

    def __init__(
        self, weights_dir: Path, *, threads: int = 1, providers: tuple[str, ...] = ("CPUExecutionProvider",)
    ) -> None:
        """Loads the weights; ``threads`` within one inference, ``providers`` of ONNX Runtime in order of preference.

        Raises:
            FileNotFoundError: the weights are missing.
        """
        self._network = OnnxNetwork(weights_dir / WEIGHTS, threads=threads, providers=providers)
        self.size = self._network.width
        """Length of an embedding (128 for the default network)."""

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeds uint8 [B,150,150,3] RGB chips: float32 [B, size], unit-free, not normalised.

        Raises:
            ValueError: another type or shape.
            FaceReaderBroken: the network answered with values that are not finite.
        """
        expect(chips, CHIP_SHAPE)
        return self._network.run(chips)

    def embed_with_mirror(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The mean of each chip's embedding and its mirror image's, as verification uses it: float32 [B, size]."""
        both = np.stack([self.embed(chips), self.embed(np.ascontiguousarray(chips[:, :, ::-1]))])
        return np.asarray(both.mean(axis=0), np.float32)
