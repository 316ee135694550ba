"""Parcel files for tests, made from the parcels of :mod:`support.land`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from landseal.server.domain.parcel import Parcel
from landseal.server.landfiles.check import FIELDS
from landseal.server.landfiles.delimited import GEOMETRY_COLUMN


def properties(parcel: Parcel) -> dict[str, object]:
    values = {field: getattr(parcel, field) for field in FIELDS}
    values["land_use"] = parcel.land_use.name
    values["contract_term_end"] = parcel.contract_term_end.isoformat() if parcel.contract_term_end else None
    return values


def feature(parcel: Parcel, **changes: object) -> dict[str, object]:
    geometry: object = {"type": "MultiPolygon", "coordinates": parcel.polygons}
    return {
        "type": "Feature",
        "geometry": changes.pop("geometry", geometry),
        "properties": properties(parcel) | changes,
    }


def collection(features: Sequence[object], **members: object) -> bytes:
    """One feature a line; the first stands on line 2."""
    head = json.dumps({"type": "FeatureCollection", **members}, ensure_ascii=False)[:-1]
    body = ",\n".join(json.dumps(each, ensure_ascii=False) for each in features)
    return f'{head}, "features": [\n{body}\n]}}'.encode()


def wkt(parcel: Parcel) -> str:
    def ring(points: Sequence[tuple[float, float]]) -> str:
        return "(" + ", ".join(f"{lon} {lat}" for lon, lat in points) + ")"

    return "MULTIPOLYGON (" + ", ".join("(" + ", ".join(map(ring, each)) + ")" for each in parcel.polygons) + ")"


def table(parcels: Sequence[Parcel], *, encoding: str = "utf-8", **changes: str) -> bytes:
    """One row a line below the header; ``changes`` go into every row."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [*FIELDS, GEOMETRY_COLUMN])
    writer.writeheader()
    for parcel in parcels:
        writer.writerow(properties(parcel) | {GEOMETRY_COLUMN: wkt(parcel)} | changes)
    return out.getvalue().encode(encoding)
