"""What the store keeps, as plain values; secrets and biometrics only hashed or sealed."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field

from landseal.server.domain.contract import ContractBody, Role
from landseal.server.domain.keys import PublicKey
from landseal.server.domain.receipts import Binding, Purpose, Receipt


@dataclass(frozen=True)
class Person:
    """One person of the imported face database."""

    person_id: str
    legal_name: str = field(repr=False)
    id_hash: bytes = field(repr=False)
    """Keyed hash of the ID number; the only way to look somebody up by it."""
    id_sealed: bytes = field(repr=False)
    collective: str
    """The scope in which this face is searched."""
    template_sealed: bytes = field(repr=False)
    template_version: int
    """Grows with every replaced template and is part of the seal's context, so that seals of two versions never mix."""
    account_id: str
    """Empty until the person has registered."""


@dataclass(frozen=True)
class Account:
    """A registered, proven account."""

    account_id: str
    login_name: str
    password_hash: str = field(repr=False)
    person_id: str
    create_time: dt.datetime


class DeviceClass(enum.IntEnum):
    """Class of a device; the numbers are those of the proto."""

    UNSPECIFIED = 0
    PHONE = 1
    DESKTOP = 2


@dataclass(frozen=True)
class Device:
    """A device of an account with its two keys."""

    account_id: str
    device_class: DeviceClass
    auth_key: PublicKey
    sign_key: PublicKey
    display_name: str
    create_time: dt.datetime

    @property
    def auth_key_id(self) -> str:
        """Id of the key that signs logins, calls and captures; it names the device."""
        return self.auth_key.key_id


@dataclass(frozen=True)
class LoginAttempt:
    """A login whose first step was made.

    ``fits`` says whether name, password and device did, which is told only at the end.
    """

    login_id: str
    account_id: str
    auth_key_id: str
    nonce: bytes = field(repr=False)
    fits: bool
    expire_time: dt.datetime


class EndReason(enum.StrEnum):
    """Why a session ended."""

    NONE = ""
    LOGOUT = "LOGOUT"
    REPLACED = "REPLACED"


@dataclass(frozen=True)
class Session:
    """A login session; the token itself is never stored."""

    session_id: str
    account_id: str
    auth_key_id: str
    device_class: DeviceClass
    token_hash: bytes = field(repr=False)
    create_time: dt.datetime
    expire_time: dt.datetime
    end_reason: EndReason


@dataclass(frozen=True)
class Caller:
    """Who makes a call: a live session with its account, person and device."""

    session: Session
    person_id: str
    auth_key: PublicKey
    sign_key: PublicKey

    @property
    def account_id(self) -> str:
        """Id of the caller's account."""
        return self.session.account_id


@dataclass(frozen=True)
class Upload:
    """An upload in progress or complete; its pieces are kept sealed and erased when used."""

    upload_id: str
    account_id: str
    size_bytes: int
    sha256: bytes
    received_bytes: int
    expire_time: dt.datetime
    used: bool


class VerificationState(enum.IntEnum):
    """How far a verification is; the numbers are those of the proto."""

    UNSPECIFIED = 0
    WAITING = 1
    PASSED = 2
    REFUSED = 3


@dataclass(frozen=True)
class Verification:
    """One issued instruction and what became of it."""

    verification_id: str
    account_id: str
    session_id: str
    auth_key_id: str
    purpose: Purpose
    binding: Binding
    lead_in_ms: int
    frame_interval_ms: int
    frame_count: int
    actions: tuple[tuple[int, int], ...]
    """Shape number and hold time in milliseconds of each action."""
    nonce: bytes = field(repr=False)
    state: VerificationState
    reason: str
    """Name of the outcome; empty while waiting."""
    attempts_left: int
    create_time: dt.datetime
    expire_time: dt.datetime


@dataclass(frozen=True)
class StoredReceipt:
    """A receipt and whether it can still be used."""

    receipt: Receipt
    used: bool
    ended: bool
    """True after logout, revocation or withdrawn consent."""


@dataclass(frozen=True)
class Code:
    """A transferee's code; only its hash is kept."""

    code_hash: bytes = field(repr=False)
    account_id: str
    auth_key_id: str
    session_id: str
    expire_time: dt.datetime
    used: bool


@dataclass(frozen=True)
class Draft:
    """One version of a transfer's contract, with its document and, once offered, the transferor's signature."""

    transfer_id: str
    version: int
    body: ContractBody
    terms_digest: bytes
    document: bytes = field(repr=False)
    """The PDF."""
    offer_receipt_id: str = ""
    offer_signature: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class ContractLine:
    """A line in a person's list of contracts."""

    contract_id: str
    contract_number: str
    role: Role
    other_person_id: str
    conclude_time: dt.datetime


class EventKind(enum.StrEnum):
    """What an inbox event tells."""

    CODE_RELAYED = "CODE_RELAYED"
    CODE_RESOLVED = "CODE_RESOLVED"
    TRANSFER_MOVED = "TRANSFER_MOVED"


@dataclass(frozen=True)
class Event:
    """One event in an account's inbox; ``cursor`` grows by one per account."""

    account_id: str
    cursor: int
    create_time: dt.datetime
    kind: EventKind
    details: dict[str, str] = field(repr=False)
    """CODE_RELAYED: payload_sealed (base64 text), masked_name.

    CODE_RESOLVED: masked_name; TRANSFER_MOVED: transfer_id, state, version, contract_id.
    """


@dataclass(frozen=True)
class Answer:
    """The stored first answer to a mutation."""

    request_digest: bytes
    response: bytes = field(repr=False)
