"""Outlines from GeoJSON coordinates or WKT: checked ring by ring, then for crossings by GEOS (shapely)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

import shapely

from landseal.server.domain.parcel import COORDINATE_DECIMALS, Polygon, Position, Ring
from landseal.server.domain.parcelfile import MAX_VERTICES, RowFaultCode
from landseal.server.landfiles.area import polygons_area_m2

AREA_TOLERANCE = 0.05
"""Registered and drawn area may differ by so much; surveys with tape and later digitising differ by 2 to 3 %."""
MIN_AREA_M2 = 1.0
_WKT = re.compile(r"(MULTI)?POLYGON\s*Z?\s*(\([-+0-9eE.,()\s]*\))", re.IGNORECASE)
_WKT_POINT = re.compile(r"[^\[\],]+")
_MAX_DEPTH = 4


class GeometryFault(ValueError):
    """An outline is unusable."""

    def __init__(self, code: RowFaultCode) -> None:
        super().__init__(code.value)
        self.code = code


def geojson_polygons(geometry: object) -> tuple[Polygon, ...]:
    """Reads a Polygon or MultiPolygon object (RFC 7946); altitudes are dropped.

    Raises:
        GeometryFault: unclosed or crossing rings, coordinates out of range or not finite, no area, too many vertices.
    """
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or kind not in ("Polygon", "MultiPolygon"):
        raise GeometryFault(RowFaultCode.BAD_GEOMETRY)
    return _polygons(geometry.get("coordinates"), multi=kind == "MultiPolygon")


def wkt_polygons(text: str) -> tuple[Polygon, ...]:
    """Reads POLYGON or MULTIPOLYGON text (OGC 06-103r4, two or three numbers a point); GeometryFault as above."""
    match = _WKT.fullmatch(text.strip())
    if not match:
        wants = re.search(r"\bnan\b|\binf", text, re.IGNORECASE)
        raise GeometryFault(RowFaultCode.NOT_FINITE if wants else RowFaultCode.BAD_GEOMETRY)
    if match[2].count(",") > MAX_VERTICES:
        raise GeometryFault(RowFaultCode.TOO_MANY_VERTICES)
    if "((((" in re.sub(r"\s", "", match[2]):
        raise GeometryFault(RowFaultCode.BAD_GEOMETRY)
    lists = match[2].replace("(", "[").replace(")", "]")
    points = _WKT_POINT.sub(lambda hit: _wkt_point(hit[0]), lists)
    try:
        coordinates = json.loads(points)
    except (ValueError, RecursionError):
        raise GeometryFault(RowFaultCode.BAD_GEOMETRY) from None
    return _polygons(coordinates, multi=bool(match[1]))


def _wkt_point(text: str) -> str:
    if not text.strip():
        return text
    try:
        return json.dumps([float(number) for number in text.split()])
    except ValueError:
        raise GeometryFault(RowFaultCode.BAD_GEOMETRY) from None


def _lists(value: object, code: RowFaultCode = RowFaultCode.BAD_GEOMETRY) -> Iterator[object]:
    if not isinstance(value, list) or not value:
        raise GeometryFault(code)
    yield from value


def _polygons(coordinates: object, *, multi: bool) -> tuple[Polygon, ...]:
    raw = list(_lists(coordinates)) if multi else [coordinates]
    budget = [MAX_VERTICES]
    polygons = tuple(tuple(_ring(ring, budget) for ring in _lists(each)) for each in raw)
    if polygons_area_m2(polygons) < MIN_AREA_M2:
        raise GeometryFault(RowFaultCode.NO_AREA)
    _refuse_crossings(polygons)
    return polygons


def _ring(ring: object, budget: list[int]) -> Ring:
    points = list(_lists(ring))
    budget[0] -= len(points)
    if budget[0] < 0:
        raise GeometryFault(RowFaultCode.TOO_MANY_VERTICES)
    positions = tuple(_position(point) for point in points)
    if len(positions) < 4 or positions[0] != positions[-1]:
        raise GeometryFault(RowFaultCode.UNCLOSED_RING)
    return positions


def _position(point: object) -> Position:
    if not isinstance(point, list) or len(point) not in (2, 3):
        raise GeometryFault(RowFaultCode.BAD_GEOMETRY)
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in point):
        raise GeometryFault(RowFaultCode.BAD_GEOMETRY)
    try:
        lon, lat = float(point[0]), float(point[1])
    except OverflowError:
        raise GeometryFault(RowFaultCode.OUT_OF_RANGE) from None
    if not all(math.isfinite(each) for each in (lon, lat)):
        raise GeometryFault(RowFaultCode.NOT_FINITE)
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise GeometryFault(RowFaultCode.OUT_OF_RANGE)
    return round(lon, COORDINATE_DECIMALS), round(lat, COORDINATE_DECIMALS)


def _refuse_crossings(polygons: tuple[Polygon, ...]) -> None:
    try:
        shape = shapely.MultiPolygon([shapely.Polygon(polygon[0], polygon[1:]) for polygon in polygons])
        valid = bool(shapely.is_valid(shape))
    except (shapely.GEOSException, ValueError):
        raise GeometryFault(RowFaultCode.BAD_GEOMETRY) from None
    if not valid:
        raise GeometryFault(RowFaultCode.CROSSING_RINGS)


def refuse_other_area(polygons: tuple[Polygon, ...], area_m2: int) -> None:
    """Raises GeometryFault when the registered area lies more than :data:`AREA_TOLERANCE` from the drawn one."""
    drawn = polygons_area_m2(polygons)
    if abs(area_m2 - drawn) > AREA_TOLERANCE * drawn:
        raise GeometryFault(RowFaultCode.AREA_DIFFERS)
