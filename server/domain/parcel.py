"""A contracted parcel as the registry holds it, and the digest that ties a contract to that record."""

from __future__ import annotations

import datetime as dt
import enum
import re
from dataclasses import dataclass, field

from landseal.server.domain.canonical import Value, digest
from landseal.server.domain.idcard import PROVINCES

Position = tuple[float, float]
"""Longitude and latitude in degrees (WGS 84 or CGCS2000; they agree within centimetres)."""
Ring = tuple[Position, ...]
"""At least four positions, the last equal to the first."""
Polygon = tuple[Ring, ...]
"""The outer ring, then the holes."""

COORDINATE_DECIMALS = 9
"""Coordinates are kept to 1e-9 degree (0.1 mm), so that a stored and re-read parcel has the same digest."""
_CODE = re.compile(r"[1-9][0-9]{18}", re.ASCII)
ISSUER_DIGITS = 14
"""The first digits of a parcel code name the contract-issuing party (发包方)."""
BEST_GRADE, WORST_GRADE = 1, 15
"""National utilisation grades of arable land, 1 is the best (GB/T 28407-2012)."""


class LandUse(enum.IntEnum):
    """What the registry says the parcel is; the numbers travel in the API and never change meaning."""

    UNSPECIFIED = 0
    ARABLE = 1
    PERMANENT_BASIC_FARMLAND = 2
    ORCHARD = 3
    FOREST = 4
    GRASSLAND = 5
    WATER = 6
    OTHER = 7


LAND_USE_ZH = {
    LandUse.ARABLE: "耕地",
    LandUse.PERMANENT_BASIC_FARMLAND: "永久基本农田",
    LandUse.ORCHARD: "园地",
    LandUse.FOREST: "林地",
    LandUse.GRASSLAND: "草地",
    LandUse.WATER: "养殖水面",
    LandUse.OTHER: "其他农用地",
}
"""How each use is printed and may be written in parcel files."""


def is_parcel_code(text: str) -> bool:
    """Tells whether text is a 19-digit parcel code (承包地块代码, GB/T 35958-2018).

    14 digits name the issuing party and 5 the parcel.
    """
    return bool(_CODE.fullmatch(text)) and text[:2] in PROVINCES and not text.endswith("00000")


@dataclass(frozen=True)
class Parcel:
    """One parcel with its contractor; checked by whoever reads it from a file, not here."""

    code: str
    """19 digits, see :func:`is_parcel_code`."""
    name: str
    collective: str
    village_group: str
    east: str
    """What bounds the parcel on the east, as text (四至)."""
    south: str
    west: str
    north: str
    area_m2: int
    """Registered area in whole square metres."""
    quality_grade: int
    """1 (best) to 15."""
    land_use: LandUse
    contract_term_end: dt.date | None
    """Last day of the household's contracting term; None when the registry does not know."""
    owner_id_number: str = field(repr=False)
    """Identity number of the registered contractor (household representative)."""
    owner_name: str = field(repr=False)
    polygons: tuple[Polygon, ...] = field(default=(), repr=False)
    """Outlines; empty when the registry has none."""

    @property
    def issuer_code(self) -> str:
        """The 14 digits of the contract-issuing party; equal for parcels of one collective."""
        return self.code[:ISSUER_DIGITS]

    @property
    def location(self) -> str:
        """Collective, village group and name as one line (坐落)."""
        return f"{self.collective}{self.village_group}{self.name}"

    def registry_digest(self) -> bytes:
        """Returns the SHA-256 (32 bytes) of the frozen encoding of all fields, in the order of this class."""
        return digest("parcel", *parcel_fields(self))


def _grid(degrees: float, offset: int) -> int:
    grid: int = 10**COORDINATE_DECIMALS
    return round((degrees + offset) * grid)


def parcel_fields(parcel: Parcel) -> tuple[Value, ...]:
    """Returns the parcel for :func:`landseal.server.domain.canonical.encode`.

    An unknown term end is empty text; longitudes are shifted by 180 and latitudes by 90 degrees, then counted in
    1e-9 degree.
    """
    polygons: Value = tuple(
        tuple(tuple((_grid(lon, 180), _grid(lat, 90)) for lon, lat in ring) for ring in polygon)
        for polygon in parcel.polygons
    )
    end = parcel.contract_term_end.isoformat() if parcel.contract_term_end else ""
    return (
        parcel.code, parcel.name, parcel.collective, parcel.village_group,
        parcel.east, parcel.south, parcel.west, parcel.north,
        parcel.area_m2, parcel.quality_grade, int(parcel.land_use), end,
        parcel.owner_id_number, parcel.owner_name, polygons,
    )  # fmt: skip
