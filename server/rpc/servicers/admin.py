"""AdminService; on a listener of its own, behind client certificates."""

from __future__ import annotations

from collections.abc import Iterator

from landseal.admin.v1 import admin_pb2 as pb
from landseal.server.domain.errors import FieldFault, Refused
from landseal.server.domain.parcelfile import MAX_FILE_BYTES
from landseal.server.domain.reasons import Reason
from landseal.server.rpc.call import Call
from landseal.server.rpc.convert import admin as convert
from landseal.server.rpc.convert.values import invalid
from landseal.server.rpc.progress import reported
from landseal.server.usecases.admin import Admin, ImportFault


class AdminServicer:
    """Fills the land register and the face database."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    def ImportParcels(
        self, requests: Iterator[pb.ImportParcelsRequest], _call: Call
    ) -> Iterator[pb.ImportParcelsResponse]:
        """Imports one file; the last message tells the result, then faults end the call as an error."""
        first = next(requests, pb.ImportParcelsRequest())
        file_format = convert.file_format(first.format)
        content = _gathered(first, requests)
        result = yield from reported(
            lambda progress: self._admin.import_parcels(file_format, content, progress), convert.parcel_progress
        )
        yield convert.parcel_result(result)
        _demand_faultless(result.faults)

    def ImportFaces(self, requests: Iterator[pb.ImportFacesRequest], _call: Call) -> Iterator[pb.ImportFacesResponse]:
        """Imports people; at most one portrait is held at a time."""
        people = map(convert.face_row, requests)
        result = yield from reported(lambda progress: self._admin.import_faces(people, progress), convert.face_progress)
        yield convert.face_result(result)
        _demand_faultless(result.faults)

    def IssueRegistrationCode(self, request: pb.IssueRegistrationCodeRequest, call: Call) -> bytes:
        """Makes a registration code."""
        once = call.once(convert.issued)
        return once.encode(self._admin.issue_code(request.id_number, once, call.budget))


def _gathered(first: pb.ImportParcelsRequest, rest: Iterator[pb.ImportParcelsRequest]) -> bytes:
    content = bytearray(first.data)
    for piece in rest:
        content += piece.data
        if len(content) > MAX_FILE_BYTES:
            raise invalid("data", f"must have at most {MAX_FILE_BYTES} bytes in all")
    return bytes(content)


def _demand_faultless(faults: tuple[ImportFault, ...]) -> None:
    if faults:
        listed = tuple(FieldFault(f"line {each.line}: {each.field}", f"{each.code}: {each.text}") for each in faults)
        raise Refused(Reason.IMPORT_FAULTY, metadata={"line": str(faults[0].line)}, faults=listed)
