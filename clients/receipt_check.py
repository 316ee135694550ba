"""Whether an identity receipt is what it claims to be, with trust from this side only: the pinned platform key."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from landseal.clients.errors import LandsealError
from landseal.clients.keys import is_signed
from landseal.clients.localreasons import LocalReason
from landseal.server.domain.keys import PublicKey
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import WINDOWS, Binding, CaptureSource, Purpose, Receipt

CLOCK_SKEW = dt.timedelta(minutes=2)
"""By how much this side's clock may differ from the server's; the same as for call signatures."""


@dataclass(frozen=True)
class ExpectedReceipt:
    """What this device asked for. An empty ``identity_digest`` means that the identity is not known on this side."""

    account_id: str
    session_id: str
    auth_key_id: str
    purpose: Purpose
    binding: Binding
    source: CaptureSource
    identity_digest: bytes = b""


LIVENESS = "silent+active"
"""What must have decided liveness for a receipt without a mark; the policy ``production`` allows nothing less."""


def unmarked_fault(receipt: Receipt) -> str:
    """Names the first field by which a receipt without a mark is less than the policy ``production`` asks.

    Empty when there is none, and for marked receipts, which prove nothing.
    """
    if receipt.mark:
        return ""
    held = {
        "source": receipt.source is CaptureSource.CAMERA,
        "liveness": receipt.liveness == LIVENESS,
        "policy_id": bool(receipt.policy_id),
        "calibration_id": bool(receipt.calibration_id),
    }
    return next((name for name, good in held.items() if not good), "")


def is_issued_by(receipt: Receipt, server_key: PublicKey) -> bool:
    """Tells whether the platform's key signed the receipt for itself, with a window that its purpose allows."""
    window = receipt.expire_time - receipt.issue_time
    return (
        receipt.purpose in WINDOWS
        and dt.timedelta(0) < window <= WINDOWS[receipt.purpose]
        and receipt.server_key_id == server_key.key_id
        and is_signed(server_key, receipt.signed_bytes(), receipt.signature)
    )


def check_receipt(
    receipt: Receipt, expected: ExpectedReceipt, server_key: PublicKey, allow_mark: str, now: dt.datetime
) -> None:
    """Accepts a fresh receipt of this device's own.

    Raises:
        LandsealError: RECEIPT_SIGNATURE_INVALID, DEMO_MARK_REFUSED, RECEIPT_EXPIRED, or RECEIPT_NOT_AS_ASKED naming the
            field that differs.
    """
    if not is_issued_by(receipt, server_key):
        raise LandsealError(Reason.RECEIPT_SIGNATURE_INVALID)
    for name in ("account_id", "session_id", "auth_key_id", "purpose", "binding", "source"):
        if getattr(receipt, name) != getattr(expected, name):
            raise LandsealError(LocalReason.RECEIPT_NOT_AS_ASKED, detail=f"{name} differs")
    if expected.identity_digest and receipt.identity_digest != expected.identity_digest:
        raise LandsealError(LocalReason.RECEIPT_NOT_AS_ASKED, detail="identity_digest differs")
    if receipt.mark and receipt.mark != allow_mark:
        raise LandsealError(Reason.DEMO_MARK_REFUSED, metadata={"mark": receipt.mark})
    if fault := unmarked_fault(receipt):
        raise LandsealError(LocalReason.RECEIPT_NOT_AS_ASKED, detail=f"{fault} is not that of a receipt without mark")
    if not receipt.issue_time - CLOCK_SKEW <= now < receipt.expire_time + CLOCK_SKEW:
        raise LandsealError(Reason.RECEIPT_EXPIRED)
