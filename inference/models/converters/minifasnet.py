"""MiniFASNet silent liveness networks (``.pth`` of Silent-Face-Anti-Spoofing, Apache-2.0) to ONNX.

The topology follows the published definition (stem, three down blocks, three residual groups of inverted bottlenecks,
where the SE variant ends each group with a squeeze-and-excitation, a 5x5 depthwise head, 512 -> 128 -> 3). Which
blocks and which excitations exist is read from the names in the state dict, so one converter serves both networks.
Batch normalisations are folded in float64.

Result: input ``crops`` uint8 [N,80,80,3] BGR (0..255, no scaling), output ``probabilities`` float32 [N,3] (softmax;
class 1 = live).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseal.inference.models.converters.graph import FLOAT, UINT8, Graph, serialise, tensor_info
from landseal.inference.models.converters.torch_legacy import read_state_dict
from landseal.inference.models.errors import ConversionError

CROP_SIZE = 80
_EPSILON = 1e-5  # PyTorch's default for batch normalisation
_PREFIX = "module."
_GROUPS = (("conv_23", "conv_3"), ("conv_34", "conv_4"), ("conv_45", "conv_5"))


def convert_minifasnet(data: bytes) -> bytes:
    """Converts the bytes of a ``.pth`` into the bytes of an ONNX file.

    Raises:
        ConversionError: the file is not such a state dict.
    """
    state = {name.removeprefix(_PREFIX): value for name, value in read_state_dict(data).items()}
    graph = Graph()
    try:
        _Network(graph, state).build()
    except (KeyError, ValueError) as error:
        raise ConversionError("the state dict is not that of a MiniFASNet") from error
    model = graph.model(
        "minifasnet",
        [tensor_info("crops", UINT8, ["N", CROP_SIZE, CROP_SIZE, 3])],
        [tensor_info("probabilities", FLOAT, ["N", 3])],
    )
    return serialise(model)


class _Network:
    def __init__(self, graph: Graph, state: dict[str, NDArray[Any]]) -> None:
        self._graph = graph
        self._state = state

    def build(self) -> None:
        value = self._graph.op("Cast", ["crops"], to=FLOAT)
        value = self._graph.op("Transpose", [value], perm=[0, 3, 1, 2])
        value = self._unit("conv1", value, stride=2)
        value = self._unit("conv2_dw", value)
        for down, group in _GROUPS:
            value = self._bottleneck(down, value, stride=2)
            for index in range(self._blocks(group)):
                value = self._residual(f"{group}.model.{index}", value)
        value = self._unit("conv_6_sep", value)
        value = self._unit("conv_6_dw", value, pad=0)
        self._head(self._graph.op("Flatten", [value], axis=1))

    def _head(self, value: str) -> None:
        """Two matrices with a normalisation between; linear all through, but kept apart as published."""
        scale, shift = self._normalisation("bn")
        hidden = self._state["linear.weight"].astype(np.float64) * scale[:, None]
        value = self._gemm("linear", value, hidden, shift)
        last = self._state["prob.weight"].astype(np.float64)
        value = self._gemm("prob", value, last, np.zeros(last.shape[0]))
        self._graph.op("Softmax", [value], "probabilities", axis=1)

    def _gemm(self, name: str, value: str, weight: NDArray[np.float64], bias: NDArray[np.float64]) -> str:
        weights = self._graph.constant(f"{name}.weight", weight.astype(np.float32))
        biases = self._graph.constant(f"{name}.bias", bias.astype(np.float32))
        return self._graph.op("Gemm", [value, weights, biases], transB=1)

    def _residual(self, name: str, value: str) -> str:
        arm = self._bottleneck(name, value)
        if f"{name}.se_module.fc1.weight" in self._state:
            arm = self._excited(f"{name}.se_module", arm)
        return self._graph.op("Add", [value, arm])

    def _bottleneck(self, name: str, value: str, stride: int = 1) -> str:
        value = self._unit(f"{name}.conv", value)
        value = self._unit(f"{name}.conv_dw", value, stride=stride)
        return self._unit(f"{name}.project", value)

    def _excited(self, name: str, value: str) -> str:
        gate = self._graph.op("GlobalAveragePool", [value])
        gate = self._graph.op("Relu", [self._conv(f"{name}.fc1", f"{name}.bn1", gate)])
        gate = self._graph.op("Sigmoid", [self._conv(f"{name}.fc2", f"{name}.bn2", gate)])
        return self._graph.op("Mul", [value, gate])

    def _unit(self, name: str, value: str, *, stride: int = 1, pad: int | None = None) -> str:
        """Convolution, normalisation and, where the state dict has slopes for one, a PReLU."""
        value = self._conv(f"{name}.conv", f"{name}.bn", value, stride=stride, pad=pad)
        slopes = self._state.get(f"{name}.prelu.weight")
        if slopes is None:
            return value
        slope = self._graph.constant(f"{name}.slope", slopes.astype(np.float32).reshape(-1, 1, 1))
        return self._graph.op("PRelu", [value, slope])

    def _conv(self, conv: str, norm: str, value: str, *, stride: int = 1, pad: int | None = None) -> str:
        weight = self._state[f"{conv}.weight"].astype(np.float64)
        scale, shift = self._normalisation(norm)
        folded = (weight * scale[:, None, None, None]).astype(np.float32)
        kernel = weight.shape[2]
        group = weight.shape[0] if weight.shape[1] == 1 else 1  # every grouped convolution here is depthwise
        padding = kernel // 2 if pad is None else pad
        return self._graph.conv(value, folded, shift.astype(np.float32), stride=stride, pad=padding, group=group)

    def _normalisation(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scale and shift that a batch normalisation amounts to at inference."""
        weight, bias, mean, variance = (
            self._state[f"{name}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / np.sqrt(variance + _EPSILON)
        return scale, bias - mean * scale

    def _blocks(self, group: str) -> int:
        names = {name.split(".")[2] for name in self._state if name.startswith(f"{group}.model.")}
        if not names:
            raise ConversionError(f"the state dict has no group {group}")
        return len(names)
