"""Opens ONNX networks the way every part of Landseal runs them: few threads that sleep when they have nothing to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseal.inference.reading import FaceReaderBroken

# Since 1.29 ONNX Runtime's Linux wheels tell Microsoft which models run and how often, and keep an id of the device in
# files, unless this is set before the library is loaded (microsoft/onnxruntime pull requests 27379 and 29843).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime  # type: ignore[import-untyped]  # ships no types; comes after the line above

LARGEST_BATCH = 64
"""Images a network takes at once; larger batches gain nothing on a CPU and cost memory."""


class OnnxNetwork:
    """One ONNX file with one uint8 image input and one float32 output. Thread-safe, as ONNX Runtime's sessions are."""

    def __init__(self, path: Path, *, threads: int = 1, providers: tuple[str, ...] = ("CPUExecutionProvider",)) -> None:
        """Loads the file.

        Args:
            path: the provisioned ONNX file.
            threads: threads within one inference; 1 leaves parallelism to the instances of the engine.
            providers: ONNX Runtime's execution providers, in order of preference.

        Raises:
            FileNotFoundError: the weights are missing.
        """
        if not path.is_file():
            raise FileNotFoundError(f"weights {path.name} are not provisioned")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=list(providers))
        self._input = self._session.get_inputs()[0].name
        self.width = int(self._session.get_outputs()[0].shape[1])
        """Length of one output row."""

    def run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Runs uint8 [B, ...] and returns float32 [B, width], in pieces of at most :data:`LARGEST_BATCH`.

        Raises:
            FaceReaderBroken: a value is not finite, or the shape is not the expected one.
        """
        pieces = [
            np.asarray(self._session.run(None, {self._input: images[start : start + LARGEST_BATCH]})[0], np.float32)
            for start in range(0, len(images), LARGEST_BATCH)
        ]
        rows = np.concatenate(pieces) if pieces else np.zeros((0, self.width), np.float32)
        if rows.shape != (len(images), self.width) or not np.isfinite(rows).all():
            raise FaceReaderBroken("a network answered with a wrong shape or with values that are not finite")
        return rows


def expect(images: NDArray[np.uint8], shape: tuple[int, ...]) -> None:
    """Checks uint8 [B, *shape].

    Raises:
        ValueError: another type or shape.
    """
    if images.dtype != np.uint8 or images.shape[1:] != shape:
        raise ValueError(f"expected uint8 [B, {', '.join(map(str, shape))}], got {images.dtype} {images.shape}")
