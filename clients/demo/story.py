"""The story: two people who never meet in the township office conclude a lease."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from landseal.clients.contract import SavedContract
from landseal.clients.contract_check import check_contract_file
from landseal.clients.demo import props
from landseal.clients.demo.people import Actor
from landseal.clients.demo.score import Score
from landseal.clients.demo.stage import Stage
from landseal.clients.qr import qr_png, read_qr
from landseal.clients.review import wish
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose, Receipt
from landseal.transfer.v1 import transfer_pb2

PASSED = Reason.PASSED
HONEST_TRIES = 3
"""As many as the production policy gives a person; about one honest take in fifty is refused (see docs/security.md)."""


@dataclass
class Tale:
    """What the story has brought about so far; the attacks start from it."""

    transfer: transfer_pb2.Transfer = field(default_factory=transfer_pb2.Transfer)
    land_receipt: Receipt | None = None
    saved: SavedContract | None = None

    def land(self) -> Receipt:
        """Returns the LAND_READ receipt of the story."""
        if self.land_receipt is None:
            raise LookupError("the story has not come to the land yet")
        return self.land_receipt

    def contract(self) -> SavedContract:
        """Returns the concluded contract of the story."""
        if self.saved is None:
            raise LookupError("the story has not come to its end yet")
        return self.saved


def tell(stage: Stage, score: Score, giver: Actor, taker: Actor, out: Path) -> Tale:
    """Plays the story; ``out`` receives the QR code and the PDF."""
    tale = Tale()
    score.tell(f"\n[bold]1. {taker.player.legal_name} proves to be alive and themself, and shows a code.[/]")
    payload = _show_code(score, taker, out)
    score.tell(f"\n[bold]2. {giver.player.legal_name} scans it and confirms both identities.[/]")
    _confirm_both(score, giver, payload, tale)
    score.tell(f"\n[bold]3. {giver.player.legal_name} proves the same and sees their own land, nobody else's.[/]")
    _see_land(score, giver, tale)
    score.tell(f"\n[bold]4. {giver.player.legal_name} proposes a lease and signs it.[/]")
    _propose(stage, score, giver, tale)
    score.tell(f"\n[bold]5. {taker.player.legal_name} hears of it, reads it, and signs; the platform signs last.[/]")
    _conclude(score, taker, tale, out)
    return tale


def prove(score: Score, actor: Actor, name: str, purpose: Purpose, binding: Binding) -> Receipt | None:
    """Plays a verification that should pass, as a scene of its own, and returns its receipt."""
    found: list[Receipt] = []

    def act() -> Reason:
        verdict = actor.client.verification.attempt(purpose, binding, actor.camera)
        found.extend([verdict.receipt] if verdict.receipt else [])
        return verdict.reason

    score.play(name, PASSED, act, frames=actor.camera.frame_count, tries=HONEST_TRIES)
    return found[0] if found else None


def _needed(receipt: Receipt | None) -> Receipt:
    if receipt is None:
        raise LookupError("the story cannot go on: a verification that should pass did not")
    return receipt


def _show_code(score: Score, taker: Actor, out: Path) -> str:
    receipt = _needed(prove(score, taker, "transferee_is_verified", Purpose.CODE, Binding()))
    code = taker.client.transfer.create_code(receipt)
    picture = out / "transferee-code.png"
    picture.write_bytes(qr_png(code.payload))
    score.tell(f"  the code is in {picture}, good until {code.expire_time.ToDatetime():%H:%M:%S} UTC")
    return read_qr(picture.read_bytes())


def _confirm_both(score: Score, giver: Actor, payload: str, tale: Tale) -> None:
    def act() -> Reason:
        notice = giver.client.transfer.resolve_code(payload)
        score.tell(f"  from {' '.join(notice.transferor)} to {' '.join(notice.transferee)}")
        tale.transfer = giver.client.transfer.confirm_notice(notice)
        return PASSED

    score.play("both_identities_are_confirmed", PASSED, act)


def _see_land(score: Score, giver: Actor, tale: Tale) -> None:
    binding = Binding(tale.transfer.transfer_id)
    tale.land_receipt = _needed(prove(score, giver, "transferor_is_verified", Purpose.LAND_READ, binding))

    def act() -> Reason:
        parcels = giver.client.land.parcels(tale.land())
        for parcel in parcels:
            score.tell(f"  {parcel.parcel_code} {parcel.name} {parcel.area_m2} m²")
        return PASSED if tuple(p.parcel_code for p in parcels) == props.OWN_PARCELS else Reason.NOT_YOURS

    score.play("own_land_is_seen", PASSED, act)


def _propose(stage: Stage, score: Score, giver: Actor, tale: Tale) -> None:
    transfers, transfer_id = giver.client.transfer, tale.transfer.transfer_id
    terms = props.lease(stage.clock().date())
    chosen = [p for p in giver.client.land.parcels(tale.land()) if p.parcel_code == props.OWN_PARCELS[0]]
    transfers.save_draft(transfer_id, tale.land(), [p.parcel_code for p in chosen], terms)
    seen = transfers.review(transfer_id, wish(terms, chosen))
    receipt = _needed(prove(score, giver, "transferor_signs_alive", Purpose.SIGN, seen.binding))

    def act() -> Reason:
        transfers.propose(seen, receipt)
        return PASSED

    score.play("contract_is_proposed", PASSED, act)


def _conclude(score: Score, taker: Actor, tale: Tale, out: Path) -> None:
    transfer_id = tale.transfer.transfer_id
    for event in taker.client.inbox.list():
        if event.WhichOneof("what") == "transfer_moved":
            score.tell(f"  inbox: the transfer is {event.transfer_moved.state}")
    seen = taker.client.transfer.review(transfer_id)
    receipt = _needed(prove(score, taker, "transferee_signs_alive", Purpose.SIGN, seen.binding))

    def act() -> Reason:
        contract = taker.client.transfer.confirm(seen, receipt)
        tale.saved = taker.client.contract.download(contract.contract_id)
        return PASSED

    score.play("contract_is_concluded", PASSED, act)
    saved = tale.contract()
    (out / "lease.pdf").write_bytes(saved.pdf)
    (out / "lease.contract").write_bytes(saved.contract_bytes)
    score.play("three_signatures_verify", PASSED, lambda: check_saved(taker, saved))
    score.tell(f"  the contract is in {out / 'lease.pdf'}, its signatures in {out / 'lease.contract'}")


def check_saved(actor: Actor, saved: SavedContract) -> Reason:
    """Checks a saved contract offline, as anybody with the pinned key can; the demo's mark is asked for by name."""
    return check_contract_file(saved.contract_bytes, saved.pdf, actor.client.server_key, allow_mark="demo").reason
