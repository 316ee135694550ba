"""How a transfer moves, for every use case that moves one: compare-and-set, history, events."""

from __future__ import annotations

import datetime as dt

from landseal.server.domain.contract import Role
from landseal.server.domain.doors import Reads, Writes
from landseal.server.domain.errors import FieldFault, Refused
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose, Receipt
from landseal.server.domain.records import Caller, EventKind
from landseal.server.domain.transfer import Move, State, Transfer, after


def own_transfer(transfer: Transfer | None, caller: Caller) -> Transfer:
    """Returns the transfer if the caller is a party.

    Raises:
        Refused: NOT_YOURS, whether or not it exists.
    """
    if transfer is None or transfer.role_of(caller.account_id) is Role.UNSPECIFIED:
        raise Refused(Reason.NOT_YOURS)
    return transfer


def move(
    writes: Writes, transfer: Transfer, step: Move, role: Role, now: dt.datetime, **changes: str | int | dt.datetime
) -> State:
    """Moves a locked transfer and tells both parties; returns the new state.

    Raises:
        Refused: STATE_FORBIDS.
    """
    if now >= transfer.expire_time and step is not Move.EXPIRE:
        raise Refused(Reason.STATE_FORBIDS, metadata={"state": State.EXPIRED.name})
    new = after(transfer.state, step, role)
    if not writes.move_transfer(transfer.transfer_id, transfer.state, new, now, **changes):
        raise Refused(Reason.STATE_FORBIDS, metadata={"state": transfer.state.name})
    tell(writes, transfer, new, now, version=transfer.version, **_contract(changes))
    return new


def _contract(changes: dict[str, str | int | dt.datetime]) -> dict[str, str]:
    return {"contract_id": str(changes["contract_id"])} if "contract_id" in changes else {}


def tell(
    writes: Writes, transfer: Transfer, state: State, now: dt.datetime, *, version: int, contract_id: str = ""
) -> None:
    """Adds an event to the inboxes of both parties."""
    details = {
        "transfer_id": transfer.transfer_id,
        "state": state.name,
        "version": str(version),
        "contract_id": contract_id,
    }
    # In the order of their ids, so that two transfers between the same two people never lock each other out.
    for account_id in sorted((transfer.transferor_account_id, transfer.transferee_account_id)):
        writes.add_event(account_id, EventKind.TRANSFER_MOVED, details, now)


def demand_purpose(reads: Reads, caller: Caller, purpose: Purpose, binding: Binding) -> None:
    """Demands that there is something for which a face may be asked.

    Raises:
        Refused: NOTICE_REQUIRED, NOT_YOURS, STATE_FORBIDS, VERSION_STALE, REQUEST_INVALID.
    """
    if purpose is Purpose.CODE:
        if binding != Binding():
            raise Refused(Reason.REQUEST_INVALID, faults=(FieldFault("binding", "must be empty for CODE"),))
        return
    if not binding.transfer_id:
        raise Refused(Reason.NOTICE_REQUIRED)
    transfer = own_transfer(reads.transfer(binding.transfer_id), caller)
    role = transfer.role_of(caller.account_id)
    if purpose is Purpose.LAND_READ:
        if binding != Binding(binding.transfer_id):
            raise Refused(Reason.REQUEST_INVALID, faults=(FieldFault("binding", "must name the transfer alone"),))
        after(transfer.state, Move.VERIFY, role)
        return
    after(transfer.state, Move.PROPOSE if role is Role.TRANSFEROR else Move.CONFIRM, role)
    draft = reads.draft(transfer.transfer_id, transfer.version)
    if draft is None or (binding.contract_version, binding.terms_digest) != (draft.version, draft.terms_digest):
        raise Refused(Reason.VERSION_STALE, metadata={"version": str(transfer.version)})


def after_receipt(writes: Writes, caller: Caller, receipt: Receipt, now: dt.datetime) -> None:
    """Moves the transfer on when its transferor has been verified."""
    if receipt.purpose is not Purpose.LAND_READ:
        return
    transfer = own_transfer(writes.transfer_for_update(receipt.binding.transfer_id), caller)
    move(writes, transfer, Move.VERIFY, transfer.role_of(caller.account_id), now)
