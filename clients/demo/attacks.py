"""The scenes that must fail, each differing from a passing twin in one thing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

from landseal.clients.cameras.base import Camera
from landseal.clients.contract import SavedContract
from landseal.clients.contract_check import check_contract_file
from landseal.clients.demo.impostors import BorrowedLips, Disobedient, Recorder, Replay, Tampered, frozen, shuffled
from landseal.clients.demo.people import Actor
from landseal.clients.demo.score import Score
from landseal.clients.demo.stage import Stage
from landseal.clients.demo.story import PASSED, Tale, check_saved, prove
from landseal.contract.v1 import contract_pb2
from landseal.server.crypto.signing import SigningKey
from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose

Act = Callable[[], Reason]


def play(stage: Stage, score: Score, giver: Actor, taker: Actor, other: Actor, tale: Tale) -> None:
    """Plays all of them; ``other`` is a third account without a part in the transfer."""
    score.tell("\n[bold]6. Faces that must not pass.[/] The twin is the honest take of the same camera.")
    _faces(score, giver, taker)
    score.tell("\n[bold]7. Land that must not be shown.[/]")
    _land(stage, score, giver, taker, tale)
    score.tell("\n[bold]8. Codes and contracts that must not hold.[/]")
    _codes(stage, score, giver, taker)
    _contracts(stage, score, taker, other, tale)
    score.tell("\n[bold]9. The puppet itself, where no demo is allowed.[/]")
    _production(stage, score, taker)


def _attempt(score: Score, actor: Actor, name: str, expected: Reason, camera: Camera) -> None:
    take = Recorder(camera)

    def act() -> Reason:
        return actor.client.verification.attempt(Purpose.CODE, Binding(), take).reason

    score.play(name, expected, act, frames=take.frame_count)


def _faces(score: Score, giver: Actor, taker: Actor) -> None:
    prove(score, taker, "own_face_passes", Purpose.CODE, Binding())
    earlier = taker.camera.last
    if earlier is None:
        raise LookupError("nothing was recorded")
    honest = taker.camera
    _attempt(score, taker, "stranger_face", Reason.FACE_NOT_MATCHED, giver.camera)
    _attempt(score, taker, "frozen_photo", Reason.LIP_MOTION_ABSENT, Tampered(honest, frozen))
    _attempt(score, taker, "shuffled_burst", Reason.MOTION_NOT_CONTINUOUS, Tampered(honest, shuffled))
    _attempt(score, taker, "wrong_instruction", Reason.LIP_SHAPES_WRONG, Disobedient(honest))
    _attempt(score, taker, "other_persons_lips", Reason.IDENTITY_CHANGED, BorrowedLips(honest, giver.camera))
    _attempt(score, taker, "replayed_burst", Reason.BURST_REPLAYED, Replay(earlier))


def _land(stage: Stage, score: Score, giver: Actor, taker: Actor, tale: Tale) -> None:
    def before_notice() -> Reason:
        giver.client.verification.attempt(Purpose.LAND_READ, Binding(), giver.camera)
        return PASSED

    def query(account_id: str) -> Act:
        def act() -> Reason:
            giver.client.land.parcels(tale.land(), transferor_account_id=account_id)
            return PASSED

        return act

    score.play("query_before_notice", Reason.NOTICE_REQUIRED, before_notice)
    score.play("query_for_own_identity", PASSED, query(giver.account_id))
    score.play("query_for_other_identity", Reason.RECEIPT_IDENTITY_MISMATCH, query(taker.account_id))
    with stage.clock.later(dt.timedelta(minutes=16)):
        score.play("expired_land_receipt", Reason.RECEIPT_EXPIRED, query(giver.account_id))


def _codes(stage: Stage, score: Score, giver: Actor, taker: Actor) -> None:
    receipt = prove(score, taker, "another_code_is_allowed", Purpose.CODE, Binding())
    if receipt is None:
        return
    payload = taker.client.transfer.create_code(receipt).payload

    def resolve() -> Reason:
        giver.client.transfer.resolve_code(payload)
        return PASSED

    score.play("fresh_code", PASSED, resolve)
    with stage.clock.later(dt.timedelta(minutes=11)):
        score.play("stale_code", Reason.CODE_EXPIRED, resolve)


def _contracts(stage: Stage, score: Score, taker: Actor, other: Actor, tale: Tale) -> None:
    saved = tale.contract()

    def read(actor: Actor) -> Act:
        def act() -> Reason:
            actor.client.contract.get(saved.contract.contract_id)
            return PASSED

        return act

    def check(changed: contract_pb2.Contract) -> Act:
        return lambda: check_saved(taker, dataclasses.replace(saved, contract=changed))

    score.play("own_contract", PASSED, read(taker))
    score.play("other_persons_contract", Reason.NOT_YOURS, read(other))
    score.play("unchanged_contract", PASSED, check(saved.contract))
    score.play("changed_term_after_signing", Reason.CONTRACT_ALTERED, check(_cheaper(saved)))
    forged = _by_platform_alone(saved, SigningKey.load_or_create(stage.settings.home))
    score.play("platform_alone_cannot_sign", Reason.PARTY_SIGNATURE_INVALID, check(forged))

    def unasked() -> Reason:
        return check_contract_file(saved.contract_bytes, saved.pdf, taker.client.server_key).reason

    score.play("demo_contract_elsewhere", Reason.DEMO_MARK_REFUSED, unasked)


def _copy(saved: SavedContract) -> contract_pb2.Contract:
    changed = contract_pb2.Contract()
    changed.CopyFrom(saved.contract)
    return changed


def _cheaper(saved: SavedContract) -> contract_pb2.Contract:
    changed = _copy(saved)
    changed.body.terms.rent_fen -= 1
    return changed


def _by_platform_alone(saved: SavedContract, platform: SigningKey) -> contract_pb2.Contract:
    """Signs for the transferee with the platform's own key: all that a dishonest platform has."""
    forged = _copy(saved)
    forged.transferee_signature.signature = platform.sign(b"I, the platform, sign for the transferee")
    return forged


def _production(stage: Stage, score: Score, taker: Actor) -> None:
    """The puppet states what it is, as the SDK always does; production refuses the source before looking.

    Without the silent networks production does not even start, which is the refusal then.
    """
    prove(score, taker, "puppet_under_demo_policy", Purpose.CODE, Binding())
    silent = stage.app.reader.health().silent
    expected = Reason.CAPTURE_SOURCE_REFUSED if silent else Reason.SILENT_LIVENESS_REQUIRED

    def act() -> Reason:
        with stage.production() as server:
            if isinstance(server, Refused):
                return server.reason
            taker.login(server)
            return server.verification.attempt(Purpose.CODE, Binding(), taker.camera).reason

    score.play("puppet_under_production_policy", expected, act)
