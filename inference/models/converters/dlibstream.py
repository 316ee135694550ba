"""Reads the packed little-endian streams that dlib writes its models in.

Source of the format: dlib's ``serialize.h``. An integer is one control byte (low four bits: how many bytes follow;
high bit: negative) and its bytes; a floating point number is an integer mantissa and an integer exponent of two; a
string is its length and its bytes. A ``resizable_tensor`` is a version, four dimensions and raw float32 values.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from landseal.inference.models.errors import ConversionError

_SPECIAL = {32000: math.inf, 32001: -math.inf, 32002: math.nan}
_LARGEST_TENSOR = 1 << 26


class DlibStream:
    """A cursor over one dlib file; every method moves it forward.

    Raises:
        ConversionError: the bytes end early or are not what the method expects.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def integer(self) -> int:
        """One packed signed integer."""
        head = self._take(1)[0]
        size = head & 0x0F
        if not 1 <= size <= 8 or head & 0x70:
            raise ConversionError(f"not a packed integer at byte {self.position - 1}")
        value = int.from_bytes(self._take(size), "little")
        return -value if head & 0x80 else value

    def real(self) -> float:
        """One packed floating point number."""
        mantissa, exponent = self.integer(), self.integer()
        return _SPECIAL[exponent] if exponent in _SPECIAL else math.ldexp(mantissa, exponent)

    def size(self, most: int) -> int:
        """A length that must lie in 0..most."""
        value = self.integer()
        if not 0 <= value <= most:
            raise ConversionError(f"a length of {value} at byte {self.position} is out of range")
        return value

    def column(self) -> NDArray[np.float32]:
        """A packed float matrix with one column, as float32 [rows]; newer files write its dimensions negated."""
        rows, columns = abs(self.integer()), abs(self.integer())
        if columns != 1 or rows > 1 << 16:
            raise ConversionError(f"not a column at byte {self.position}")
        return np.array([self.real() for _ in range(rows)], dtype=np.float32)

    def seek_tag(self, tags: tuple[str, ...]) -> str | None:
        """Moves behind the next of the given layer tags and returns it; None when no tag is left."""
        found = [(place, tag) for tag in tags if (place := self._find(tag)) >= 0]
        if not found:
            return None
        place, tag = min(found)
        self.position = place + 2 + len(tag)
        return tag

    def tensor(self) -> NDArray[np.float32]:
        """A ``resizable_tensor``: float32 [samples, k, rows, columns]."""
        if self.integer() != 2:
            raise ConversionError(f"unknown tensor version at byte {self.position}")
        shape = tuple(self.size(1 << 24) for _ in range(4))
        count = math.prod(shape)
        if count > _LARGEST_TENSOR:
            raise ConversionError(f"a tensor of {count} values at byte {self.position} is too large")
        return np.frombuffer(self._take(4 * count), dtype="<f4").reshape(shape).astype(np.float32)

    def _find(self, tag: str) -> int:
        return self._data.find(bytes([1, len(tag)]) + tag.encode("ascii"), self.position)

    def _take(self, count: int) -> bytes:
        taken = self._data[self.position : self.position + count]
        if len(taken) != count:
            raise ConversionError("the file ends early")
        self.position += count
        return taken
