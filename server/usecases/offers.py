"""Signing: the transferor offers, the transferee confirms, the platform signs last."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from dataclasses import dataclass, field

from landseal.server.domain.budget import Budget
from landseal.server.domain.contract import Contract, ContractBody, PartySignature, Role
from landseal.server.domain.doors import Sealer, Store, Writes
from landseal.server.domain.errors import Refused
from landseal.server.domain.machinery import SignatureCheck, Signer
from landseal.server.domain.once import Once
from landseal.server.domain.parcel import Parcel
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose, Receipt
from landseal.server.domain.records import Caller, Draft
from landseal.server.domain.signing import contract_bytes, platform_bytes
from landseal.server.domain.times import Clock, millis
from landseal.server.domain.transfer import Move, Transfer, after
from landseal.server.usecases.drafts import claimed_parts, demand_free
from landseal.server.usecases.moves import move, own_transfer
from landseal.server.usecases.people import person_of_account
from landseal.server.usecases.receipts import Issuer, good_receipt, issued_here, use_up
from landseal.server.usecases.views import TransferView, view_of


@dataclass(frozen=True)
class SignCommand:
    """A party signs a version."""

    transfer_id: str
    version: int
    terms_digest: bytes
    receipt_id: str
    signature: bytes = field(repr=False)


@dataclass(frozen=True)
class Confirmed:
    """The concluded transfer and its contract."""

    view: TransferView
    contract: Contract


class Offers:
    """Takes the parties' signatures."""

    def __init__(
        self, store: Store, sealer: Sealer, signer: Signer, check: SignatureCheck, issuer: Issuer, *, clock: Clock
    ) -> None:
        self._store, self._sealer, self._signer, self._check = store, sealer, signer, check
        self._issuer, self._clock = issuer, clock

    def propose(self, caller: Caller, cmd: SignCommand, once: Once[TransferView], budget: Budget) -> TransferView:
        """Takes the transferor's signature and lets the offer stand.

        1. It is the version that the person saw (VERSION_STALE), signed by the very key that the contract names.
        2. The SIGN receipt is fresh, bound to this version, and used up.
        3. The parcels are locked and free: of two offers racing for one parcel one wins.
        """
        now = self._clock()
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            transfer, draft, receipt = self._signed(writes, caller, cmd, Move.PROPOSE, now)
            use_up(writes, receipt)
            self._claim(writes, transfer, draft.body)
            writes.offer_draft(transfer.transfer_id, draft.version, receipt.receipt_id, cmd.signature)
            state = move(writes, transfer, Move.PROPOSE, Role.TRANSFEROR, now, expire_time=draft.body.offer_expire_time)
            offered = dataclasses.replace(transfer, state=state, expire_time=draft.body.offer_expire_time)
            view = view_of(writes, self._sealer, offered, caller)
            writes.keep_answer(once, once.encode(view), now)
        return view

    def confirm(self, caller: Caller, cmd: SignCommand, once: Once[Confirmed], budget: Budget) -> Confirmed:
        """Takes the transferee's signature; the platform signs last and the contract exists, in one transaction.

        1. to 2. as in :meth:`propose`.
        3. The transferor's stored signature is checked again: a changed row of the database concludes nothing.
        4. The parcels are locked and still the transferor's, with the very record that both saw: an offer does not
           outrun the register.
        5. The platform's signature covers both parties' signatures and receipts: alone it can make no contract.
        """
        now = self._clock()
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            transfer, draft, receipt = self._signed(writes, caller, cmd, Move.CONFIRM, now)
            use_up(writes, receipt)
            self._demand_land(writes, transfer, draft.body)
            offer = self._offer(writes, transfer, draft)
            contract = self._contract(draft.body, offer, PartySignature(Role.TRANSFEREE, receipt, cmd.signature), now)
            confirmed = dataclasses.replace(transfer, state=move(writes, transfer, Move.CONFIRM, Role.TRANSFEREE, now))
            writes.add_contract(contract, draft.document)
            contract_id = contract.contract_id
            state = move(writes, confirmed, Move.CONCLUDE, Role.TRANSFEREE, now, contract_id=contract_id)
            concluded = dataclasses.replace(transfer, state=state, contract_id=contract_id)
            result = Confirmed(view_of(writes, self._sealer, concluded, caller), contract)
            writes.keep_answer(once, once.encode(result), now)
        return result

    def decline(self, caller: Caller, transfer_id: str, once: Once[TransferView], budget: Budget) -> TransferView:
        """Lets the transferee decline the offer."""
        return self._end(caller, transfer_id, Move.DECLINE, once, budget)

    def cancel(self, caller: Caller, transfer_id: str, once: Once[TransferView], budget: Budget) -> TransferView:
        """Lets a party call the transfer off."""
        return self._end(caller, transfer_id, Move.CANCEL, once, budget)

    def _end(
        self, caller: Caller, transfer_id: str, step: Move, once: Once[TransferView], budget: Budget
    ) -> TransferView:
        now = self._clock()
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            transfer = own_transfer(writes.transfer_for_update(transfer_id), caller)
            state = move(writes, transfer, step, transfer.role_of(caller.account_id), now)
            writes.drop_claims(transfer_id)
            view = view_of(writes, self._sealer, dataclasses.replace(transfer, state=state), caller)
            writes.keep_answer(once, once.encode(view), now)
        return view

    def _signed(
        self, writes: Writes, caller: Caller, cmd: SignCommand, step: Move, now: dt.datetime
    ) -> tuple[Transfer, Draft, Receipt]:
        transfer = own_transfer(writes.transfer_for_update(cmd.transfer_id), caller)
        role = transfer.role_of(caller.account_id)
        after(transfer.state, step, role)
        draft = writes.draft(transfer.transfer_id, transfer.version)
        if draft is None or (cmd.version, cmd.terms_digest) != (draft.version, draft.terms_digest):
            raise Refused(Reason.VERSION_STALE, metadata={"version": str(transfer.version)})
        if (draft.body.server_key_id, draft.body.mark) != (self._issuer.server_key_id, self._issuer.mark):
            # Drafted under another policy or by another platform on the same database.
            raise Refused(Reason.VERSION_STALE, metadata={"version": str(transfer.version)})
        if now >= draft.body.offer_expire_time:
            raise Refused(Reason.OFFER_EXPIRED)
        binding = Binding(transfer.transfer_id, draft.version, draft.terms_digest)
        receipt = good_receipt(writes, self._issuer, caller, cmd.receipt_id, Purpose.SIGN, now, binding)
        party = draft.body.transferor if role is Role.TRANSFEROR else draft.body.transferee
        if party.sign_key != caller.sign_key or not self._fits(draft, role, receipt, cmd.signature):
            raise Refused(Reason.PARTY_SIGNATURE_INVALID)
        return transfer, draft, receipt

    def _fits(self, draft: Draft, role: Role, receipt: Receipt, signature: bytes) -> bool:
        """Checks a party's signature against the digest of the body as stored, recomputed now."""
        body = draft.body
        party = body.transferor if role is Role.TRANSFEROR else body.transferee
        message = contract_bytes(
            body.server_key_id,
            party.account_id,
            party.sign_key.key_id,
            body.transfer_id,
            int(role),
            body.digest(),
            receipt.digest(),
        )
        return self._check(party.sign_key, message, signature)

    def _claim(self, writes: Writes, transfer: Transfer, body: ContractBody) -> None:
        parcels, terms = self._demand_land(writes, transfer, body), body.terms
        demand_free(writes, transfer.transfer_id, parcels, terms)
        if terms.start_date is None or terms.end_date is None:
            raise Refused(Reason.TERMS_INVALID, metadata={"codes": "TERM_MISSING"})
        writes.add_claims(transfer.transfer_id, claimed_parts(parcels, terms), terms.start_date, terms.end_date)

    def _demand_land(self, writes: Writes, transfer: Transfer, body: ContractBody) -> list[Parcel]:
        """Locks the parcels and demands that they are still the transferor's, with the record that is in the
        contract.
        """
        codes = [parcel.parcel_code for parcel in body.parcels]
        writes.lock_parcels(sorted(codes))
        owner = person_of_account(writes, transfer.transferor_account_id).id_hash
        parcels = [_still(writes.parcel_of_owner(owner, code), code) for code in codes]
        if [p.registry_digest() for p in parcels] != [p.registry_digest for p in body.parcels]:
            # The register changed after the draft: the person must see the new record before signing it.
            raise Refused(Reason.VERSION_STALE, metadata={"version": str(body.version)})
        return parcels

    def _offer(self, writes: Writes, transfer: Transfer, draft: Draft) -> PartySignature:
        stored = writes.receipt(draft.offer_receipt_id)
        if stored is None or not issued_here(stored.receipt, self._issuer):
            raise Refused(Reason.PARTY_SIGNATURE_INVALID)
        if not self._fits(draft, Role.TRANSFEROR, stored.receipt, draft.offer_signature):
            raise Refused(Reason.PARTY_SIGNATURE_INVALID)
        return PartySignature(Role.TRANSFEROR, stored.receipt, draft.offer_signature)

    def _contract(
        self, body: ContractBody, offer: PartySignature, acceptance: PartySignature, now: dt.datetime
    ) -> Contract:
        contract_id = str(uuid.uuid4())
        message = platform_bytes(
            self._signer.public.key_id,
            contract_id,
            body.digest(),
            (offer.signature, acceptance.signature),
            (offer.receipt.digest(), acceptance.receipt.digest()),
            millis(now),
        )
        signature = self._signer.sign(message)
        return Contract(contract_id, body, offer, acceptance, now, self._signer.public, signature)


def _still(parcel: Parcel | None, code: str) -> Parcel:
    if parcel is None:
        raise Refused(Reason.PARCEL_NOT_YOURS, metadata={"parcel_code": code})
    return parcel


def expire_transfers(store: Store, now: dt.datetime, *, limit: int, timeout_s: float) -> int:
    """Ends transfers whose time has run out and returns how many; safe beside other workers."""
    with store.writes(timeout_s=timeout_s) as writes:
        overdue = writes.expired_transfers(now, limit)
        for transfer in overdue:
            move(writes, transfer, Move.EXPIRE, Role.TRANSFEROR, now)
            writes.drop_claims(transfer.transfer_id)
    return len(overdue)
