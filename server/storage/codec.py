"""Values of the domain as JSON and back, exactly: bytes as base64, dates as ISO 8601, choices as their numbers."""

from __future__ import annotations

import base64
import datetime as dt
import enum
import json
from typing import Any, TypeVar

from cattrs import Converter

Value = TypeVar("Value")


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_unstructure_hook(bytes, lambda data: base64.b64encode(data).decode("ascii"))
    converter.register_structure_hook(bytes, lambda text, _: base64.b64decode(text, validate=True))
    converter.register_unstructure_hook(dt.datetime, lambda instant: instant.isoformat())
    converter.register_structure_hook(dt.datetime, lambda text, _: dt.datetime.fromisoformat(text))
    converter.register_unstructure_hook(dt.date, lambda day: day.isoformat())
    converter.register_structure_hook(dt.date, lambda text, _: dt.date.fromisoformat(text))
    converter.register_unstructure_hook(enum.IntEnum, int)
    return converter


_CONVERTER = _converter()


def to_json(value: object) -> bytes:
    """Returns a dataclass of the domain as compact UTF-8 JSON."""
    return json.dumps(_CONVERTER.unstructure(value), ensure_ascii=False, separators=(",", ":")).encode()


def from_json(kind: type[Value], data: bytes) -> Value:
    """Returns the value that :func:`to_json` wrote.

    Raises:
        ValueError: the bytes are something else; the text repeats nothing of them.
    """
    try:
        content: Any = json.loads(data)
        return _CONVERTER.structure(content, kind)
    except Exception:  # cattrs raises groups of many kinds, with the offending values in their texts
        raise ValueError(f"the stored bytes are no {kind.__name__}") from None
