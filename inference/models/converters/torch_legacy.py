"""Reads a state dict from PyTorch's legacy file format without PyTorch and without running anything in the file.

Format: ``torch.serialization._legacy_save``: five pickles (magic number, protocol, system, the object, the storage
keys), then for each key, in the listed order, an int64 count and raw little-endian values. Only four names may appear
in the pickles: an ordered dict, a tensor maker and the two storages; anything else is refused before it could be
called.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseal.inference.models.errors import ConversionError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_LARGEST_FILE = 1 << 30


@dataclass(frozen=True)
class _StorageKind:
    dtype: str


@dataclass(frozen=True)
class _Storage:
    key: str
    kind: _StorageKind
    count: int


@dataclass(frozen=True)
class _View:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


_STORAGES = {"FloatStorage": _StorageKind("<f4"), "LongStorage": _StorageKind("<i8")}


def _rebuild(storage: object, offset: object, shape: object, strides: object, *_unused: object) -> _View:
    numbers = (offset, *shape, *strides) if isinstance(shape, tuple) and isinstance(strides, tuple) else (None,)
    if not isinstance(storage, _Storage) or not all(isinstance(value, int) and value >= 0 for value in numbers):
        raise ConversionError("a tensor in the file is malformed")
    return _View(storage, int(str(offset)), tuple(shape), tuple(strides))  # type: ignore[arg-type]  # checked above


class RestrictedUnpickler(pickle.Unpickler):
    """Knows four names; every other global is refused, so nothing in the file can run."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - the base class returns anything
        """The stand-in for one of the four known names.

        Raises:
            ConversionError: any other name.
        """
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise ConversionError(f"the file asks for {module}.{name}, which a state dict never needs")

    def persistent_load(self, pid: Any) -> _Storage:  # noqa: ANN401 - whatever the file holds
        """A storage by its persistent id: ('storage', kind, key, device, count, view)."""
        if (
            not isinstance(pid, tuple)
            or len(pid) < 5
            or pid[0] != "storage"
            or not isinstance(pid[1], _StorageKind)
            or not isinstance(pid[4], int)
        ):
            raise ConversionError("a storage in the file is malformed")
        return _Storage(str(pid[2]), pid[1], pid[4])


def read_state_dict(data: bytes) -> dict[str, NDArray[Any]]:
    """All tensors by name, as arrays of the file's dtype (float32 or int64).

    Raises:
        ConversionError: not such a file, a forbidden name in it, or a tensor outside its storage.
    """
    if len(data) > _LARGEST_FILE:
        raise ConversionError("the file is too large for a state dict")
    stream = io.BytesIO(data)
    try:
        if _load(stream) != _MAGIC or _load(stream) != _PROTOCOL:
            raise ConversionError("not a legacy PyTorch file")
        _load(stream)
        state, keys = _load(stream), _load(stream)
    except ConversionError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise ConversionError("the pickles in the file are damaged") from error
    if not isinstance(state, dict) or not isinstance(keys, list):
        raise ConversionError("the file holds no state dict")
    views = {str(name): value for name, value in state.items() if isinstance(value, _View)}
    storages = _read_storages(stream, keys, {view.storage.key: view.storage for view in views.values()})
    return {name: _array(view, storages) for name, view in views.items()}


def _load(stream: io.BytesIO) -> Any:  # noqa: ANN401 - whatever the file holds
    return RestrictedUnpickler(stream).load()


def _read_storages(stream: io.BytesIO, keys: list[object], known: dict[str, _Storage]) -> dict[str, NDArray[Any]]:
    storages = {}
    for key in keys:
        storage = known.get(str(key))
        if storage is None:
            raise ConversionError("the file lists a storage that no tensor uses")
        dtype = np.dtype(storage.kind.dtype)
        count = int.from_bytes(stream.read(8), "little")
        raw = stream.read(count * dtype.itemsize) if count == storage.count else b""
        if len(raw) != count * dtype.itemsize or count != storage.count:
            raise ConversionError("a storage in the file is cut short")
        storages[storage.key] = np.frombuffer(raw, dtype)
    return storages


def _array(view: _View, storages: dict[str, NDArray[Any]]) -> NDArray[Any]:
    values = storages.get(view.storage.key)
    last = view.offset + sum((n - 1) * step for n, step in zip(view.shape, view.strides, strict=True))
    if values is None or 0 in view.shape or last >= values.size:
        raise ConversionError("a tensor lies outside its storage")
    steps = tuple(step * values.itemsize for step in view.strides)
    return np.lib.stride_tricks.as_strided(values[view.offset :], view.shape, steps).copy()
