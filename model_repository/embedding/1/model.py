"""Triton's ``embedding``: :class:`landseal.inference.vision.embedder.Embedder` behind tensors."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import triton_python_backend_utils as pb_utils  # type: ignore[import-not-found]  # exists inside Triton only

from landseal.inference.vision.embedder import Embedder

Request: TypeAlias = Any
Response: TypeAlias = Any


class TritonPythonModel:
    """One process, one session; the requests of a batch go through the network together."""

    def initialize(self, args: dict[str, str]) -> None:
        """Loads the weights from ``$LANDSEAL_WEIGHTS``; a missing file keeps the model from becoming ready."""
        providers = json.loads(args["model_config"])["parameters"]["providers"]["string_value"].split()
        self._embedder = Embedder(Path(os.environ["LANDSEAL_WEIGHTS"]), providers=tuple(providers))

    def execute(self, requests: list[Request]) -> list[Response]:
        """Embeds the chips of all requests as one batch."""
        chips = [pb_utils.get_input_tensor_by_name(request, "CHIP").as_numpy() for request in requests]
        rows = self._embedder.embed(np.concatenate(chips) if len(chips) > 1 else chips[0])
        ends = np.cumsum([len(part) for part in chips])[:-1]
        return [
            pb_utils.InferenceResponse([pb_utils.Tensor("EMBEDDING", part)])
            for part in np.split(np.ascontiguousarray(rows), ends)
        ]
