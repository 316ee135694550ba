"""Reading one's own land."""

from __future__ import annotations

from landseal.clients.calls import Calls
from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason
from landseal.land.v1 import land_pb2 as pb
from landseal.server.domain.receipts import Receipt

_SERVICE = "/landseal.land.v1.LandService/"
_MAX_PAGES = 1000


class LandClient:
    """The noun *land*; every query names a LAND_READ receipt (or its id)."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def parcels(self, receipt: Receipt | str, *, transferor_account_id: str | None = None) -> list[pb.Parcel]:
        """Returns all parcels of the transferor (this account unless named), in the order of their codes.

        Raises:
            LandsealError: RECEIPT_EXPIRED, RECEIPT_IDENTITY_MISMATCH, RECEIPT_INVALID and the session reasons.
        """
        found: list[pb.Parcel] = []
        token = ""
        for _ in range(_MAX_PAGES):
            request = pb.ListOwnParcelsRequest(
                receipt_id=_id(receipt),
                transferor_account_id=transferor_account_id or self._calls.require().account_id,
                page_size=200,
                page_token=token,
            )
            page = self._calls.read(_SERVICE + "ListOwnParcels", request, pb.ListOwnParcelsResponse)
            found += page.parcels
            token = page.next_page_token
            if not token:
                return found
        raise LandsealError(LocalReason.SERVER_ANSWER_ODD, detail="the list of parcels does not end")

    def parcel(self, receipt: Receipt | str, parcel_code: str) -> pb.Parcel:
        """Returns one parcel with its geometry; RECEIPT_*, and NOT_YOURS whether or not it exists."""
        request = pb.GetOwnParcelRequest(receipt_id=_id(receipt), parcel_code=parcel_code)
        return self._calls.read(_SERVICE + "GetOwnParcel", request, pb.GetOwnParcelResponse).parcel


def _id(receipt: Receipt | str) -> str:
    return receipt if isinstance(receipt, str) else receipt.receipt_id
