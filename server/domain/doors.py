"""The doors to the store. Lookups get :class:`Reads`; whoever changes something gets :class:`Writes`, one transaction.

Promises: everything done through one Writes commits together when its block ends without an exception, and not at
all otherwise.
Every method may raise :class:`landseal.server.domain.errors.DatabaseAway`. ``None`` means "no such row".
Methods named ``..._for_update`` lock the row until the transaction ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from landseal.server.domain.contract import Contract
from landseal.server.domain.once import Once
from landseal.server.domain.parcel import Parcel
from landseal.server.domain.receipts import Purpose, Receipt
from landseal.server.domain.records import (
    Account,
    Answer,
    Caller,
    Code,
    ContractLine,
    Device,
    DeviceClass,
    Draft,
    EndReason,
    Event,
    EventKind,
    LoginAttempt,
    Person,
    Session,
    StoredReceipt,
    Upload,
    Verification,
    VerificationState,
)
from landseal.server.domain.terms import ParcelPart
from landseal.server.domain.transfer import MoveRecord, State, Transfer


class Reads(Protocol):
    """Lookups; each sees committed data (or, inside a Writes, the transaction's own)."""

    # people and sessions
    def person(self, person_id: str) -> Person | None:
        """Returns the person of that id."""

    def person_by_id_hash(self, id_hash: bytes) -> Person | None:
        """Returns the person whose ID number has this keyed hash."""

    def people_in_scope(self, collective: str, limit: int) -> Sequence[Person]:
        """Returns at most ``limit`` people of a collective, for the 1:N search."""

    def scope_size(self, collective: str) -> int:
        """Returns how many people a collective has."""

    def account(self, account_id: str) -> Account | None:
        """Returns the account of that id."""

    def account_by_login_name(self, login_name: str) -> Account | None:
        """Returns the account of that login name."""

    def device(self, auth_key_id: str) -> Device | None:
        """Returns the device whose auth key has this id."""

    def caller_by_token_hash(self, token_hash: bytes) -> Caller | None:
        """Returns the session of the token, ended or not, with its account's person and device: one query."""

    def session_by_id(self, session_id: str) -> Session | None:
        """Returns the session of that id, ended or not."""

    def failures(self, key: str, now: dt.datetime, window: dt.timedelta) -> int:
        """Returns how many failures of a throttle key lie within the window."""

    # captures and verifications
    def upload(self, upload_id: str) -> Upload | None:
        """Returns the upload of that id, without its bytes."""

    def upload_data(self, upload_id: str) -> bytes:
        """Returns the sealed pieces, opened and joined (the store asks its sealer); empty when erased."""

    def verification(self, verification_id: str) -> Verification | None:
        """Returns the verification of that id."""

    def burst_digest_seen(self, frame_digests: Sequence[int]) -> bool:
        """Tells whether any frame digest occurs in any stored burst (indexed)."""

    def receipt(self, receipt_id: str) -> StoredReceipt | None:
        """Returns the receipt of that id with its use."""

    # land
    def parcels_of_owner(self, owner_id_hash: bytes, after_code: str, limit: int) -> Sequence[Parcel]:
        """Returns an owner's parcels after a code, in the order of their codes."""

    def parcel_of_owner(self, owner_id_hash: bytes, code: str) -> Parcel | None:
        """Returns one parcel if it is this owner's."""

    # transfers and contracts
    def transfer(self, transfer_id: str) -> Transfer | None:
        """Returns the transfer of that id."""

    def transfer_history(self, transfer_id: str) -> Sequence[MoveRecord]:
        """Returns a transfer's moves, the oldest first."""

    def transfers_of(self, account_id: str, before: tuple[dt.datetime, str] | None, limit: int) -> Sequence[Transfer]:
        """Newest first; ``before`` is the (create_time, transfer_id) of the last one seen."""

    def draft(self, transfer_id: str, version: int) -> Draft | None:
        """Returns one version of a transfer's contract."""

    def contract(self, contract_id: str) -> Contract | None:
        """Returns the contract of that id."""

    def contract_document(self, contract_id: str) -> bytes:
        """Returns a contract's PDF; empty when there is no such contract."""

    def contracts_of(
        self, account_id: str, before: tuple[dt.datetime, str] | None, limit: int
    ) -> Sequence[ContractLine]:
        """Returns an account's contracts, the newest first; ``before`` as in :meth:`transfers_of`."""

    def claims_on(self, parcel_code: str) -> Sequence[tuple[str, int, dt.date, dt.date]]:
        """Returns (transfer id, area in square metres, first day, last day) of every standing offer or contract on
        the parcel.
        """

    # inbox and answers
    def events_after(self, account_id: str, cursor: int, limit: int) -> Sequence[Event]:
        """Returns an account's events after a cursor, in order."""

    def seen_cursor(self, account_id: str) -> int:
        """Returns the last cursor that was acknowledged; 0 at first."""

    def answer(self, caller: str, method: str, request_id: str) -> Answer | None:
        """Returns the kept first answer to a mutation."""


class Writes(Reads, Protocol):
    """One transaction."""

    # people and sessions
    def put_person(self, person: Person) -> None:
        """Inserts, or replaces the person of the same id_hash.

        Never one that is bound to an account (raises ValueError).
        """

    def put_registration_code(self, person_id: str, code_hash: bytes, expire_time: dt.datetime) -> None:
        """Replaces the person's older code."""

    def use_registration_code(self, person_id: str, code_hash: bytes, now: dt.datetime) -> bool:
        """Deletes the code and returns True if it fits and has not expired."""

    def add_account(self, account: Account, device: Device) -> bool:
        """Adds both and binds the person.

        Returns False when the login name, a key or the person is taken (nothing is added).
        """

    def add_login_attempt(self, attempt: LoginAttempt) -> None:
        """Adds a login attempt."""

    def take_login_attempt(self, login_id: str) -> LoginAttempt | None:
        """Deletes and returns it: an attempt is used once."""

    def add_session(self, session: Session) -> None:
        """Adds a live session; the database allows one per account and class of device."""

    def end_sessions(
        self, account_id: str, device_class: DeviceClass, reason: EndReason, *, session_id: str | None = None
    ) -> int:
        """Ends the live sessions of that class (or only the one named) and their unused receipts; returns how many."""

    def count_failure(self, key: str, now: dt.datetime, window: dt.timedelta) -> int:
        """Adds one failure under a throttle key and returns how many lie within the window."""

    def clear_failures(self, key: str) -> None:
        """Forgets the failures of a throttle key."""

    # captures and verifications
    def add_upload(self, upload: Upload) -> None:
        """Adds an empty upload."""

    def upload_for_update(self, upload_id: str) -> Upload | None:
        """Returns and locks the upload."""

    def append_chunk(self, upload_id: str, offset: int, data: bytes) -> None:
        """Seals and stores a piece and moves received_bytes forward."""

    def use_upload(self, upload_id: str) -> bool:
        """Marks it used and erases its pieces; False when it was used."""

    def add_verification(self, verification: Verification) -> None:
        """Adds a verification."""

    def attempts_since(self, account_id: str, purpose: Purpose, since: dt.datetime) -> int:
        """Counts verifications issued and not passed since then, but at most back to the last that passed.

        Locks the account, so that of calls at the same time each sees the one before.
        """

    def begin_judging(self, verification_id: str, now: dt.datetime, until: dt.datetime) -> bool:
        """Takes a waiting verification for one judgement; False while another one holds it or after it was judged."""

    def give_up_judging(self, verification_id: str) -> None:
        """Lets a waiting verification be judged again, after an engine failed."""

    def finish_verification(self, verification_id: str, state: VerificationState, reason: str) -> bool:
        """Compare-and-set from WAITING; False when it was already judged."""

    def add_frame_digests(self, verification_id: str, frame_digests: Sequence[int]) -> None:
        """Keeps the digests of a judged burst's frames, so that none of them is taken again."""

    def add_receipt(self, receipt: Receipt) -> None:
        """Adds an unused receipt."""

    def use_receipt(self, receipt_id: str) -> bool:
        """Compare-and-set; False when it was used or ended."""

    # land
    def put_parcels(self, parcels: Iterable[Parcel]) -> int:
        """Inserts or replaces parcels under their owners' ID numbers; returns how many are new or changed."""

    def lock_parcels(self, codes: Sequence[str]) -> None:
        """Locks the parcels in the order of their codes, so that two transfers racing for one parcel take turns."""

    # transfers and contracts
    def add_code(self, code: Code) -> None:
        """Adds an unused code."""

    def code_for_update(self, code_hash: bytes) -> Code | None:
        """Returns and locks the code of this hash."""

    def use_code(self, code_hash: bytes) -> bool:
        """Compare-and-set; False when it was used."""

    def add_transfer(self, transfer: Transfer, now: dt.datetime) -> None:
        """Adds it and the first line of its history."""

    def transfer_for_update(self, transfer_id: str) -> Transfer | None:
        """Returns and locks the transfer."""

    def move_transfer(
        self, transfer_id: str, old: State, new: State, now: dt.datetime, **changes: str | int | dt.datetime
    ) -> bool:
        """Compare-and-set of the state, with changed columns (version, contract_id, expire_time), and a line of
        history.
        """

    def put_draft(self, draft: Draft) -> None:
        """Adds a version."""

    def offer_draft(self, transfer_id: str, version: int, receipt_id: str, signature: bytes) -> None:
        """Keeps the transferor's signature and receipt with the offered version."""

    def add_claims(self, transfer_id: str, parts: Sequence[ParcelPart], start: dt.date, end: dt.date) -> None:
        """Claims land for a transfer from its first to its last day."""

    def drop_claims(self, transfer_id: str) -> None:
        """Gives up all claims of a transfer."""

    def add_contract(self, contract: Contract, document: bytes) -> None:
        """Adds a concluded contract with its PDF; one per transfer."""

    def expired_transfers(self, now: dt.datetime, limit: int) -> Sequence[Transfer]:
        """Locks and returns transfers that wait and whose time has run out (SKIP LOCKED)."""

    # inbox and answers
    def add_event(self, account_id: str, kind: EventKind, details: dict[str, str], now: dt.datetime) -> int:
        """Adds an event at the account's next cursor and notifies watchers on commit; returns the cursor."""

    def acknowledge(self, account_id: str, through_cursor: int) -> int:
        """Moves the seen cursor forward, never back and never past the last event; returns it."""

    def keep_answer(self, once: Once[Any], response: bytes, now: dt.datetime) -> None:
        """Keeps the first answer for 24 h; raises AnswerExists when another transaction kept one."""

    def sweep(self, now: dt.datetime) -> dict[str, int]:
        """Deletes what has served its time (uploads, login attempts, answers, codes); returns counts per table."""


class Store(Protocol):
    """The database."""

    def reads(self) -> AbstractContextManager[Reads]:
        """Lends a connection for lookups."""

    def writes(self, *, timeout_s: float) -> AbstractContextManager[Writes]:
        """Opens a transaction whose statements may take timeout_s in all."""

    def version(self) -> str:
        """Returns the server's version, for example ``18.4``; empty while it is away."""


class Sealer(Protocol):
    """Seals bytes with context; implemented by ``crypto.vault``."""

    def seal(self, context: str, plain: bytes) -> bytes:
        """Encrypts; the same context is needed to open."""

    def open(self, context: str, sealed: bytes) -> bytes:
        """Decrypts; raises ValueError when bytes or context were changed."""

    def lookup_hash(self, kind: str, value: str) -> bytes:
        """Returns a keyed hash (32 bytes) for looking values up without storing them."""
