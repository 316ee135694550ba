"""Values to put into a store: two people with devices and sessions, and everything that hangs on them."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import uuid
from dataclasses import dataclass, replace

from support.land import OTHER, OWNER, lease, parcel

from landseal.server.domain.contract import Contract, ContractBody, ContractParcel, Party, PartySignature, Role
from landseal.server.domain.doors import Sealer, Store, Writes
from landseal.server.domain.keys import KeyAlgorithm, PublicKey
from landseal.server.domain.once import Once
from landseal.server.domain.receipts import Binding, CaptureSource, Purpose, Receipt
from landseal.server.domain.records import (
    Account,
    Code,
    Device,
    DeviceClass,
    Draft,
    EndReason,
    Person,
    Session,
    Upload,
    Verification,
    VerificationState,
)
from landseal.server.domain.terms import ParcelPart
from landseal.server.domain.transfer import State, Transfer

NOW = dt.datetime(2026, 11, 22, 8, 0, 0, 123000, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
COLLECTIVE = "汶川县水磨镇老人村"
SERVER_KEY = PublicKey(KeyAlgorithm.ED25519, b"S" * 32)
_numbers = itertools.count(1)


def fresh() -> str:
    return str(uuid.uuid4())


def hash32(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def some_key() -> PublicKey:
    return PublicKey(KeyAlgorithm.ED25519, hash32(f"key {next(_numbers)}"))


@dataclass(frozen=True)
class Actor:
    """A registered person with a phone and a session."""

    person: Person
    account: Account
    device: Device
    session: Session
    id_number: str


def a_person(sealer: Sealer, id_number: str = OWNER, name: str = "王大山", **changes: object) -> Person:
    person_id = fresh()
    made = Person(
        person_id=person_id,
        legal_name=name,
        id_hash=sealer.lookup_hash("id-number", id_number),
        id_sealed=sealer.seal(f"id-number/{person_id}", id_number.encode()),
        collective=COLLECTIVE,
        template_sealed=sealer.seal(f"template/{person_id}/model/1", b"\x01" * 512),
        template_version=1,
        account_id="",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a table of values bent by tests


def an_account(person: Person, login_name: str = "13800001111") -> Account:
    return Account(fresh(), login_name, "$argon2id$some", person.person_id, NOW)


def a_device(account_id: str, device_class: DeviceClass = DeviceClass.PHONE) -> Device:
    return Device(account_id, device_class, some_key(), some_key(), "王的手机", NOW)


def a_session(device: Device, **changes: object) -> Session:
    made = Session(
        session_id=fresh(),
        account_id=device.account_id,
        auth_key_id=device.auth_key_id,
        device_class=device.device_class,
        token_hash=hash32(fresh()),
        create_time=NOW,
        expire_time=NOW + 60 * MINUTE,
        end_reason=EndReason.NONE,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a table of values bent by tests


def add_actor(store: Store, sealer: Sealer, id_number: str, name: str, login_name: str) -> Actor:
    person = a_person(sealer, id_number, name)
    account = an_account(person, login_name)
    device = a_device(account.account_id)
    session = a_session(device)
    with store.writes(timeout_s=5) as writes:
        writes.put_person(person)
        assert writes.add_account(account, device)
        writes.add_session(session)
    return Actor(replace(person, account_id=account.account_id), account, device, session, id_number)


def add_pair(store: Store, sealer: Sealer) -> tuple[Actor, Actor]:
    return (
        add_actor(store, sealer, OWNER, "王大山", "13800001111"),
        add_actor(store, sealer, OTHER, "欧阳春梅", "13900002222"),
    )


def a_verification(actor: Actor, **changes: object) -> Verification:
    made = Verification(
        verification_id=fresh(),
        account_id=actor.account.account_id,
        session_id=actor.session.session_id,
        auth_key_id=actor.device.auth_key_id,
        purpose=Purpose.SIGN,
        binding=Binding("t", 1, b"d" * 32),
        lead_in_ms=600,
        frame_interval_ms=200,
        frame_count=40,
        actions=((1, 800), (2, 1600), (1, 600)),
        nonce=b"n" * 32,
        state=VerificationState.WAITING,
        reason="",
        attempts_left=2,
        create_time=NOW,
        expire_time=NOW + 3 * MINUTE,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a table of values bent by tests


def a_receipt(actor: Actor, binding: Binding | None = None, purpose: Purpose = Purpose.SIGN) -> Receipt:
    return Receipt(
        receipt_id=fresh(),
        account_id=actor.account.account_id,
        session_id=actor.session.session_id,
        auth_key_id=actor.device.auth_key_id,
        purpose=purpose,
        binding=binding or Binding(),
        identity_digest=b"i" * 32,
        issue_time=NOW,
        expire_time=NOW + 3 * MINUTE,
        calibration_id="lfw",
        policy_id="demo",
        liveness="lips",
        mark="DEMO",
        source=CaptureSource.CAMERA,
        server_key_id=SERVER_KEY.key_id,
        signature=b"r" * 64,
    )


def an_upload(actor: Actor, size_bytes: int = 6, **changes: object) -> Upload:
    made = Upload(fresh(), actor.account.account_id, size_bytes, b"h" * 32, 0, NOW + 10 * MINUTE, False)
    return replace(made, **changes)  # type: ignore[arg-type]  # a table of values bent by tests


def a_code(actor: Actor, **changes: object) -> Code:
    made = Code(
        hash32(fresh()), actor.account.account_id, actor.device.auth_key_id, actor.session.session_id,
        NOW + 10 * MINUTE, False,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # a table of values bent by tests


def a_transfer(giver: Actor, taker: Actor, **changes: object) -> Transfer:
    made = Transfer(
        transfer_id=fresh(),
        state=State.AWAITING_VERIFICATION,
        transferor_account_id=giver.account.account_id,
        transferee_account_id=taker.account.account_id,
        transferor_auth_key_id=giver.device.auth_key_id,
        transferee_auth_key_id=taker.device.auth_key_id,
        version=0,
        contract_id="",
        comparison_number="0427",
        create_time=NOW,
        expire_time=NOW + 30 * 24 * 60 * MINUTE,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a table of values bent by tests


def _party(actor: Actor) -> Party:
    return Party(actor.account.account_id, actor.person.legal_name, actor.id_number, actor.device.sign_key)


def a_draft(transfer: Transfer, giver: Actor, taker: Actor, version: int = 1) -> Draft:
    land = parcel()
    body = ContractBody(
        transfer_id=transfer.transfer_id,
        version=version,
        contract_number="LS20261122-1",
        transferor=_party(giver),
        transferee=_party(taker),
        parcels=(ContractParcel(land.code, land.name, land.area_m2, land.registry_digest()),),
        terms=lease(),
        offer_expire_time=NOW + 7 * 24 * 60 * MINUTE,
        document_sha256=b"p" * 32,
        mark="",
        server_key_id=SERVER_KEY.key_id,
    )
    return Draft(transfer.transfer_id, version, body, body.digest(), b"%PDF " + giver.person.legal_name.encode())


def a_contract(draft: Draft, given: Receipt, taken: Receipt) -> Contract:
    return Contract(
        contract_id=fresh(),
        body=draft.body,
        transferor_signature=PartySignature(Role.TRANSFEROR, given, b"g" * 64),
        transferee_signature=PartySignature(Role.TRANSFEREE, taken, b"t" * 64),
        conclude_time=NOW,
        server_key=SERVER_KEY,
        platform_signature=b"s" * 64,
    )


def propose(writes: Writes, transfer: Transfer, giver: Actor, taker: Actor) -> Draft:
    """Leads a new transfer to PROPOSED with one offered draft and a claim; its parcel must be stored."""
    draft, receipt = a_draft(transfer, giver, taker), a_receipt(giver)
    writes.add_transfer(transfer, NOW)
    assert writes.move_transfer(transfer.transfer_id, State.AWAITING_VERIFICATION, State.VERIFIED, NOW)
    writes.put_draft(draft)
    writes.add_receipt(receipt)
    assert writes.use_receipt(receipt.receipt_id)
    part = draft.body.parcels[0]
    writes.add_claims(transfer.transfer_id, [ParcelPart(part.parcel_code, part.area_m2)], NOW.date(), NOW.date())
    writes.offer_draft(transfer.transfer_id, 1, receipt.receipt_id, b"g" * 64)
    assert writes.move_transfer(transfer.transfer_id, State.VERIFIED, State.PROPOSED, NOW, version=1)
    offered = writes.draft(transfer.transfer_id, 1)
    assert offered is not None
    return offered


def conclude(writes: Writes, draft: Draft, taker: Actor) -> Contract:
    """Concludes an offered draft."""
    stored = writes.receipt(draft.offer_receipt_id)
    assert stored is not None
    receipt = a_receipt(taker)
    writes.add_receipt(receipt)
    assert writes.use_receipt(receipt.receipt_id)
    contract = a_contract(draft, stored.receipt, receipt)
    assert writes.move_transfer(draft.transfer_id, State.PROPOSED, State.CONFIRMED, NOW)
    writes.add_contract(contract, draft.document)
    changes = {"contract_id": contract.contract_id}
    assert writes.move_transfer(draft.transfer_id, State.CONFIRMED, State.CONCLUDED, NOW, **changes)
    return contract


def once(request_id: str = "r", caller: str = "a", method: str = "M", digest: bytes = b"d" * 32) -> Once[bytes]:
    return Once(caller, method, request_id, digest, lambda result: result)
