"""Reads a whole parcel file; any fault and nothing is imported."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from landseal.server.domain.parcel import Parcel
from landseal.server.domain.parcelfile import (
    MAX_FAULTS,
    MAX_FILE_BYTES,
    MAX_ROWS,
    MAX_TOTAL_VERTICES,
    FileFormat,
    ParcelFile,
    RowFault,
    RowFaultCode,
)
from landseal.server.landfiles.delimited import csv_rows
from landseal.server.landfiles.geojson import geojson_rows
from landseal.server.landfiles.rows import FileFault, Row, Rows
from landseal.server.landfiles.texts import row_fault

_READERS: dict[FileFormat, Callable[[bytes], Rows]] = {FileFormat.GEOJSON: geojson_rows, FileFormat.CSV: csv_rows}
Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all, after every :data:`PROGRESS_ROWS` rows and at the end."""
PROGRESS_ROWS = 500


def _ignore(_done: int, _total: int) -> None:
    """Takes no notice of progress."""


def _joined(chunks: bytes | Iterable[bytes], limit: int) -> tuple[bytes, bool]:
    """The file and whether it kept the limit; reading stops soon after it is passed."""
    data = bytearray()
    for chunk in (chunks,) if isinstance(chunks, bytes) else chunks:
        data += chunk
        if len(data) > limit:
            return bytes(data[:limit]), False
    return bytes(data), True


class _Collector:
    """Gathers rows until a limit is reached."""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []
        self.faults: list[RowFault] = []
        self.rows = 0
        self._vertices = 0
        self._codes: set[str] = set()

    def add(self, row: Row) -> None:
        self.rows += 1
        self.faults += row.faults
        if row.parcel is None:
            self.parcels.clear()  # nothing will be imported, so nothing needs to be kept
        else:
            self._add_parcel(row.line, row.parcel)
        if self.rows > MAX_ROWS or self._vertices > MAX_TOTAL_VERTICES:
            raise FileFault(row.line, RowFaultCode.TOO_MANY_ROWS)
        if len(self.faults) >= MAX_FAULTS:
            raise FileFault(row.line, RowFaultCode.TOO_MANY_FAULTS)

    def _add_parcel(self, line: int, parcel: Parcel) -> None:
        self._vertices += sum(len(ring) for polygon in parcel.polygons for ring in polygon)
        if parcel.code in self._codes:
            self.faults.append(row_fault(line, "code", RowFaultCode.DUPLICATE_CODE))
        self._codes.add(parcel.code)
        if not self.faults:
            self.parcels.append(parcel)


def read_parcels(
    chunks: bytes | Iterable[bytes],
    file_format: FileFormat,
    *,
    progress: Progress = _ignore,
    limit: int = MAX_FILE_BYTES,
) -> ParcelFile:
    """Reads GeoJSON or CSV (see :data:`landseal.server.landfiles.check.FIELDS`); never raises for what a file holds.

    At most ``limit`` bytes are kept; memory stays below about ten times the file for the largest files allowed.
    Faults carry line numbers counted from 1 and repeat nothing of the file.
    """
    data, whole = _joined(chunks, limit)
    sha256, found = hashlib.sha256(data).digest(), _Collector()
    try:
        if not whole:
            raise FileFault(1, RowFaultCode.FILE_TOO_LARGE)
        for row in _READERS[file_format](data):
            found.add(row)
            if found.rows % PROGRESS_ROWS == 0:
                progress(row.done_bytes, len(data))
        if not found.rows:
            raise FileFault(1, RowFaultCode.FILE_EMPTY)
        progress(len(data), len(data))
    except FileFault as fault:
        found.faults.append(row_fault(fault.line, fault.field, fault.code))
    parcels = () if found.faults else tuple(found.parcels)
    return ParcelFile(parcels, tuple(found.faults), sha256, found.rows)
