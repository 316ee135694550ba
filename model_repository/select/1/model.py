"""Triton's ``select``: :mod:`landseal.inference.vision.selection` behind tensors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import triton_python_backend_utils as pb_utils  # type: ignore[import-not-found]  # exists inside Triton only

from landseal.inference.tensors import MAX_SAMPLES
from landseal.inference.vision.cutter import FaceCutter
from landseal.inference.vision.selection import select

Request: TypeAlias = Any
Response: TypeAlias = Any


class TritonPythonModel:
    """Keeps nothing of a burst: the seed comes with each request."""

    def initialize(self, args: dict[str, str]) -> None:
        """Loads the weights from ``$LANDSEAL_WEIGHTS``; a missing file keeps the model from becoming ready."""
        cv2.setNumThreads(1)
        self._cutter = FaceCutter(Path(os.environ["LANDSEAL_WEIGHTS"]))

    def execute(self, requests: list[Request]) -> list[Response]:
        """Chooses for each burst on its own."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Response:
        images, usable, boxes, samples, seed = (
            pb_utils.get_input_tensor_by_name(request, name).as_numpy()
            for name in ("IMAGES", "USABLE", "BOX", "SAMPLES", "SEED")
        )
        if not 1 <= int(samples[0]) <= MAX_SAMPLES:
            error = pb_utils.TritonError("SAMPLES is out of range", pb_utils.TritonError.INVALID_ARG)
            return pb_utils.InferenceResponse(error=error)
        taken = select(
            usable[:, 0],
            int(samples[0]),
            int(seed[0]),
            lambda index: self._cutter.cut(images[index, 0], tuple(boxes[index].tolist())),
        )
        outputs = {"SELECTED": taken.chosen, "CHIPS": taken.chips, "CROPS": taken.crops}
        return pb_utils.InferenceResponse([pb_utils.Tensor(name, value) for name, value in outputs.items()])
