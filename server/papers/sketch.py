"""A parcel's outline as a small drawing (SVG without text), north up, with a scale bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

from landseal.server.domain.parcel import Parcel

_METRES_PER_DEGREE = 111_320.0
"""Mean length of a degree of latitude; good enough for a sketch (0.5 %)."""
_SIDE = 300.0
_MARGIN = 16.0
_HEAD = 20.0
"""Room for the north arrow."""
MAX_POINTS = 2_000
"""Points drawn of one parcel; of finer outlines every n-th point is drawn."""


@dataclass(frozen=True)
class Sketch:
    """A drawing and the length of its scale bar."""

    svg: str
    bar_m: int


def _bar(extent_m: float) -> int:
    """The largest 1, 2 or 5 times a power of ten that fits a third of the extent."""
    room = max(extent_m / 3, 1.0)
    power = 10 ** int(math.log10(room))
    return int(max(step * power for step in (1, 2, 5) if step * power <= room))


def parcel_sketch(parcel: Parcel) -> Sketch | None:
    """Draws the outline in a square; None when the registry has no outline. The same text for the same parcel."""
    rings = [ring for polygon in parcel.polygons for ring in polygon]
    points = [point for ring in rings for point in ring]
    if not points:
        return None
    lons, lats = [lon for lon, _ in points], [lat for _, lat in points]
    middle_lon, middle_lat = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
    east_m = _METRES_PER_DEGREE * math.cos(math.radians(middle_lat))
    extent = max((max(lons) - min(lons)) * east_m, (max(lats) - min(lats)) * _METRES_PER_DEGREE, 0.1)
    scale = (_SIDE - 2 * _MARGIN) / extent
    every = len(points) // MAX_POINTS + 1

    def place(lon: float, lat: float) -> str:
        x = _SIDE / 2 + (lon - middle_lon) * east_m * scale
        y = _HEAD + _SIDE / 2 - (lat - middle_lat) * _METRES_PER_DEGREE * scale
        return f"{x:.1f},{y:.1f}"

    path = " ".join("M" + " L".join(place(*point) for point in ring[:-1:every]) + " Z" for ring in rings)
    bar, foot = _bar(extent), _HEAD + _SIDE + 8
    return Sketch(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE:.0f} {foot + 10:.0f}">'
        f'<path d="{path}" fill="#eef4e6" fill-rule="evenodd" stroke="#222" stroke-width="1.6"/>'
        f'<path d="M{_MARGIN},{foot} h{bar * scale:.1f} m0,-5 v10 M{_MARGIN},{foot - 5} v10" '
        'fill="none" stroke="#222" stroke-width="1.6"/>'
        '<path d="M284,2 l7,24 l-7,-6 l-7,6 Z" fill="#222"/></svg>',
        bar,
    )
