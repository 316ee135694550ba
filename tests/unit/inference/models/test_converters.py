"""Converters on synthetic files, and on real ones where the machine has them."""

from __future__ import annotations

import io
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseal.inference.models.converters import CONVERTERS
from landseal.inference.models.converters.dlib_shape import pack_npz
from landseal.inference.models.converters.dlibstream import DlibStream
from landseal.inference.models.converters.graph import FLOAT, Graph, serialise, tensor_info
from landseal.inference.models.converters.torch_legacy import read_state_dict
from landseal.inference.models.errors import ConversionError


def packed(value: int) -> bytes:
    magnitude = abs(value)
    size = max(1, (magnitude.bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + magnitude.to_bytes(size, "little")


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_packed_integers_are_read_as_written(value: int) -> None:
    assert DlibStream(packed(value)).integer() == value


@given(st.binary(max_size=40))
def test_random_bytes_are_a_conversion_error_and_nothing_else(data: bytes) -> None:
    for name in ("dlib_resnet", "dlib_shape", "minifasnet"):
        with pytest.raises(ConversionError):
            CONVERTERS[name](data)


def shape_predictor() -> bytes:
    """One cascade with one tree of depth one, one probe pair, one landmark."""
    half, zero = packed(1) + packed(-1), packed(0) + packed(0)
    column = packed(-2) + packed(-1) + half + half
    tree = packed(1) + packed(0) + packed(1) + half + packed(2) + column + column
    forests = packed(1) + packed(1) + tree
    anchors = packed(1) + packed(2) + packed(0) + packed(0)
    deltas = packed(1) + packed(2) + half + zero + zero + half
    return packed(1) + column + forests + anchors + deltas


def test_a_shape_predictor_becomes_plain_arrays() -> None:
    with np.load(io.BytesIO(CONVERTERS["dlib_shape"](shape_predictor())), allow_pickle=False) as arrays:
        assert arrays["initial_shape"].tolist() == [[0.5, 0.5]]
        assert arrays["split_second"].tolist() == [[[1]]]
        assert arrays["deltas"].tolist() == [[[0.5, 0.0], [0.0, 0.5]]]
        assert arrays["leaves"].shape == (1, 1, 2, 2)


@pytest.mark.parametrize("change", [b"", b"\x01"])
def test_a_shape_predictor_cut_short_or_with_a_tail_is_refused(change: bytes) -> None:
    data = shape_predictor()
    with pytest.raises(ConversionError):
        CONVERTERS["dlib_shape"](data + change if change else data[:-1])


def test_converted_files_are_the_same_bytes_every_time() -> None:
    assert CONVERTERS["dlib_shape"](shape_predictor()) == CONVERTERS["dlib_shape"](shape_predictor())
    arrays = {"b": np.arange(3), "a": np.ones((2, 2), np.float32)}
    assert pack_npz(arrays) == pack_npz(dict(reversed(arrays.items())))


def test_a_built_graph_runs() -> None:
    graph = Graph()
    graph.op("Mul", ["x", graph.constant("two", np.array(2, np.float32))], "y")
    model = graph.model("double", [tensor_info("x", FLOAT, ["N"])], [tensor_info("y", FLOAT, ["N"])])
    session = onnxruntime.InferenceSession(serialise(model), providers=["CPUExecutionProvider"])
    assert session.run(None, {"x": np.array([1, 3], np.float32)})[0].tolist() == [2, 6]


MAGIC = 0x1950A86A20F9469CFC6C


def legacy(*objects: object, tail: bytes = b"") -> bytes:
    return b"".join(pickle.dumps(value, protocol=2) for value in (MAGIC, 1001, {}, *objects)) + tail


class _Runs:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(Path("/") / "nowhere" / "pwned"),)


@pytest.mark.parametrize("evil", [_Runs(), {"weight": _Runs()}, OrderedDict(x=_Runs())])
def test_a_pickle_that_wants_to_run_something_is_refused(evil: object) -> None:
    with pytest.raises(ConversionError, match="never needs"):
        read_state_dict(legacy(evil, []))


def test_a_legacy_file_without_tensors_holds_nothing() -> None:
    assert read_state_dict(legacy(OrderedDict(), [])) == {}
    with pytest.raises(ConversionError):
        read_state_dict(legacy(OrderedDict(), ["a key nobody uses"]))
    with pytest.raises(ConversionError):
        read_state_dict(b"".join(pickle.dumps(value) for value in (1, 2, 3, 4, 5)))
