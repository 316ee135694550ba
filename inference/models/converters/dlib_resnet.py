"""dlib's face recognition ResNet (``dlib_face_recognition_resnet_model_v1.dat``) to ONNX.

The network is ``anet_type`` of dlib's ``dnn_face_recognition_ex.cpp``: a 7x7 convolution, a 3x3 max pool, five levels
of residual blocks (3x32, down+3x64, down+2x128, down+2x256, down 256), a mean over the plane, and a 256x128 matrix.
The file lists layers from input to output. dlib's paddings: a convolution of stride 1 pads k/2, one of stride 2 pads
nothing, pools pad nothing; where the two arms of a down block differ in size the smaller one is padded with zeros at
its end, in channels and in the plane.

Result: input ``chips`` uint8 [N,150,150,3] RGB (aligned by :func:`landseal.inference.vision.align.dlib_chip`), output
``embedding`` float32 [N,128], not normalised. The scaling (x - (122.782, 117.001, 104.298)) / 256 is inside the
graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseal.inference.models.converters.dlibstream import DlibStream
from landseal.inference.models.converters.graph import FLOAT, UINT8, Graph, serialise, tensor_info
from landseal.inference.models.errors import ConversionError

CHIP_SIZE = 150
EMBEDDING_SIZE = 128
_MEANS = (122.782, 117.001, 104.298)
_SCALE = 256.0
_LEVELS = ((32, False, 3), (64, True, 3), (128, True, 2), (256, True, 2), (256, True, 0))
"""Channels, whether the level starts with a down block, and how many plain blocks follow."""


@dataclass(frozen=True)
class _Layer:
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    stride: int


def convert_dlib_resnet(data: bytes) -> bytes:
    """Converts the bytes of the ``.dat`` file into the bytes of an ONNX file.

    Raises:
        ConversionError: the bytes are not that network.
    """
    layers, matrix = _read_layers(data)
    graph = Graph()
    value = _Builder(graph, layers).body(_scaled(graph))
    value = graph.op("GlobalAveragePool", [value])
    value = graph.op("Flatten", [value], axis=1)
    graph.op("MatMul", [value, graph.constant("fc.weight", matrix)], "embedding")
    model = graph.model(
        "dlib_face_recognition_resnet_v1",
        [tensor_info("chips", UINT8, ["N", CHIP_SIZE, CHIP_SIZE, 3])],
        [tensor_info("embedding", FLOAT, ["N", EMBEDDING_SIZE])],
    )
    return serialise(model)


def _scaled(graph: Graph) -> str:
    value = graph.op("Cast", ["chips"], to=FLOAT)
    value = graph.op("Sub", [value, graph.constant("means", np.array(_MEANS, np.float32))])
    value = graph.op("Mul", [value, graph.constant("scale", np.array(1.0 / _SCALE, np.float32))])
    return graph.op("Transpose", [value], perm=[0, 3, 1, 2])


def _read_layers(data: bytes) -> tuple[list[_Layer], NDArray[np.float32]]:
    """All convolutions with the affine layers behind them folded in, and the last matrix [256,128]."""
    stream = DlibStream(data)
    layers: list[_Layer] = []
    while (tag := stream.seek_tag(("con_4", "affine_", "fc_2"))) is not None:
        if tag == "con_4":
            layers.append(_convolution(stream))
        elif tag == "affine_":
            if not layers:
                raise ConversionError("an affine layer stands before the first convolution")
            layers[-1] = _folded(layers[-1], stream.tensor())
        else:
            return layers, _matrix(stream)
    raise ConversionError("the file holds no fully connected layer")


def _convolution(stream: DlibStream) -> _Layer:
    values = stream.tensor().ravel()
    filters, rows, columns = stream.integer(), stream.integer(), stream.integer()
    stride_y, stride_x = stream.integer(), stream.integer()
    taps = values.size - filters
    if rows != columns or stride_y != stride_x or taps <= 0 or taps % (filters * rows * columns):
        raise ConversionError("a convolution has an unexpected shape")
    return _Layer(values[:taps].reshape(filters, -1, rows, columns), values[taps:], stride_y)


def _folded(layer: _Layer, affine: NDArray[np.float32]) -> _Layer:
    """Gamma * (w * x + b) + beta as one convolution."""
    values = affine.ravel()
    if values.size != 2 * layer.bias.size:
        raise ConversionError("an affine layer does not fit its convolution")
    gamma, beta = values[: layer.bias.size], values[layer.bias.size :]
    return _Layer(layer.weight * gamma[:, None, None, None], layer.bias * gamma + beta, layer.stride)


def _matrix(stream: DlibStream) -> NDArray[np.float32]:
    stream.integer()  # number of outputs
    stream.integer()  # number of inputs, zero in files that were never trained
    values = stream.tensor()
    if values.size != 256 * EMBEDDING_SIZE:
        raise ConversionError("the last matrix is not 256x128")
    return values.reshape(256, EMBEDDING_SIZE)


class _Builder:
    """Lays the layers into the graph in file order, keeping the plane's size to know where dlib pads."""

    def __init__(self, graph: Graph, layers: list[_Layer]) -> None:
        self._graph = graph
        self._layers = iter(layers)
        self._side = CHIP_SIZE
        self._channels = 3

    def body(self, value: str) -> str:
        value = self._graph.op("Relu", [self._conv(value, stride=2)])
        value = self._graph.op("MaxPool", [value], kernel_shape=[3, 3], strides=[2, 2])
        self._side = (self._side - 3) // 2 + 1
        for channels, down, plain in _LEVELS:
            value = self._down(value, channels) if down else value
            for _ in range(plain):
                value = self._plain(value, channels)
        if next(self._layers, None) is not None:
            raise ConversionError("the file holds more convolutions than the network has")
        return value

    def _plain(self, value: str, channels: int) -> str:
        arm = self._graph.op("Relu", [self._conv(value, stride=1, channels=channels)])
        arm = self._conv(arm, stride=1, channels=channels)
        return self._graph.op("Relu", [self._graph.op("Add", [arm, value])])

    def _down(self, value: str, channels: int) -> str:
        before, before_side = self._channels, self._side
        arm = self._graph.op("Relu", [self._conv(value, stride=2, channels=channels)])
        arm = self._conv(arm, stride=1, channels=channels)
        skip = self._graph.op("AveragePool", [value], kernel_shape=[2, 2], strides=[2, 2])
        skip_side, arm_side = before_side // 2, self._side
        self._side = max(skip_side, arm_side)
        arm = self._padded(arm, 0, self._side - arm_side)
        skip = self._padded(skip, channels - before, self._side - skip_side)
        return self._graph.op("Relu", [self._graph.op("Add", [arm, skip])])

    def _padded(self, value: str, channels: int, side: int) -> str:
        if not channels and not side:
            return value
        pads = np.array([0, 0, 0, 0, 0, channels, side, side], dtype=np.int64)
        return self._graph.op("Pad", [value, self._graph.constant(f"pads_{len(self._graph.nodes)}", pads)])

    def _conv(self, value: str, *, stride: int, channels: int = 32) -> str:
        layer = next(self._layers, None)
        if layer is None or layer.stride != stride or layer.weight.shape[:2] != (channels, self._channels):
            raise ConversionError("the convolutions are not those of the expected network")
        kernel = layer.weight.shape[2]
        pad = kernel // 2 if stride == 1 else 0
        self._side = (self._side + 2 * pad - kernel) // stride + 1
        self._channels = channels
        return self._graph.conv(value, layer.weight, layer.bias, stride=stride, pad=pad)
