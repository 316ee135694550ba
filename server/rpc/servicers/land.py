"""LandService."""

from __future__ import annotations

from landseal.land.v1 import land_pb2 as pb
from landseal.server.rpc.call import Call
from landseal.server.rpc.convert import land as convert
from landseal.server.rpc.pages import Pages, size
from landseal.server.usecases.land import Land


class LandServicer:
    """Shows people their own land."""

    def __init__(self, land: Land, pages: Pages) -> None:
        self._land, self._pages = land, pages

    def ListOwnParcels(self, request: pb.ListOwnParcelsRequest, call: Call) -> pb.ListOwnParcelsResponse:
        """Lists parcels in the order of their codes."""
        after, limit = self._pages.open(call.scope, request.page_token), size(request.page_size, default=50, most=200)
        found = self._land.list_own(call.caller, request.receipt_id, request.transferor_account_id, after, limit + 1)
        return pb.ListOwnParcelsResponse(
            parcels=[convert.parcel(each, with_rings=False) for each in found[:limit]],
            next_page_token=self._pages.next(call.scope, found, limit, lambda last: last.code),
        )

    def GetOwnParcel(self, request: pb.GetOwnParcelRequest, call: Call) -> pb.GetOwnParcelResponse:
        """Returns one parcel with its geometry."""
        parcel = self._land.get_own(call.caller, request.receipt_id, request.parcel_code)
        return pb.GetOwnParcelResponse(parcel=convert.parcel(parcel, with_rings=True))
