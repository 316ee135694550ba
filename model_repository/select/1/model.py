"""Triton's ``select``: :mod:`landseal.inference.vision.selection` behind tensors."""

from __future__ import annotations

from typing import Any, TypeAlias

import triton_python_backend_utils as pb_utils  # type: ignore[import-not-found]  # exists inside Triton only

from landseal.inference.tensors import MAX_SAMPLES
from landseal.inference.vision.selection import choose, gather, with_mirrors

Request: TypeAlias = Any
Response: TypeAlias = Any


class TritonPythonModel:
    """Stateless: the seed comes with each request."""

    def execute(self, requests: list[Request]) -> list[Response]:
        """Chooses for each burst on its own."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Response:
        usable, chips, crops, samples, seed = (
            pb_utils.get_input_tensor_by_name(request, name).as_numpy()
            for name in ("USABLE", "CHIP", "CROPS", "SAMPLES", "SEED")
        )
        if not 1 <= int(samples[0]) <= MAX_SAMPLES:
            error = pb_utils.TritonError("SAMPLES is out of range", pb_utils.TritonError.INVALID_ARG)
            return pb_utils.InferenceResponse(error=error)
        chosen = choose(usable[:, 0], int(samples[0]), int(seed[0]))
        outputs = {
            "SELECTED": chosen,
            "CHIPS": with_mirrors(gather(chosen, chips)),
            "CROPS_CHOSEN": gather(chosen, crops),
        }
        return pb_utils.InferenceResponse([pb_utils.Tensor(name, value) for name, value in outputs.items()])
