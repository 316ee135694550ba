"""Codes, transfers with their history, drafts and claims."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from landseal.server.domain.contract import ContractBody
from landseal.server.domain.records import Code, Draft
from landseal.server.domain.terms import ParcelPart
from landseal.server.domain.transfer import MoveRecord, State, Transfer
from landseal.server.storage.codec import from_json, to_json
from landseal.server.storage.models import ClaimRow, CodeRow, DraftRow, TransferRow
from landseal.server.storage.statements import insert, select
from landseal.server.storage.unit import Row, Unit

_TRANSFER = select(TransferRow, "WHERE transfer_id = %(transfer_id)s")
_TRANSFER_LOCKED = select(TransferRow, "WHERE transfer_id = %(transfer_id)s FOR UPDATE")
_HISTORY = "SELECT state, move_time FROM transfer_move WHERE transfer_id = %(transfer_id)s ORDER BY move_number"


def _side(column: str) -> str:
    return "({})".format(
        select(
            TransferRow,
            f"""WHERE {column} = %(account_id)s
            AND (create_time, transfer_id) < (coalesce(%(time)s, 'infinity'::timestamptz), %(transfer_id)s)
            ORDER BY create_time DESC, transfer_id DESC LIMIT %(limit)s""",
        )
    )


# Each side reads no more than the page from its own index; nobody is on both sides of one transfer.
_OF_ACCOUNT = f"""{_side("transferor_account_id")} UNION ALL {_side("transferee_account_id")}
    ORDER BY create_time DESC, transfer_id DESC LIMIT %(limit)s"""
_DRAFT = select(DraftRow, "WHERE transfer_id = %(transfer_id)s AND version = %(version)s")
_CLAIMS = """
    SELECT transfer_id, area_m2, start_date, end_date FROM claim WHERE parcel_code = %(parcel_code)s
    ORDER BY transfer_id"""

_ADD_CODE = insert(CodeRow)
_CODE_LOCKED = select(CodeRow, "WHERE code_hash = %(code_hash)s FOR UPDATE")
_USE_CODE = "UPDATE code SET used = true WHERE code_hash = %(code_hash)s AND NOT used"
_ADD_TRANSFER = insert(TransferRow)
_ADD_FIRST_MOVE = """
    INSERT INTO transfer_move (transfer_id, move_number, state, move_time)
    VALUES (%(transfer_id)s, 1, %(state)s, %(now)s)"""
_MOVE = """
    WITH moved AS (
        UPDATE transfer SET state = %(new)s, version = coalesce(%(version)s, version),
            contract_id = coalesce(%(contract_id)s, contract_id), expire_time = coalesce(%(expire_time)s, expire_time)
        WHERE transfer_id = %(transfer_id)s AND state = %(old)s RETURNING transfer_id)
    INSERT INTO transfer_move (transfer_id, move_number, state, move_time)
    SELECT transfer_id, (SELECT max(move_number) + 1 FROM transfer_move WHERE transfer_id = %(transfer_id)s),
        %(new)s, %(now)s
    FROM moved"""
_CHANGEABLE = frozenset(("version", "contract_id", "expire_time"))
_PUT_DRAFT = insert(
    DraftRow,
    "ON CONFLICT (transfer_id, version) DO UPDATE SET body_sealed = excluded.body_sealed, "
    "document_sealed = excluded.document_sealed WHERE draft.offer_receipt_id IS NULL",
)
_OFFER = """
    UPDATE draft SET offer_receipt_id = %(receipt_id)s, offer_signature = %(signature)s
    WHERE transfer_id = %(transfer_id)s AND version = %(version)s AND offer_receipt_id IS NULL"""
_ADD_CLAIM = insert(ClaimRow)
_DROP_CLAIMS = "DELETE FROM claim WHERE transfer_id = %(transfer_id)s"
_OVERDUE = select(
    TransferRow,
    "WHERE state IN (1, 2, 3) AND expire_time <= %(now)s ORDER BY expire_time LIMIT %(limit)s FOR UPDATE SKIP LOCKED",
)


class TransferReads(Unit):
    """Lookups."""

    def transfer(self, transfer_id: str) -> Transfer | None:
        """Returns the transfer of that id."""
        row = self._one(_TRANSFER, transfer_id=transfer_id)
        return _transfer(row) if row else None

    def transfer_history(self, transfer_id: str) -> list[MoveRecord]:
        """Returns a transfer's moves, the oldest first."""
        return [MoveRecord(State(state), time) for state, time in self._all(_HISTORY, transfer_id=transfer_id)]

    def transfers_of(self, account_id: str, before: tuple[dt.datetime, str] | None, limit: int) -> list[Transfer]:
        """Newest first; ``before`` is the (create_time, transfer_id) of the last one seen."""
        time, transfer_id = before or (None, "")
        rows = self._all(_OF_ACCOUNT, account_id=account_id, time=time, transfer_id=transfer_id, limit=limit)
        return [_transfer(row) for row in rows]

    def draft(self, transfer_id: str, version: int) -> Draft | None:
        """Returns one version of a transfer's contract."""
        row = self._one(_DRAFT, transfer_id=transfer_id, version=version)
        if row is None:
            return None
        *_, body_sealed, document_sealed, offer_receipt_id, offer_signature = row
        content = self._sealer.open(f"draft/{transfer_id}/{version}", body_sealed)
        return Draft(
            transfer_id=transfer_id,
            version=version,
            body=from_json(ContractBody, content[_DIGEST_BYTES:]),
            terms_digest=content[:_DIGEST_BYTES],
            document=self._sealer.open(f"draft-document/{transfer_id}/{version}", document_sealed),
            offer_receipt_id=offer_receipt_id or "",
            offer_signature=offer_signature,
        )

    def claims_on(self, parcel_code: str) -> list[tuple[str, int, dt.date, dt.date]]:
        """Returns (transfer id, area in square metres, first day, last day) of every standing claim on the parcel."""
        rows = self._all(_CLAIMS, parcel_code=parcel_code)
        return [(transfer_id, area_m2, start, end) for transfer_id, area_m2, start, end in rows]


_DIGEST_BYTES = 32
"""A sealed draft is the terms' digest, then the body as JSON."""


class TransferWrites(TransferReads):
    """Changes."""

    def add_code(self, code: Code) -> None:
        """Adds an unused code."""
        self._run(
            _ADD_CODE,
            code_hash=code.code_hash,
            account_id=code.account_id,
            auth_key_id=code.auth_key_id,
            session_id=code.session_id,
            expire_time=code.expire_time,
            used=code.used,
        )

    def code_for_update(self, code_hash: bytes) -> Code | None:
        """Returns and locks the code of this hash."""
        row = self._one(_CODE_LOCKED, code_hash=code_hash)
        return Code(*row) if row else None

    def use_code(self, code_hash: bytes) -> bool:
        """Compare-and-set; False when it was used."""
        return self._run(_USE_CODE, code_hash=code_hash) == 1

    def add_transfer(self, transfer: Transfer, now: dt.datetime) -> None:
        """Adds it and the first line of its history."""
        self._run(
            _ADD_TRANSFER,
            transfer_id=transfer.transfer_id,
            state=int(transfer.state),
            transferor_account_id=transfer.transferor_account_id,
            transferee_account_id=transfer.transferee_account_id,
            transferor_auth_key_id=transfer.transferor_auth_key_id,
            transferee_auth_key_id=transfer.transferee_auth_key_id,
            version=transfer.version,
            contract_id=transfer.contract_id or None,
            comparison_number=transfer.comparison_number,
            create_time=transfer.create_time,
            expire_time=transfer.expire_time,
        )
        self._run(_ADD_FIRST_MOVE, transfer_id=transfer.transfer_id, state=int(transfer.state), now=now)

    def transfer_for_update(self, transfer_id: str) -> Transfer | None:
        """Returns and locks the transfer."""
        row = self._one(_TRANSFER_LOCKED, transfer_id=transfer_id)
        return _transfer(row) if row else None

    def move_transfer(
        self, transfer_id: str, old: State, new: State, now: dt.datetime, **changes: str | int | dt.datetime
    ) -> bool:
        """Compare-and-set of the state, with changed columns, and a line of history.

        Raises:
            TypeError: a column other than version, contract_id and expire_time is to be changed.
        """
        if not changes.keys() <= _CHANGEABLE:
            raise TypeError("only version, contract_id and expire_time change with a move")
        values = {name: changes.get(name) for name in _CHANGEABLE}
        return self._run(_MOVE, transfer_id=transfer_id, old=int(old), new=int(new), now=now, **values) == 1

    def put_draft(self, draft: Draft) -> None:
        """Adds a version, or replaces it as long as it has not been offered.

        Raises:
            ValueError: this version was offered.
        """
        place = f"{draft.transfer_id}/{draft.version}"
        put = self._run(
            _PUT_DRAFT,
            transfer_id=draft.transfer_id,
            version=draft.version,
            body_sealed=self._sealer.seal(f"draft/{place}", draft.terms_digest + to_json(draft.body)),
            document_sealed=self._sealer.seal(f"draft-document/{place}", draft.document),
            offer_receipt_id=draft.offer_receipt_id or None,
            offer_signature=draft.offer_signature,
        )
        if not put:
            raise ValueError("an offered version does not change")

    def offer_draft(self, transfer_id: str, version: int, receipt_id: str, signature: bytes) -> None:
        """Keeps the transferor's signature and receipt with the offered version.

        Raises:
            ValueError: there is no such version, or it was offered.
        """
        offered = self._run(
            _OFFER, transfer_id=transfer_id, version=version, receipt_id=receipt_id, signature=signature
        )
        if not offered:
            raise ValueError("a version is offered once")

    def add_claims(self, transfer_id: str, parts: Sequence[ParcelPart], start: dt.date, end: dt.date) -> None:
        """Claims land for a transfer from its first to its last day; the parcels must be locked and found free."""
        for part in parts:
            self._run(
                _ADD_CLAIM,
                transfer_id=transfer_id,
                parcel_code=part.parcel_code,
                area_m2=part.area_m2,
                start_date=start,
                end_date=end,
            )

    def drop_claims(self, transfer_id: str) -> None:
        """Gives up all claims of a transfer."""
        self._run(_DROP_CLAIMS, transfer_id=transfer_id)

    def expired_transfers(self, now: dt.datetime, limit: int) -> list[Transfer]:
        """Locks and returns transfers that wait and whose time has run out; rows that others hold are left out."""
        return [_transfer(row) for row in self._all(_OVERDUE, now=now, limit=limit)]


def _transfer(row: Row) -> Transfer:
    transfer_id, state, from_account, to_account, from_key, to_key, version, contract_id, number, created, expires = row
    return Transfer(
        transfer_id=transfer_id,
        state=State(state),
        transferor_account_id=from_account,
        transferee_account_id=to_account,
        transferor_auth_key_id=from_key,
        transferee_auth_key_id=to_key,
        version=version,
        contract_id=contract_id or "",
        comparison_number=number,
        create_time=created,
        expire_time=expires,
    )
