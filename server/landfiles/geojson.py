"""GeoJSON (RFC 7946) feature by feature: only one feature at a time is turned into objects.

A first pass over the bytes finds where each feature starts and ends, counts the depth and closes every string; the
second decodes each feature alone. So a file of 64 MiB of brackets costs time, not memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from landseal.server.domain.parcel import Polygon
from landseal.server.domain.parcelfile import RowFaultCode
from landseal.server.landfiles.check import check_row
from landseal.server.landfiles.geometry import GeometryFault, geojson_polygons
from landseal.server.landfiles.rows import FileFault, Row, Rows
from landseal.server.landfiles.texts import row_fault

MAX_DEPTH = 16
MAX_FEATURE_BYTES = 2 * 1024 * 1024
MAX_ENVELOPE_BYTES = 64 * 1024
"""What may stand around the features (name, crs, bbox)."""
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{}]', re.DOTALL)
_KEY_OPENS = re.compile(rb"\s*:\s*\[")
_BOM = b"\xef\xbb\xbf"
_GEOGRAPHIC = re.compile(r"CRS84|EPSG:+(4326|4490)$")


def _no_constant(_: str) -> NoReturn:
    raise GeometryFault(RowFaultCode.NOT_FINITE)


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a key is repeated")
    return out


def _parse(text: bytes) -> object:
    parsed: object = json.loads(text.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_unique)
    return parsed


class _Spans:
    """Finds the features and what stands around them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.start = 0
        self.end = 0

    def line(self, offset: int) -> int:
        return self.data.count(b"\n", 0, offset) + 1

    def __iter__(self) -> Iterator[tuple[int, int]]:
        depth, opened, gap = 0, 0, 0
        for token in _TOKEN.finditer(self.data):
            char, at = token[0][:1], token.start()
            self._refuse_long(at, opened if depth > 2 and not self.end else None)
            if char in b"[{":
                depth += 1
                if depth > MAX_DEPTH:
                    raise FileFault(self.line(at), RowFaultCode.TOO_DEEP)
                if self.start and not self.end and depth == 3:
                    self._between(gap, at, first=gap == self.start)
                    opened = at
            elif char in b"]}":
                depth -= 1
                if self.start and not self.end and depth == 2:
                    gap = token.end()
                    yield opened, gap
                elif self.start and not self.end and depth == 1:
                    self._between(gap, at, first=True)
                    self.end = at
            elif len(token[0]) == 1:
                raise FileFault(self.line(at), RowFaultCode.NOT_JSON)
            elif depth == 1 and not self.start and token[0] == b'"features"':
                after = _KEY_OPENS.match(self.data, token.end())
                self.start = gap = after.end() if after else 0
        if not self.end:
            raise FileFault(1, RowFaultCode.NOT_FEATURE_COLLECTION if not depth else RowFaultCode.NOT_JSON)

    def _refuse_long(self, at: int, opened: int | None) -> None:
        """Ends the work early where a feature, or what stands around the features, is longer than allowed."""
        if not self.start or self.end:
            length, limit = at - self.end, MAX_ENVELOPE_BYTES
        else:
            length, limit = at - (at if opened is None else opened), MAX_FEATURE_BYTES
        if length > limit:
            raise FileFault(self.line(at if opened is None else opened), RowFaultCode.ROW_TOO_LARGE)

    def _between(self, start: int, end: int, *, first: bool) -> None:
        if self.data[start:end].strip() != (b"" if first else b","):
            raise FileFault(self.line(start), RowFaultCode.NOT_JSON)


def _check_envelope(spans: _Spans) -> None:
    if spans.start + len(spans.data) - spans.end > MAX_ENVELOPE_BYTES:
        raise FileFault(1, RowFaultCode.ROW_TOO_LARGE)
    try:
        around = _parse(spans.data[: spans.start] + spans.data[spans.end :])
    except UnicodeDecodeError:
        raise FileFault(1, RowFaultCode.NOT_UTF8) from None
    except (ValueError, RecursionError):
        raise FileFault(1, RowFaultCode.NOT_JSON) from None
    if not isinstance(around, dict) or around.get("type") != "FeatureCollection":
        raise FileFault(1, RowFaultCode.NOT_FEATURE_COLLECTION)
    crs = around.get("crs")
    name = crs["properties"].get("name") if isinstance(crs, dict) and isinstance(crs.get("properties"), dict) else None
    if crs is not None and not (isinstance(name, str) and _GEOGRAPHIC.search(name)):
        raise FileFault(1, RowFaultCode.CRS)


def _feature(line: int, text: bytes, done: int) -> Row:
    code = RowFaultCode.NOT_JSON
    try:
        if len(text) > MAX_FEATURE_BYTES:
            raise GeometryFault(RowFaultCode.ROW_TOO_LARGE)
        feature = _parse(text)
    except GeometryFault as fault:
        return Row(line, None, (row_fault(line, "", fault.code),), done)
    except (ValueError, RecursionError) as error:
        code = RowFaultCode.NOT_UTF8 if isinstance(error, UnicodeDecodeError) else code
        return Row(line, None, (row_fault(line, "", code),), done)
    values = feature.get("properties") if isinstance(feature, dict) and feature.get("type") == "Feature" else None
    if not isinstance(feature, dict) or not isinstance(values, dict):
        return Row(line, None, (row_fault(line, "properties", RowFaultCode.MISSING),), done)
    geometry = feature.get("geometry")

    def outline() -> tuple[Polygon, ...]:
        return geojson_polygons(geometry)

    parcel, faults = check_row(line, values, outline)
    return Row(line, parcel, tuple(faults), done)


def geojson_rows(data: bytes) -> Rows:
    """Yields every feature of a FeatureCollection; FileFault when the file as a whole is no such thing."""
    spans = _Spans(data.removeprefix(_BOM))
    line, counted = 1, 0
    for start, end in spans:
        line += spans.data.count(b"\n", counted, start)
        counted = start
        yield _feature(line, spans.data[start:end], end)
    _check_envelope(spans)
