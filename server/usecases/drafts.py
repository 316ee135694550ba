"""Drafting: terms become a version of the contract, with its document, before anybody signs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from landseal.server.domain.budget import Budget
from landseal.server.domain.contract import ContractBody, ContractParcel, Party, Role
from landseal.server.domain.doors import Reads, Sealer, Store
from landseal.server.domain.errors import FieldFault, Refused
from landseal.server.domain.machinery import Papers
from landseal.server.domain.once import Once
from landseal.server.domain.parcel import Parcel
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose
from landseal.server.domain.records import Caller, Draft
from landseal.server.domain.termcheck import ActiveTransfer, check_overlap, check_terms
from landseal.server.domain.termfaults import TermFault
from landseal.server.domain.terms import ContractTerms, ParcelPart, TransferKind
from landseal.server.domain.times import Clock
from landseal.server.domain.transfer import OFFER_LIFETIME, Move, Transfer, after
from landseal.server.usecases.land import owner_hash
from landseal.server.usecases.moves import own_transfer
from landseal.server.usecases.people import id_number, person_of_account
from landseal.server.usecases.receipts import Issuer, good_receipt
from landseal.server.usecases.views import TransferView, may_see_draft, view_of


@dataclass(frozen=True)
class DraftCommand:
    """Terms for parcels."""

    transfer_id: str
    receipt_id: str
    parcel_codes: tuple[str, ...]
    terms: ContractTerms = field(repr=False)
    validate_only: bool


class Drafts:
    """Saves and shows versions."""

    def __init__(self, store: Store, sealer: Sealer, papers: Papers, issuer: Issuer, *, clock: Clock) -> None:
        self._store, self._sealer, self._papers = store, sealer, papers
        self._issuer, self._clock = issuer, clock

    def save_draft(self, caller: Caller, cmd: DraftCommand, once: Once[TransferView], budget: Budget) -> TransferView:
        """Saves terms as the next version.

        1. The caller is the transferor, verified for this very transfer, inside the window.
        2. Every parcel is the caller's own.
        3. All that is missing or against a rule is listed at once; a parcel in another offer or contract is refused.
        4. The document is rendered before anybody signs, and its digest is part of what is signed.
        """
        now = self._clock()
        with self._store.reads() as reads:
            transfer = own_transfer(reads.transfer(cmd.transfer_id), caller)
            after(transfer.state, Move.DRAFT, transfer.role_of(caller.account_id))
            good_receipt(reads, self._issuer, caller, cmd.receipt_id, Purpose.LAND_READ, now, Binding(cmd.transfer_id))
            _demand_released(cmd.terms)
            parcels = self._own_parcels(reads, caller, cmd.parcel_codes)
            _demand_terms(check_terms(cmd.terms, parcels, _today(now)))
            demand_free(reads, transfer.transfer_id, parcels, cmd.terms)
            body = self._body(reads, transfer, parcels, cmd.terms, now)
        document = self._papers.contract(body, parcels, now)
        body = dataclasses.replace(body, document_sha256=hashlib.sha256(document).digest())
        return self._save(caller, transfer, body, document, cmd, once, budget)

    def _save(
        self,
        caller: Caller,
        transfer: Transfer,
        body: ContractBody,
        document: bytes,
        cmd: DraftCommand,
        once: Once[TransferView],
        budget: Budget,
    ) -> TransferView:
        now = self._clock()
        draft = Draft(transfer.transfer_id, body.version, body, body.digest(), document)
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            current = own_transfer(writes.transfer_for_update(transfer.transfer_id), caller)
            state = after(current.state, Move.DRAFT, current.role_of(caller.account_id))
            if current.version != transfer.version:
                raise Refused(Reason.VERSION_STALE, metadata={"version": str(current.version)})
            if not cmd.validate_only:
                writes.put_draft(draft)
                if not writes.move_transfer(current.transfer_id, current.state, state, now, version=draft.version):
                    raise Refused(Reason.STATE_FORBIDS, metadata={"state": current.state.name})
                current = dataclasses.replace(current, version=draft.version)
            # A check shows no body: the other side's full identity is only for a version that is kept and accounted
            # for.
            view = view_of(writes, self._sealer, current, caller, with_draft=not cmd.validate_only)
            writes.keep_answer(once, once.encode(view), now)
        return view

    def draft_document(self, caller: Caller, transfer_id: str) -> bytes:
        """Returns the PDF of the current version.

        Raises:
            Refused: NOT_YOURS; STATE_FORBIDS while there is none that the caller may see.
        """
        with self._store.reads() as reads:
            transfer = own_transfer(reads.transfer(transfer_id), caller)
            visible = may_see_draft(transfer, transfer.role_of(caller.account_id))
            draft = reads.draft(transfer_id, transfer.version) if visible else None
        if draft is None:
            raise Refused(Reason.STATE_FORBIDS, metadata={"state": transfer.state.name})
        return draft.document

    def _own_parcels(self, reads: Reads, caller: Caller, codes: Sequence[str]) -> list[Parcel]:
        if len(set(codes)) != len(codes):
            raise Refused(Reason.REQUEST_INVALID, faults=(FieldFault("parcel_codes", "names a parcel twice"),))
        owner = owner_hash(reads, caller)
        return [_found(reads.parcel_of_owner(owner, code), code) for code in codes]

    def _body(
        self, reads: Reads, transfer: Transfer, parcels: Sequence[Parcel], terms: ContractTerms, now: dt.datetime
    ) -> ContractBody:
        areas = {part.parcel_code: part.area_m2 for part in terms.parts}
        return ContractBody(
            transfer_id=transfer.transfer_id,
            version=transfer.version + 1,
            contract_number=f"LS{transfer.create_time:%Y%m%d}-{transfer.transfer_id[:8].upper()}",
            transferor=self._party(reads, transfer, Role.TRANSFEROR),
            transferee=self._party(reads, transfer, Role.TRANSFEREE),
            parcels=tuple(
                ContractParcel(p.code, p.name, areas.get(p.code, p.area_m2), p.registry_digest()) for p in parcels
            ),
            terms=terms,
            offer_expire_time=min(now + OFFER_LIFETIME, transfer.expire_time),
            document_sha256=b"",
            mark=self._issuer.mark,
            server_key_id=self._issuer.server_key_id,
        )

    def _party(self, reads: Reads, transfer: Transfer, role: Role) -> Party:
        first = role is Role.TRANSFEROR
        account_id = transfer.transferor_account_id if first else transfer.transferee_account_id
        device = reads.device(transfer.transferor_auth_key_id if first else transfer.transferee_auth_key_id)
        if device is None or device.account_id != account_id:
            raise LookupError("a transfer without its party's device")
        person = person_of_account(reads, account_id)
        return Party(account_id, person.legal_name, id_number(self._sealer, person), device.sign_key)


def _today(now: dt.datetime) -> dt.date:
    """Returns the day in China, where the land lies."""
    return (now + dt.timedelta(hours=8)).date()


def _found(parcel: Parcel | None, code: str) -> Parcel:
    if parcel is None:
        raise Refused(Reason.PARCEL_NOT_YOURS, metadata={"parcel_code": code})
    return parcel


def _demand_released(terms: ContractTerms) -> None:
    """Refuses an exchange: to name the other side's parcels would show their land before they have released it."""
    if terms.kind is TransferKind.EXCHANGE:
        text = "EXCHANGE_NOT_RELEASED: the other side has not released its parcels, which cannot be done yet"
        raise Refused(
            Reason.TERMS_INVALID,
            metadata={"codes": "EXCHANGE_NOT_RELEASED"},
            faults=(FieldFault("terms.kind", text),),
        )


def _demand_terms(faults: Sequence[TermFault]) -> None:
    if faults:
        raise Refused(
            Reason.TERMS_INVALID,
            metadata={"codes": ",".join(sorted({fault.code.value for fault in faults}))},
            faults=tuple(
                FieldFault(f"terms.{f.field}", f"{f.code.value}: {f.message_zh} {f.message_en}") for f in faults
            ),
        )


def claimed_parts(parcels: Sequence[Parcel], terms: ContractTerms) -> list[ParcelPart]:
    """Returns what a contract takes of each parcel: the stated part, or all of it."""
    areas = {part.parcel_code: part.area_m2 for part in terms.parts}
    return [ParcelPart(parcel.code, areas.get(parcel.code, parcel.area_m2)) for parcel in parcels]


def demand_free(reads: Reads, transfer_id: str, parcels: Sequence[Parcel], terms: ContractTerms) -> None:
    """Demands that no other standing offer or contract takes the same land at the same time.

    Raises:
        Refused: PARCEL_TAKEN.
    """
    if terms.start_date is None or terms.end_date is None:
        return
    active = [
        ActiveTransfer(parcel.code, area, start, end)
        for parcel in parcels
        for other, area, start, end in reads.claims_on(parcel.code)
        if other != transfer_id
    ]
    faults = check_overlap(parcels, terms.parts, terms.start_date, terms.end_date, active)
    if faults:
        raise Refused(Reason.PARCEL_TAKEN, metadata={"fields": ",".join(sorted({f.field for f in faults}))})
