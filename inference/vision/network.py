"""The one door to LiteRT: a TFLite file with one image input, run on one thread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray


class TfliteNetwork:
    """A CPU network whose input is float32 [1, side, side, 3]. Not thread-safe: give each thread its own."""

    def __init__(self, path: Path, outputs: tuple[str, ...]) -> None:
        """Loads ``path``; ``outputs`` names the output tensors in the order in which :meth:`run` returns them.

        Raises:
            FileNotFoundError: no such weights. KeyError: the file holds another network.
        """
        if not path.is_file():
            raise FileNotFoundError(f"weights {path.name} are not provisioned")
        self._interpreter = Interpreter(model_path=str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self.side = int(self._interpreter.get_input_details()[0]["shape"][1])
        by_name = {detail["name"]: detail["index"] for detail in self._interpreter.get_output_details()}
        self._outputs = [by_name[name] for name in outputs]

    def run(self, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Runs one image, float32 [side, side, 3] as the network wants it scaled; returns copies of the outputs."""
        self._interpreter.set_tensor(self._input, image[np.newaxis])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]
