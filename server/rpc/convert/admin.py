"""Imports."""

from __future__ import annotations

from landseal.admin.v1 import admin_pb2 as pb
from landseal.server.domain.parcelfile import FileFormat
from landseal.server.rpc.convert.values import invalid
from landseal.server.usecases.admin import FaceImport, FaceRow, ImportFault, ParcelImport

_FORMATS = {pb.PARCEL_FORMAT_GEOJSON: FileFormat.GEOJSON, pb.PARCEL_FORMAT_CSV: FileFormat.CSV}
MAX_FAULTS = 1_000
"""As many faulty rows are told; the text of a row is short, so they fit into one message."""


def file_format(value: pb.ParcelFormat.ValueType) -> FileFormat:
    """Reads the format; raises Refused REQUEST_INVALID when the first piece names none."""
    if value not in _FORMATS:
        raise invalid("format", "must be named in the first piece")
    return _FORMATS[value]


def face_row(request: pb.ImportFacesRequest) -> FaceRow:
    """Reads one person."""
    return FaceRow(request.legal_name, request.id_number, request.collective, request.portrait)


def parcel_progress(checked: int, total: int) -> pb.ImportParcelsResponse:
    """Converts how far an import is."""
    return pb.ImportParcelsResponse(checked=checked, total=total)


def parcel_result(it: ParcelImport) -> pb.ImportParcelsResponse:
    """Converts what became of a parcel file."""
    return pb.ImportParcelsResponse(
        checked=it.checked, total=it.checked, faults=_faults(it.faults), imported=it.imported, done=True
    )


def face_progress(read: int, _total: int) -> pb.ImportFacesResponse:
    """Converts how far an import is."""
    return pb.ImportFacesResponse(read=read)


def face_result(it: FaceImport) -> pb.ImportFacesResponse:
    """Converts what became of a list of people."""
    return pb.ImportFacesResponse(
        read=it.read, faults=_faults(it.faults), imported=it.imported, notices=it.notices, done=True
    )


def issued(code: str) -> pb.IssueRegistrationCodeResponse:
    """Converts a registration code."""
    return pb.IssueRegistrationCodeResponse(registration_code=code)


def _faults(faults: tuple[ImportFault, ...]) -> list[pb.RowFault]:
    return [pb.RowFault(line=f.line, field=f.field, code=f.code, text=f.text) for f in faults[:MAX_FAULTS]]
