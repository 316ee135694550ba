"""Triton's ``frames``: :class:`landseal.inference.vision.frame.FrameReader` behind tensors."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import triton_python_backend_utils as pb_utils  # type: ignore[import-not-found]  # exists inside Triton only

from landseal.inference.vision.frame import AT_ONCE, FrameReader
from landseal.inference.vision.frame_tensors import frame_tensors

Request: TypeAlias = Any
Response: TypeAlias = Any


class TritonPythonModel:
    """One process, one reader."""

    def initialize(self, args: dict[str, str]) -> None:
        """Loads the weights from ``$LANDSEAL_WEIGHTS``; a missing file keeps the model from becoming ready."""
        cv2.setNumThreads(1)
        self._reader = FrameReader(Path(os.environ["LANDSEAL_WEIGHTS"]))

    def execute(self, requests: list[Request]) -> list[Response]:
        """Reads the images of each request."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Response:
        # Triton 2.51 tells no step of an ensemble that its request was cancelled, but each knows the timeout:
        # a caller whose time is up must not keep a core busy for the rest of its burst.
        timeout_us = request.timeout()
        deadline = time.monotonic() + timeout_us / 1e6 if timeout_us else math.inf
        images = pb_utils.get_input_tensor_by_name(request, "IMAGE").as_numpy().ravel().tolist()
        readings = []
        for start in range(0, len(images), AT_ONCE):
            if time.monotonic() > deadline:
                error = pb_utils.TritonError("the request's time is up", pb_utils.TritonError.CANCELLED)
                return pb_utils.InferenceResponse(error=error)
            readings += self._reader.read_all(images[start : start + AT_ONCE])
        return pb_utils.InferenceResponse(
            [pb_utils.Tensor(name, value) for name, value in frame_tensors(readings).items()]
        )
