"""Proves that nothing is doubled, lost or half there: every rule that spans rows, checked on one snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

from landseal.server.domain.contract import Contract, Party, PartySignature, Role
from landseal.server.domain.machinery import SignatureCheck
from landseal.server.domain.receipts import Binding, Purpose
from landseal.server.domain.signing import contract_bytes, platform_bytes
from landseal.server.domain.times import millis
from landseal.server.domain.transfer import MOVES, State
from landseal.server.storage.database import PostgresReads, PostgresStore

_PAGE = 500
_SIGNATURE_BYTES = 64
_DRAWN = frozenset((old, new) for (old, _), (new, _) in MOVES.items())

_PLAIN_RULES = {
    "CONCLUDED_WITHOUT_CONTRACT": """
        SELECT t.transfer_id FROM transfer t LEFT JOIN contract c USING (transfer_id)
        WHERE t.state = 5 AND (c.contract_id IS NULL OR c.contract_id <> t.contract_id)""",
    "CONTRACT_WITHOUT_CONCLUSION": """
        SELECT c.contract_id FROM contract c LEFT JOIN transfer t USING (transfer_id)
        WHERE t.state IS DISTINCT FROM 5 OR t.contract_id <> c.contract_id
            OR t.transferor_account_id <> c.transferor_account_id
            OR t.transferee_account_id <> c.transferee_account_id""",
    "HISTORY_ENDS_ELSEWHERE": """
        SELECT t.transfer_id FROM transfer t LEFT JOIN LATERAL (
            SELECT state FROM transfer_move m WHERE m.transfer_id = t.transfer_id
            ORDER BY move_number DESC LIMIT 1) m ON true
        WHERE m.state IS DISTINCT FROM t.state""",
    "CLAIM_WITHOUT_OFFER": """
        SELECT DISTINCT t.transfer_id FROM transfer t JOIN claim USING (transfer_id) WHERE t.state NOT IN (3, 4, 5)""",
    "OFFER_WITHOUT_CLAIM": """
        SELECT t.transfer_id FROM transfer t WHERE t.state IN (3, 4, 5)
            AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.transfer_id = t.transfer_id)""",
    "OFFER_WITHOUT_SIGNATURE": """
        SELECT t.transfer_id FROM transfer t LEFT JOIN draft d USING (transfer_id, version)
        WHERE t.state IN (3, 4, 5) AND d.offer_receipt_id IS NULL""",
    "SIGNED_WITH_AN_OPEN_RECEIPT": """
        SELECT r.receipt_id FROM receipt r WHERE NOT r.used AND (
            EXISTS (SELECT 1 FROM draft d WHERE d.offer_receipt_id = r.receipt_id)
            OR EXISTS (SELECT 1 FROM contract c WHERE c.transferee_receipt_id = r.receipt_id
                OR c.transferor_receipt_id = r.receipt_id))""",
    "RECEIPT_USED_TWICE": """
        SELECT receipt_id FROM (
            SELECT offer_receipt_id AS receipt_id, transfer_id FROM draft WHERE offer_receipt_id IS NOT NULL
            UNION SELECT transferor_receipt_id, transfer_id FROM contract
            UNION ALL SELECT transferee_receipt_id, transfer_id FROM contract) AS uses
        GROUP BY receipt_id HAVING count(*) > 1""",
    "CURSORS_WITH_GAPS": """
        SELECT i.account_id FROM inbox i LEFT JOIN event e USING (account_id) GROUP BY i.account_id, i.last_cursor
        HAVING count(e.cursor) <> i.last_cursor OR coalesce(max(e.cursor), 0) <> i.last_cursor""",
    "PERSON_AND_ACCOUNT_DISAGREE": """
        SELECT coalesce(p.person_id, a.person_id) FROM (SELECT * FROM person WHERE account_id IS NOT NULL) p
        FULL JOIN account a ON a.account_id = p.account_id WHERE p.person_id IS DISTINCT FROM a.person_id""",
    "DEVICE_WITHOUT_KEYS": """
        SELECT d.auth_key_id FROM device d LEFT JOIN device_key k USING (auth_key_id) GROUP BY d.auth_key_id
        HAVING count(*) FILTER (WHERE k.key_id IN (d.auth_key_id, d.sign_key_id)) <> 2""",
    "USED_UPLOAD_WITH_PIECES": """
        SELECT DISTINCT u.upload_id FROM upload u JOIN upload_piece USING (upload_id) WHERE u.used""",
}
"""Rules that one statement checks: it returns the ids of what breaks the rule."""

_MOVES = "SELECT transfer_id, move_number, state FROM transfer_move ORDER BY transfer_id, move_number"
_CONTRACTS = """
    SELECT contract_id, transferor_receipt_id, transferee_receipt_id FROM contract WHERE contract_id > %(after)s
    ORDER BY contract_id LIMIT %(limit)s"""


@dataclass(frozen=True)
class Finding:
    """One broken rule; the subject is an id, never content."""

    rule: str
    subject: str


class Inspection(PostgresReads):
    """Looks at one snapshot."""

    def findings(self, check: SignatureCheck | None) -> Iterator[Finding]:
        """Yields every broken rule."""
        for rule, sql in _PLAIN_RULES.items():
            for (subject,) in self._all(sql):
                yield Finding(rule, subject)
        yield from self._histories()
        yield from self._contracts(check)

    def _histories(self) -> Iterator[Finding]:
        for transfer_id, rows in groupby(self._all(_MOVES), key=lambda row: row[0]):
            moves = [(number, State(state)) for _, number, state in rows]
            states = [state for _, state in moves]
            numbered = [number for number, _ in moves] == list(range(1, len(moves) + 1))
            drawn = states[0] is State.AWAITING_VERIFICATION and all(pair in _DRAWN for pair in pairwise(states))
            if not (numbered and drawn):
                yield Finding("HISTORY_NOT_DRAWN", transfer_id)

    def _contracts(self, check: SignatureCheck | None) -> Iterator[Finding]:
        after = ""
        while page := self._all(_CONTRACTS, after=after, limit=_PAGE):
            for contract_id, *receipt_ids in page:
                rule = self._fault(contract_id, receipt_ids, check)
                if rule:
                    yield Finding(rule, contract_id)
            after = page[-1][0]

    def _fault(self, contract_id: str, receipt_ids: list[str], check: SignatureCheck | None) -> str:
        """Returns the rule that a contract breaks; empty when it is whole."""
        try:
            contract = self.contract(contract_id)
            document = self.contract_document(contract_id)
        except ValueError:
            return "CONTRACT_UNREADABLE"
        if contract is None or contract.contract_id != contract_id:
            return "CONTRACT_UNREADABLE"
        if hashlib.sha256(document).digest() != contract.body.document_sha256:
            return "CONTRACT_PAPER_CHANGED"
        signatures = (contract.transferor_signature, contract.transferee_signature)
        if [each.receipt.receipt_id for each in signatures] != receipt_ids:
            return "CONTRACT_RECEIPTS_DISAGREE"
        for role, party, signature in (
            (Role.TRANSFEROR, contract.body.transferor, signatures[0]),
            (Role.TRANSFEREE, contract.body.transferee, signatures[1]),
        ):
            if not self._signed(contract, role, party, signature, check):
                return f"{role.name}_SIGNATURE_WRONG"
        return "" if _sealed(contract, check) else "PLATFORM_SIGNATURE_WRONG"

    def _signed(
        self, contract: Contract, role: Role, party: Party, signature: PartySignature, check: SignatureCheck | None
    ) -> bool:
        body, receipt = contract.body, signature.receipt
        stored = self.receipt(receipt.receipt_id)
        if stored is None or stored.receipt != receipt or not stored.used:
            return False
        binding = Binding(body.transfer_id, body.version, body.digest())
        bound = (receipt.account_id, receipt.purpose, receipt.binding) == (party.account_id, Purpose.SIGN, binding)
        if signature.role is not role or not bound or len(signature.signature) != _SIGNATURE_BYTES:
            return False
        message = contract_bytes(
            body.server_key_id,
            party.account_id,
            party.sign_key.key_id,
            body.transfer_id,
            int(role),
            body.digest(),
            receipt.digest(),
        )
        return check is None or check(party.sign_key, message, signature.signature)


def _sealed(contract: Contract, check: SignatureCheck | None) -> bool:
    signatures = (contract.transferor_signature, contract.transferee_signature)
    message = platform_bytes(
        contract.server_key.key_id,
        contract.contract_id,
        contract.body.digest(),
        (signatures[0].signature, signatures[1].signature),
        (signatures[0].receipt.digest(), signatures[1].receipt.digest()),
        millis(contract.conclude_time),
    )
    if len(contract.platform_signature) != _SIGNATURE_BYTES:
        return False
    return check is None or check(contract.server_key, message, contract.platform_signature)


def fsck(store: PostgresStore, check: SignatureCheck | None = None, *, timeout_s: float = 600.0) -> list[Finding]:
    """Checks the whole store on one snapshot, while it is in use or not; an empty list means that all is well.

    Args:
        store: what to check.
        check: checks signatures; without it only their form and their receipts are looked at.
        timeout_s: for all of it.

    Raises:
        DatabaseAway: the check could not be finished, so nothing is known.
    """
    with store.snapshot(Inspection, timeout_s=timeout_s) as inspection:
        return list(inspection.findings(check))
