"""What reading a parcel file gives: all parcels, or every fault with its line. Nothing is imported by halves."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from landseal.server.domain.parcel import Parcel

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_ROWS = 200_000
MAX_VERTICES = 10_000
"""Vertices of one parcel."""
MAX_TOTAL_VERTICES = 2_000_000
"""Vertices of one file; about 250 MB of memory."""
MAX_FAULTS = 1_000
"""Reading stops after so many faults; the last one then says that there are more."""


class FileFormat(enum.StrEnum):
    """The formats that can be read."""

    GEOJSON = "geojson"
    CSV = "csv"


class RowFaultCode(enum.StrEnum):
    """What is wrong in a row; the names are part of the API."""

    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    FILE_EMPTY = "FILE_EMPTY"
    NOT_UTF8 = "NOT_UTF8"
    NOT_JSON = "NOT_JSON"
    NOT_CSV = "NOT_CSV"
    NOT_FEATURE_COLLECTION = "NOT_FEATURE_COLLECTION"
    TOO_DEEP = "TOO_DEEP"
    ROW_TOO_LARGE = "ROW_TOO_LARGE"
    TOO_MANY_ROWS = "TOO_MANY_ROWS"
    TOO_MANY_FAULTS = "TOO_MANY_FAULTS"
    COLUMNS = "COLUMNS"
    CRS = "CRS"
    MISSING = "MISSING"
    WRONG_TYPE = "WRONG_TYPE"
    TOO_LONG = "TOO_LONG"
    BAD_CHARACTERS = "BAD_CHARACTERS"
    FORMULA = "FORMULA"
    BAD_CODE = "BAD_CODE"
    DUPLICATE_CODE = "DUPLICATE_CODE"
    BAD_ID_NUMBER = "BAD_ID_NUMBER"
    BAD_DATE = "BAD_DATE"
    BAD_LAND_USE = "BAD_LAND_USE"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    NOT_FINITE = "NOT_FINITE"
    BAD_GEOMETRY = "BAD_GEOMETRY"
    UNCLOSED_RING = "UNCLOSED_RING"
    CROSSING_RINGS = "CROSSING_RINGS"
    NO_AREA = "NO_AREA"
    AREA_DIFFERS = "AREA_DIFFERS"
    TOO_MANY_VERTICES = "TOO_MANY_VERTICES"


@dataclass(frozen=True)
class RowFault:
    """One fault. ``text`` explains it in Chinese and never repeats a value of the row."""

    line: int
    """Line on which the row starts, counted from 1."""
    field: str
    """Column or property; empty when the row or the file as a whole is at fault."""
    code: RowFaultCode
    text: str


@dataclass(frozen=True)
class ParcelFile:
    """The outcome of reading one file."""

    parcels: tuple[Parcel, ...]
    """Empty whenever there is a fault."""
    faults: tuple[RowFault, ...]
    sha256: bytes
    """Of the file as it came, 32 bytes; of what was read of it when it was too large."""
    rows: int
    """Rows seen, good or bad."""
