"""The transferee's code: made from a verified identity, shown or relayed, resolved once into a transfer."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import uuid
from dataclasses import dataclass

from landseal.server.domain.budget import Budget
from landseal.server.domain.contract import Role
from landseal.server.domain.doors import Reads, Sealer, Store, Writes
from landseal.server.domain.errors import FieldFault, Refused
from landseal.server.domain.masking import Masked
from landseal.server.domain.once import Once
from landseal.server.domain.qrcodes import TRANSFEREE_PREFIX, transferee_payload
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose
from landseal.server.domain.records import Caller, Code, EndReason, EventKind
from landseal.server.domain.signing import notice_digest
from landseal.server.domain.times import Clock
from landseal.server.domain.transfer import CODE_LIFETIME, TRANSFER_LIFETIME, State, Transfer
from landseal.server.usecases import moves
from landseal.server.usecases.people import masked, person_of_account
from landseal.server.usecases.receipts import Issuer, good_receipt, use_up
from landseal.server.usecases.throttle import Throttle
from landseal.server.usecases.views import TransferView, view_of

_CODE_BYTES = 20
"""160 random bits, 32 characters of base32: nobody guesses one within ten minutes."""


@dataclass(frozen=True)
class MadeCode:
    """A new code."""

    payload: str
    expire_time: dt.datetime


@dataclass(frozen=True)
class Resolved:
    """Both identities, for the transferor to confirm."""

    transferor: Masked
    transferee: Masked
    notice_digest: bytes


class Codes:
    """Makes, relays and resolves codes, and turns one into a transfer."""

    def __init__(self, store: Store, sealer: Sealer, issuer: Issuer, *, throttle: Throttle, clock: Clock) -> None:
        self._store, self._sealer, self._issuer = store, sealer, issuer
        self._throttle, self._clock = throttle, clock

    def create_code(self, caller: Caller, receipt_id: str, once: Once[MadeCode], budget: Budget) -> MadeCode:
        """Makes a code; uses a CODE receipt up, so that one face makes one code."""
        now = self._clock()
        made = MadeCode(
            transferee_payload(base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode()), now + CODE_LIFETIME
        )
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            use_up(writes, good_receipt(writes, self._issuer, caller, receipt_id, Purpose.CODE, now, Binding()))
            session = caller.session
            writes.add_code(
                Code(
                    code_hash=self._hash(made.payload),
                    account_id=caller.account_id,
                    auth_key_id=session.auth_key_id,
                    session_id=session.session_id,
                    expire_time=made.expire_time,
                    used=False,
                )
            )
            writes.keep_answer(once, once.encode(made), now)
        return made

    def send_code(self, caller: Caller, payload: str, address: str, once: Once[None], budget: Budget) -> None:
        """Relays the caller's own code into the inbox at an address; the answer is the same for unknown addresses."""
        now = self._clock()
        throttle_key = f"relay/{caller.account_id}"
        self._throttle.demand(throttle_key)
        self._throttle.failed(throttle_key)
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            code = self._good_code(writes, payload, now)
            if code.account_id != caller.account_id:
                raise Refused(Reason.CODE_INVALID)
            recipient = writes.account_by_login_name(address)
            if recipient is not None and recipient.account_id != caller.account_id:
                sealed = self._sealer.seal(relay_context(recipient.account_id), payload.encode())
                sender = masked(self._sealer, person_of_account(writes, caller.account_id))
                details = {"payload_sealed": base64.b64encode(sealed).decode(), "masked_name": sender.name}
                writes.add_event(recipient.account_id, EventKind.CODE_RELAYED, details, now)
            writes.keep_answer(once, once.encode(None), now)

    def resolve_code(self, caller: Caller, payload: str, once: Once[Resolved], budget: Budget) -> Resolved:
        """Shows both masked identities; the code's owner hears by masked name who resolved it."""
        now = self._clock()
        throttle_key = f"resolve/{caller.account_id}"
        self._throttle.demand(throttle_key)
        self._throttle.failed(throttle_key)
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            code = self._good_code(writes, payload, now)
            resolved = self._resolved(writes, caller, code, payload)
            # Once per resolver: a stranger who saw the code cannot fill its owner's inbox.
            first = (
                writes.count_failure(f"resolved/{code.code_hash.hex()}/{caller.account_id}", now, CODE_LIFETIME) == 1
            )
            if first:
                details = {"masked_name": resolved.transferor.name}
                writes.add_event(code.account_id, EventKind.CODE_RESOLVED, details, now)
            writes.keep_answer(once, once.encode(resolved), now)
        return resolved

    def create(
        self, caller: Caller, payload: str, role: Role, notice: bytes, once: Once[TransferView], budget: Budget
    ) -> TransferView:
        """Takes the confirmation notice: from now on the transferor's face may be asked for.

        1. The code is locked and used up: of two racing notices one wins.
        2. The person confirmed exactly the two identities of the code and the account.
        3. Both sides are different people with different devices.
        """
        if role is not Role.TRANSFEROR:
            faults = (FieldFault("role", "must be TRANSFEROR: the transferee is named by the code"),)
            raise Refused(Reason.REQUEST_INVALID, faults=faults)
        now = self._clock()
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            code = self._good_code(writes, payload, now)
            if self._resolved(writes, caller, code, payload).notice_digest != notice:
                raise Refused(Reason.IDENTITIES_NOT_CONFIRMED)
            if not writes.use_code(code.code_hash):
                raise Refused(Reason.CODE_INVALID)
            transfer = Transfer(
                transfer_id=str(uuid.uuid4()),
                state=State.AWAITING_VERIFICATION,
                transferor_account_id=caller.account_id,
                transferee_account_id=code.account_id,
                transferor_auth_key_id=caller.session.auth_key_id,
                transferee_auth_key_id=code.auth_key_id,
                version=0,
                contract_id="",
                comparison_number=f"{secrets.randbelow(10_000):04d}",
                create_time=now,
                expire_time=now + TRANSFER_LIFETIME,
            )
            writes.add_transfer(transfer, now)
            moves.tell(writes, transfer, transfer.state, now, version=0)
            view = view_of(writes, self._sealer, transfer, caller)
            writes.keep_answer(once, once.encode(view), now)
        return view

    def _hash(self, payload: str) -> bytes:
        return self._sealer.lookup_hash("code", payload)

    def _good_code(self, writes: Writes, payload: str, now: dt.datetime) -> Code:
        """Finds a code that can be used: known, unused, and of a session that lives: it ends with its owner's login."""
        code = writes.code_for_update(self._hash(payload))
        session = writes.session_by_id(code.session_id) if code else None
        if code is None or code.used or session is None or session.end_reason is not EndReason.NONE:
            raise Refused(Reason.CODE_INVALID)
        if now >= code.expire_time:
            raise Refused(Reason.CODE_EXPIRED)
        return code

    def _resolved(self, reads: Reads, caller: Caller, code: Code, payload: str) -> Resolved:
        own, other = person_of_account(reads, caller.account_id), person_of_account(reads, code.account_id)
        if own.person_id == other.person_id:
            raise Refused(Reason.SAME_PERSON)
        if code.auth_key_id == caller.session.auth_key_id:
            raise Refused(Reason.SAME_DEVICE)
        transferor, transferee = masked(self._sealer, own), masked(self._sealer, other)
        digest = notice_digest(
            payload.removeprefix(TRANSFEREE_PREFIX),
            (transferor.name, transferor.id_number),
            (transferee.name, transferee.id_number),
        )
        return Resolved(transferor, transferee, digest)


def relay_context(account_id: str) -> str:
    """Returns the context under which a relayed code is sealed in an inbox."""
    return f"relayed-code/{account_id}"
