"""Identity receipts: how one is issued, and how one is found good for a use."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from dataclasses import dataclass

from landseal.server.domain.doors import Reads, Sealer, Writes
from landseal.server.domain.errors import Refused
from landseal.server.domain.machinery import Signer
from landseal.server.domain.policy import Policy
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import WINDOWS, Binding, CaptureSource, Purpose, Receipt
from landseal.server.domain.records import Caller, Verification
from landseal.server.domain.signing import identity_digest
from landseal.server.domain.times import Clock
from landseal.server.usecases.people import id_number


@dataclass(frozen=True)
class Issuer:
    """Whose receipts and contracts hold here: this platform's key, under this policy's mark."""

    server_key_id: str
    mark: str


def good_receipt(
    reads: Reads,
    issuer: Issuer,
    caller: Caller,
    receipt_id: str,
    purpose: Purpose,
    now: dt.datetime,
    binding: Binding | None = None,
) -> Receipt:
    """Returns the receipt if the caller may use it now.

    1. It was issued by this platform under the policy in force: what a demo made in the same database is worth nothing
       under another policy (RECEIPT_INVALID).

    2. It exists, is the caller's, made in this session on this device, for this purpose and binding; a stolen or
       relayed receipt id
       is worth nothing (RECEIPT_INVALID; the cases are not told apart).
    3. It has not been ended by a logout or used up (RECEIPT_INVALID, RECEIPT_USED).
    4. Its window is open (RECEIPT_EXPIRED).

    Raises:
        Refused: as above.
    """
    stored = reads.receipt(receipt_id)
    if stored is None or stored.ended or not issued_here(stored.receipt, issuer):
        raise Refused(Reason.RECEIPT_INVALID)
    if not _belongs(stored.receipt, caller, purpose, binding):
        raise Refused(Reason.RECEIPT_INVALID)
    if stored.used:
        raise Refused(Reason.RECEIPT_USED)
    if not stored.receipt.issue_time <= now < stored.receipt.expire_time:
        raise Refused(Reason.RECEIPT_EXPIRED)
    return stored.receipt


def issued_here(receipt: Receipt, issuer: Issuer) -> bool:
    """Tells whether this platform issued the receipt under the policy in force."""
    return (receipt.server_key_id, receipt.mark) == (issuer.server_key_id, issuer.mark)


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


@dataclass(frozen=True)
class ReceiptDesk:
    """Issues receipts in the platform's name."""

    signer: Signer
    sealer: Sealer
    policy: Policy
    calibration_id: str
    clock: Clock

    @property
    def server_key_id(self) -> str:
        """Id of the platform's key."""
        return self.signer.public.key_id

    def issue(
        self, writes: Writes, caller: Caller, verification: Verification, source: CaptureSource, *, silent: bool
    ) -> Receipt:
        """Signs and stores the receipt of a verification that passed; it leaves only if the transaction commits."""
        person = writes.person(caller.person_id)
        if person is None:
            raise LookupError("an account without a person")
        now = self.clock()
        receipt = Receipt(
            receipt_id=str(uuid.uuid4()),
            account_id=caller.account_id,
            session_id=caller.session.session_id,
            auth_key_id=caller.session.auth_key_id,
            purpose=verification.purpose,
            binding=verification.binding,
            identity_digest=identity_digest(person.legal_name, id_number(self.sealer, person)),
            issue_time=now,
            expire_time=now + WINDOWS[verification.purpose],
            calibration_id=self.calibration_id,
            policy_id=self.policy.policy_id,
            liveness="silent+active" if silent else "active",
            mark=self.policy.mark,
            source=source,
            server_key_id=self.server_key_id,
        )
        signed = dataclasses.replace(receipt, signature=self.signer.sign(receipt.signed_bytes()))
        writes.add_receipt(signed)
        return signed
