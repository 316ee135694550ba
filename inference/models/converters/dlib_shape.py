"""dlib's shape predictor (an ensemble of regression trees) to plain arrays in an uncompressed npz.

Format: dlib's ``shape_predictor.h``. Arrays of the result, for C cascades of T trees of depth D (S = 2^D - 1 splits,
L = 2^D leaves), P probe pixels and 2*N shape numbers:

- ``initial_shape`` float32 [N,2], unit square coordinates of the box;
- ``anchors`` int32 [C,P] and ``deltas`` float32 [C,P,2]: each probe is a landmark plus an offset;
- ``split_first`` and ``split_second`` int16 [C,T,S], probe numbers; ``split_threshold`` float32 [C,T,S];
- ``leaves`` float32 [C,T,L,2*N], shape increments as x0, y0, x1, y1, ...
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseal.inference.models.converters.dlibstream import DlibStream
from landseal.inference.models.errors import ConversionError

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MOST = 1 << 14


def convert_dlib_shape(data: bytes) -> bytes:
    """Converts the bytes of a shape predictor into the bytes of an npz.

    Raises:
        ConversionError: the bytes are not a shape predictor, or trailing bytes are left.
    """
    stream = DlibStream(data)
    if stream.integer() != 1:
        raise ConversionError("unknown version of the shape predictor")
    shape = stream.column()
    trees = _forests(stream)
    anchors = _anchors(stream)
    deltas = _deltas(stream)
    if stream.position != len(data) or deltas.shape[:2] != anchors.shape:
        raise ConversionError("the shape predictor does not end where it should")
    arrays = {"initial_shape": shape.reshape(-1, 2), "anchors": anchors, "deltas": deltas, **trees}
    return pack_npz(arrays)


def _forests(stream: DlibStream) -> dict[str, NDArray[Any]]:
    firsts, seconds, thresholds, leaves = [], [], [], []
    cascades = stream.size(_MOST)
    trees = 0
    for _ in range(cascades):
        trees = stream.size(_MOST)
        for _ in range(trees):
            splits = [(stream.integer(), stream.integer(), stream.real()) for _ in range(stream.size(_MOST))]
            firsts.append([first for first, _, _ in splits])
            seconds.append([second for _, second, _ in splits])
            thresholds.append([threshold for _, _, threshold in splits])
            leaves.append([stream.column() for _ in range(stream.size(_MOST))])
    try:
        return {
            "split_first": np.array(firsts, np.int16).reshape(cascades, trees, -1),
            "split_second": np.array(seconds, np.int16).reshape(cascades, trees, -1),
            "split_threshold": np.array(thresholds, np.float32).reshape(cascades, trees, -1),
            "leaves": np.array(leaves, np.float32).reshape(cascades, trees, len(leaves[0]), -1),
        }
    except (ValueError, OverflowError, IndexError) as error:
        raise ConversionError("the trees do not all have one shape") from error


def _anchors(stream: DlibStream) -> NDArray[np.int32]:
    rows = [[stream.integer() for _ in range(stream.size(_MOST))] for _ in range(stream.size(_MOST))]
    return np.array(rows, np.int32)


def _deltas(stream: DlibStream) -> NDArray[np.float32]:
    rows = [[(stream.real(), stream.real()) for _ in range(stream.size(_MOST))] for _ in range(stream.size(_MOST))]
    return np.array(rows, np.float32)


def pack_npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """An uncompressed npz whose bytes depend on the arrays alone (fixed dates and file modes, names sorted)."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o600 << 16
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[name]), version=(1, 0), allow_pickle=False)  # type: ignore[no-untyped-call]  # numpy's stub has no types
            archive.writestr(entry, member.getvalue())
    return packed.getvalue()
