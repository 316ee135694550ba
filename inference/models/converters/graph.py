"""A small ONNX graph builder whose output is the same bytes for the same weights, so that results can be pinned by
hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

OPSET = 17
IR_VERSION = 8


@dataclass
class Graph:
    """Nodes and constants in order of their making; ``op`` returns the name of the new value."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Stores an array (any shape, its own dtype) under ``name`` and returns the name."""
        array = np.ascontiguousarray(value)
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        self.constants.append(helper.make_tensor(name, kind, array.shape, little.tobytes(), raw=True))
        return name

    def op(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:  # noqa: ANN401 - what the operator takes: numbers, lists, text
        """Appends one node with one output; the output is named after the node's place when no name is given."""
        name = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def conv(
        self,
        value: str,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32],
        *,
        stride: int = 1,
        pad: int = 0,
        group: int = 1,
    ) -> str:
        """A square two-dimensional convolution: weight [out, in/group, k, k], bias [out]."""
        stem = f"conv_{len(self.nodes)}"
        names = [value, self.constant(f"{stem}.weight", weight), self.constant(f"{stem}.bias", bias)]
        return self.op("Conv", names, stem, strides=[stride, stride], pads=[pad] * 4, group=group)

    def model(
        self, name: str, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
    ) -> onnx.ModelProto:
        """The checked model; opset and IR version are fixed so that a newer onnx writes the same file."""
        graph = helper.make_graph(self.nodes, name, list(inputs), list(outputs), initializer=self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="landseal")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model


def serialise(model: onnx.ModelProto) -> bytes:
    """The model's bytes, deterministic for one protobuf runtime."""
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def tensor_info(name: str, dtype: int, shape: Sequence[int | str]) -> onnx.ValueInfoProto:
    """An input or output; strings in ``shape`` are free dimensions."""
    return helper.make_tensor_value_info(name, dtype, list(shape))


FLOAT = int(TensorProto.FLOAT)
UINT8 = int(TensorProto.UINT8)
