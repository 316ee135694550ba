"""People see their own land, and nobody else's."""

from __future__ import annotations

from collections.abc import Sequence

from landseal.server.domain.doors import Reads, Store
from landseal.server.domain.errors import Refused
from landseal.server.domain.parcel import Parcel
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Purpose
from landseal.server.domain.records import Caller
from landseal.server.domain.times import Clock
from landseal.server.usecases.receipts import Issuer, good_receipt


class Land:
    """Answers land queries."""

    def __init__(self, store: Store, issuer: Issuer, *, clock: Clock) -> None:
        self._store, self._issuer, self._clock = store, issuer, clock

    def list_own(
        self, caller: Caller, receipt_id: str, transferor_account_id: str, after_code: str, limit: int
    ) -> Sequence[Parcel]:
        """Lists parcels of the named transferor in the order of their codes.

        1. The receipt is the caller's own and inside its window (RECEIPT_INVALID, RECEIPT_EXPIRED).
        2. The named identity is the one in the receipt (RECEIPT_IDENTITY_MISMATCH).
        3. What is read is the land of the receipt's person, whatever the request says.
        """
        with self._store.reads() as reads:
            receipt = good_receipt(reads, self._issuer, caller, receipt_id, Purpose.LAND_READ, self._clock())
            if receipt.account_id != transferor_account_id:
                raise Refused(Reason.RECEIPT_IDENTITY_MISMATCH)
            return reads.parcels_of_owner(owner_hash(reads, caller), after_code, limit)

    def get_own(self, caller: Caller, receipt_id: str, parcel_code: str) -> Parcel:
        """Returns one parcel.

        Raises:
            Refused: RECEIPT_INVALID, RECEIPT_EXPIRED, and NOT_YOURS whether or not the parcel exists.
        """
        with self._store.reads() as reads:
            good_receipt(reads, self._issuer, caller, receipt_id, Purpose.LAND_READ, self._clock())
            parcel = reads.parcel_of_owner(owner_hash(reads, caller), parcel_code)
        if parcel is None:
            raise Refused(Reason.NOT_YOURS)
        return parcel


def owner_hash(reads: Reads, caller: Caller) -> bytes:
    """Returns the keyed hash under which the caller's land is stored."""
    person = reads.person(caller.person_id)
    if person is None:
        raise LookupError("an account without a person")
    return person.id_hash
