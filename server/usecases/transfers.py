"""Reading transfers."""

from __future__ import annotations

import datetime as dt

from landseal.server.domain.doors import Sealer, Store
from landseal.server.domain.records import Caller
from landseal.server.usecases.moves import own_transfer
from landseal.server.usecases.views import TransferView, view_of


class Transfers:
    """Shows parties their transfers."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store, self._sealer = store, sealer

    def get(self, caller: Caller, transfer_id: str) -> TransferView:
        """Returns one transfer.

        Raises:
            Refused: NOT_YOURS whether or not it exists.
        """
        with self._store.reads() as reads:
            return view_of(reads, self._sealer, own_transfer(reads.transfer(transfer_id), caller), caller)

    def list(self, caller: Caller, before: tuple[dt.datetime, str] | None, limit: int) -> list[TransferView]:
        """Lists the caller's transfers, the newest first, without their bodies."""
        with self._store.reads() as reads:
            transfers = reads.transfers_of(caller.account_id, before, limit)
            return [view_of(reads, self._sealer, each, caller, with_draft=False) for each in transfers]
