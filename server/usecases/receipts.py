"""How a receipt is found good for a use; shared by everything that asks for one."""

from __future__ import annotations

import datetime as dt

from landseal.server.domain.doors import Reads, Writes
from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose, Receipt
from landseal.server.domain.records import Caller


def good_receipt(
    reads: Reads, caller: Caller, receipt_id: str, purpose: Purpose, now: dt.datetime, binding: Binding | None = None
) -> Receipt:
    """Returns the receipt if the caller may use it now.

    1. It exists, is the caller's, made in this session on this device, for this purpose and binding; a stolen or
       relayed receipt id
       is worth nothing (RECEIPT_INVALID; the cases are not told apart).
    2. It has not been ended by a logout or used up (RECEIPT_INVALID, RECEIPT_USED).
    3. Its window is open (RECEIPT_EXPIRED).

    Raises:
        Refused: as above.
    """
    stored = reads.receipt(receipt_id)
    if stored is None or stored.ended or not _belongs(stored.receipt, caller, purpose, binding):
        raise Refused(Reason.RECEIPT_INVALID)
    if stored.used:
        raise Refused(Reason.RECEIPT_USED)
    if not stored.receipt.issue_time <= now < stored.receipt.expire_time:
        raise Refused(Reason.RECEIPT_EXPIRED)
    return stored.receipt


def use_up(writes: Writes, receipt: Receipt) -> None:
    """Uses a receipt up; of two racing uses one wins.

    Raises:
        Refused: RECEIPT_USED.
    """
    if not writes.use_receipt(receipt.receipt_id):
        raise Refused(Reason.RECEIPT_USED)


def _belongs(receipt: Receipt, caller: Caller, purpose: Purpose, binding: Binding | None) -> bool:
    return (
        receipt.account_id == caller.account_id
        and receipt.session_id == caller.session.session_id
        and receipt.auth_key_id == caller.session.auth_key_id
        and receipt.purpose == purpose
        and (binding is None or receipt.binding == binding)
    )
