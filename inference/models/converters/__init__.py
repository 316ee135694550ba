"""Converters from published weight files to the files that run, each a pure function of the source's bytes.

A converter is deterministic, so that the manifest can pin the SHA-256 of its result beside that of its source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from landseal.inference.models.converters.dlib_resnet import convert_dlib_resnet
from landseal.inference.models.converters.dlib_shape import convert_dlib_shape
from landseal.inference.models.converters.minifasnet import convert_minifasnet

Converter = Callable[[bytes], bytes]


def copy_bytes(data: bytes) -> bytes:
    """The file is used as it was published."""
    return data


CONVERTERS: Mapping[str, Converter] = MappingProxyType(
    {
        "copy": copy_bytes,
        "dlib_resnet": convert_dlib_resnet,
        "dlib_shape": convert_dlib_shape,
        "minifasnet": convert_minifasnet,
    }
)
