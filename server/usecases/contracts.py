"""Concluded contracts, for their parties alone."""

from __future__ import annotations

import builtins
import datetime as dt
from dataclasses import dataclass

from landseal.server.domain.contract import Contract
from landseal.server.domain.doors import Reads, Sealer, Store
from landseal.server.domain.errors import Refused
from landseal.server.domain.masking import Masked
from landseal.server.domain.reasons import Reason
from landseal.server.domain.records import Caller, ContractLine
from landseal.server.usecases.people import masked


@dataclass(frozen=True)
class ContractEntry:
    """A line of the list with the other side, masked."""

    line: ContractLine
    other: Masked


class Contracts:
    """Hands contracts out."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store, self._sealer = store, sealer

    def get(self, caller: Caller, contract_id: str) -> Contract:
        """Returns a contract of the caller.

        Raises:
            Refused: NOT_YOURS whether or not it exists.
        """
        with self._store.reads() as reads:
            return _own(reads, caller, contract_id)

    def document(self, caller: Caller, contract_id: str) -> tuple[bytes, str]:
        """Returns the PDF that both parties signed, and a file name for it.

        Raises:
            Refused: NOT_YOURS whether or not it exists.
        """
        with self._store.reads() as reads:
            contract = _own(reads, caller, contract_id)
            return reads.contract_document(contract_id), f"{contract.body.contract_number}.pdf"

    def list(self, caller: Caller, before: tuple[dt.datetime, str] | None, limit: int) -> builtins.list[ContractEntry]:
        """Lists the caller's contracts, the newest first."""
        with self._store.reads() as reads:
            lines = reads.contracts_of(caller.account_id, before, limit)
            return [ContractEntry(line, self._other(reads, line)) for line in lines]

    def _other(self, reads: Reads, line: ContractLine) -> Masked:
        person = reads.person(line.other_person_id)
        if person is None:
            raise LookupError("a contract without its party")
        return masked(self._sealer, person)


def _own(reads: Reads, caller: Caller, contract_id: str) -> Contract:
    contract = reads.contract(contract_id)
    parties = (contract.body.transferor.account_id, contract.body.transferee.account_id) if contract else ()
    if contract is None or caller.account_id not in parties:
        raise Refused(Reason.NOT_YOURS)
    return contract
