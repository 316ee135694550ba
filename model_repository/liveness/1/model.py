"""Triton's ``liveness``: :class:`landseal.inference.vision.silent.SilentLiveness` behind tensors."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import triton_python_backend_utils as pb_utils  # type: ignore[import-not-found]  # exists inside Triton only

from landseal.inference.vision.silent import SilentLiveness

Request: TypeAlias = Any
Response: TypeAlias = Any


class TritonPythonModel:
    """One process, one pair of sessions; the requests of a batch go through the networks together."""

    def initialize(self, args: dict[str, str]) -> None:
        """Loads the weights from ``$LANDSEAL_WEIGHTS``; a missing file keeps the model from becoming ready."""
        providers = json.loads(args["model_config"])["parameters"]["providers"]["string_value"].split()
        self._networks = SilentLiveness(Path(os.environ["LANDSEAL_WEIGHTS"]), providers=tuple(providers))

    def execute(self, requests: list[Request]) -> list[Response]:
        """Judges the crops of all requests as one batch."""
        crops = [pb_utils.get_input_tensor_by_name(request, "CROPS").as_numpy() for request in requests]
        rows = self._networks.live(np.concatenate(crops) if len(crops) > 1 else crops[0])
        ends = np.cumsum([len(part) for part in crops])[:-1]
        return [
            pb_utils.InferenceResponse([pb_utils.Tensor("LIVE", part[:, np.newaxis])])
            for part in np.split(np.ascontiguousarray(rows), ends)
        ]
