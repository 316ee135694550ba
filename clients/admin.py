"""Filling the register and the face database, over a channel with a client certificate of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from landseal.admin.v1 import admin_pb2 as pb
from landseal.clients.calls import Calls, new_request_id, serialise
from landseal.clients.errors import from_rpc
from landseal.server.domain.times import utc_now

_SERVICE = "/landseal.admin.v1.AdminService/"
_Request = TypeVar("_Request", bound=Message)
_Answer = TypeVar("_Answer", bound=Message)
_PIECE = 256 << 10
IMPORT_TIMEOUT_S = 1800.0
"""Deadline of an import: a village's portraits on one processor take minutes."""


@dataclass(frozen=True)
class PersonToImport:
    """One person with a portrait (JPEG, PNG or WebP, at most 3 MiB)."""

    legal_name: str = field(repr=False)
    id_number: str = field(repr=False)
    collective: str
    portrait: bytes = field(repr=False)


class AdminClient:
    """The internal service; open the channel with ``open_channel(..., client=ClientCertificate(...))``."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self._calls = Calls(channel, "", utc_now)

    def import_parcels(
        self,
        data: bytes,
        kind: pb.ParcelFormat.ValueType,
        on_progress: Callable[[int, int], None] = lambda _a, _b: None,
    ) -> pb.ImportParcelsResponse:
        """Imports a parcel file; ``on_progress`` hears rows checked and rows known. Returns the last message.

        Faulty rows are listed in ``faults``; then nothing was imported.

        Raises:
            LandsealError: IMPORT_FAULTY when the server ends the call so, REQUEST_INVALID, SERVER_AWAY.
        """
        requests = (
            pb.ImportParcelsRequest(format=kind, data=data[start : start + _PIECE])
            for start in range(0, max(1, len(data)), _PIECE)
        )
        last = pb.ImportParcelsResponse()
        for last in self._both_ways("ImportParcels", requests, pb.ImportParcelsResponse):
            on_progress(last.checked, last.total)
        return last

    def import_faces(
        self, people: Iterable[PersonToImport], on_progress: Callable[[int], None] = lambda _: None
    ) -> pb.ImportFacesResponse:
        """Imports people with one portrait each; ``on_progress`` hears people read. Returns the last message.

        Raises:
            LandsealError: IMPORT_FAULTY when the server ends the call so, FACE_ENGINE_AWAY, SERVER_AWAY.
        """
        requests = (
            pb.ImportFacesRequest(
                legal_name=each.legal_name,
                id_number=each.id_number,
                collective=each.collective,
                portrait=each.portrait,
            )
            for each in people
        )
        last = pb.ImportFacesResponse()
        for last in self._both_ways("ImportFaces", requests, pb.ImportFacesResponse):
            on_progress(last.read)
        return last

    def issue_code(self, id_number: str, *, request_id: str | None = None) -> str:
        """Returns a one-time registration code for an imported person; NOT_YOURS when nobody has this ID number."""
        request = pb.IssueRegistrationCodeRequest(request_id=request_id or new_request_id(), id_number=id_number)
        return self._calls.open(
            _SERVICE + "IssueRegistrationCode", request, pb.IssueRegistrationCodeResponse
        ).registration_code

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def _both_ways(self, name: str, requests: Iterator[_Request], answer: type[_Answer]) -> Iterator[_Answer]:
        call = self._channel.stream_stream(_SERVICE + name, serialise, answer.FromString)
        try:
            yield from call(requests, timeout=IMPORT_TIMEOUT_S)
        except grpc.RpcError as error:
            raise from_rpc(error) from None


def format_of(path: Path) -> pb.ParcelFormat.ValueType:
    """Returns the format that a file's name tells: GeoJSON for .geojson and .json, else CSV."""
    return pb.PARCEL_FORMAT_GEOJSON if path.suffix.lower() in (".geojson", ".json") else pb.PARCEL_FORMAT_CSV
