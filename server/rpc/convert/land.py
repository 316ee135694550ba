"""Parcels."""

from __future__ import annotations

from itertools import chain

from landseal.land.v1 import land_pb2 as pb
from landseal.server.domain.parcel import Parcel
from landseal.server.rpc.convert.values import date


def parcel(it: Parcel, *, with_rings: bool) -> pb.Parcel:
    """Converts a parcel, without its contractor; ``with_rings`` adds the outer ring of each polygon."""
    rings = (polygon[0] for polygon in it.polygons) if with_rings else ()
    return pb.Parcel(
        parcel_code=it.code,
        name=it.name,
        collective=it.collective,
        village_group=it.village_group,
        bound_east=it.east,
        bound_south=it.south,
        bound_west=it.west,
        bound_north=it.north,
        area_m2=it.area_m2,
        quality_grade=it.quality_grade,
        land_use=pb.LandUse.ValueType(it.land_use),
        contract_term_end_date=date(it.contract_term_end) if it.contract_term_end else None,
        registry_digest=it.registry_digest(),
        rings=[pb.Ring(coordinates=chain.from_iterable(ring)) for ring in rings],
    )
