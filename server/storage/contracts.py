"""Concluded contracts."""

from __future__ import annotations

import datetime as dt

from landseal.server.domain.contract import Contract, Role
from landseal.server.domain.records import ContractLine
from landseal.server.storage.codec import from_json, to_json
from landseal.server.storage.models import ContractRow
from landseal.server.storage.statements import insert
from landseal.server.storage.unit import Unit

_CONTRACT = "SELECT body_sealed FROM contract WHERE contract_id = %(contract_id)s"
_DOCUMENT = "SELECT document_sealed FROM contract WHERE contract_id = %(contract_id)s"


def _side(own: str, role: Role, other: str) -> str:
    return f"""(
        SELECT c.contract_id, c.contract_number, {int(role)} AS role, a.person_id, c.conclude_time
        FROM contract c JOIN account a ON a.account_id = c.{other}
        WHERE c.{own} = %(account_id)s
            AND (c.conclude_time, c.contract_id) < (coalesce(%(time)s, 'infinity'::timestamptz), %(contract_id)s)
        ORDER BY c.conclude_time DESC, c.contract_id DESC LIMIT %(limit)s)"""  # noqa: S608 - constants only


_FROM, _TO = "transferor_account_id", "transferee_account_id"
_OF_ACCOUNT = f"""{_side(_FROM, Role.TRANSFEROR, _TO)} UNION ALL {_side(_TO, Role.TRANSFEREE, _FROM)}
    ORDER BY conclude_time DESC, contract_id DESC LIMIT %(limit)s"""

_ADD = insert(ContractRow)


class ContractReads(Unit):
    """Lookups."""

    def contract(self, contract_id: str) -> Contract | None:
        """Returns the contract of that id."""
        row = self._one(_CONTRACT, contract_id=contract_id)
        return from_json(Contract, self._sealer.open(f"contract/{contract_id}", row[0])) if row else None

    def contract_document(self, contract_id: str) -> bytes:
        """Returns a contract's PDF; empty when there is no such contract."""
        row = self._one(_DOCUMENT, contract_id=contract_id)
        return self._sealer.open(f"contract-document/{contract_id}", row[0]) if row else b""

    def contracts_of(self, account_id: str, before: tuple[dt.datetime, str] | None, limit: int) -> list[ContractLine]:
        """Returns an account's contracts, the newest first; ``before`` is the last one's (conclude_time, id)."""
        time, contract_id = before or (None, "")
        rows = self._all(_OF_ACCOUNT, account_id=account_id, time=time, contract_id=contract_id, limit=limit)
        return [ContractLine(row[0], row[1], Role(row[2]), row[3], row[4]) for row in rows]


class ContractWrites(ContractReads):
    """Changes."""

    def add_contract(self, contract: Contract, document: bytes) -> None:
        """Adds a concluded contract with its PDF.

        Raises:
            ValueError: the transfer has one, or a receipt was used for another.
        """
        body = contract.body
        self._run(
            _ADD,
            contract_id=contract.contract_id,
            transfer_id=body.transfer_id,
            contract_number=body.contract_number,
            transferor_account_id=body.transferor.account_id,
            transferee_account_id=body.transferee.account_id,
            transferor_receipt_id=contract.transferor_signature.receipt.receipt_id,
            transferee_receipt_id=contract.transferee_signature.receipt.receipt_id,
            conclude_time=contract.conclude_time,
            body_sealed=self._sealer.seal(f"contract/{contract.contract_id}", to_json(contract)),
            document_sealed=self._sealer.seal(f"contract-document/{contract.contract_id}", document),
        )
