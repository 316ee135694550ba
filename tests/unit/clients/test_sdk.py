"""The SDK against a fake platform: same protos and signatures, no engines (``tests/support/fake_platform.py``)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from support.fake_platform import PDF, TERMS, FakePlatform
from support.land import id_number
from support.people import CAMERA, Person, join, transferee, transferor

from landseal.clients import convert
from landseal.clients.cameras.files import FileCamera
from landseal.clients.channel import fetch_certificate, fingerprint
from landseal.clients.client import LandsealClient
from landseal.clients.counterparties import Counterparties
from landseal.clients.errors import LandsealError, VerificationRefused
from landseal.clients.keys import DeviceKeys
from landseal.clients.localreasons import LocalReason
from landseal.clients.review import Review, wish
from landseal.inbox.v1 import inbox_pb2
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose, Receipt
from landseal.transfer.v1 import transfer_pb2
from landseal.verification.v1 import verification_pb2


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    held = FakePlatform()
    yield held
    held.stop()


def refused(reason: Reason | LocalReason, call: Callable[[], Any]) -> LandsealError:
    with pytest.raises(LandsealError) as caught:
        call()
    assert caught.value.reason is reason, caught.value
    return caught.value


def agreed(platform: FakePlatform) -> tuple[Person, Person]:
    """Both people, with a transfer that waits for a draft."""
    giver, taker = transferor(platform), transferee(platform)
    receipt = taker.client.verification.verify(Purpose.CODE, Binding(), CAMERA)
    code = taker.client.transfer.create_code(receipt)
    notice = giver.client.transfer.resolve_code(code.payload)
    giver.client.transfer.confirm_notice(notice)
    return giver, taker


def drafted(platform: FakePlatform) -> tuple[Person, Person, Review]:
    giver, taker = agreed(platform)
    receipt = giver.client.verification.verify(Purpose.LAND_READ, Binding("tr-1"), CAMERA)
    parcels = giver.client.land.parcels(receipt)
    giver.client.transfer.save_draft("tr-1", receipt, [parcels[0].parcel_code], TERMS)
    return giver, taker, giver.client.transfer.review("tr-1", wish(TERMS, parcels[:1]))


def signed(person: Person, seen: Review) -> Receipt:
    return person.client.verification.verify(Purpose.SIGN, seen.binding, CAMERA)


def test_two_people_conclude_a_contract_that_both_clients_accept(platform: FakePlatform) -> None:
    giver, taker, offered = drafted(platform)
    giver.client.transfer.propose(offered, signed(giver, offered))
    seen = taker.client.transfer.review("tr-1")
    contract = taker.client.transfer.confirm(seen, signed(taker, seen))
    assert seen.digest == offered.digest
    saved = giver.client.contract.download(contract.contract_id)
    assert saved.report.passed
    assert saved.pdf == PDF
    assert saved.file_name == "LS-1.pdf"


def test_a_server_with_another_certificate_is_not_spoken_to(platform: FakePlatform) -> None:
    other = FakePlatform()
    refused(LocalReason.SERVER_AWAY, lambda: LandsealClient.connect(platform.target, other.certificate_pem))
    other.stop()


def test_the_certificate_that_a_server_presents_can_be_shown_before_it_is_trusted(platform: FakePlatform) -> None:
    assert fingerprint(fetch_certificate(platform.target)) == fingerprint(platform.certificate_pem)
    refused(LocalReason.SERVER_NOT_TRUSTED, lambda: LandsealClient.connect(platform.target, b""))


def test_a_server_whose_key_has_changed_is_refused(platform: FakePlatform) -> None:
    other = FakePlatform()
    with LandsealClient.connect(platform.target, platform.certificate_pem, other.key) as client:
        refused(LocalReason.SERVER_KEY_CHANGED, client.server_info)
    other.stop()


def test_a_login_signed_for_another_account_is_good_for_none(platform: FakePlatform) -> None:
    person = transferor(platform)
    login = person.client.session.login
    refused(Reason.LOGIN_REFUSED, lambda: login(person.login_name, "p", person.keys, "acc-9"))


def test_a_server_that_answers_a_login_with_another_account_is_not_believed(platform: FakePlatform) -> None:
    person = transferor(platform)
    before = person.client.session.credentials
    platform.tamper["Login"] = _set("session.account_id", "acc-9")
    login = person.client.session.login
    refused(LocalReason.ACCOUNT_DIFFERS, lambda: login(person.login_name, "p", person.keys, person.account_id))
    assert person.client.session.credentials is before


def test_reads_and_watches_are_signed_by_the_sessions_device(platform: FakePlatform) -> None:
    person = transferor(platform)
    held = person.client.session.credentials
    assert held is not None
    person.client.session.resume(dataclasses.replace(held, keys=DeviceKeys.generate()))
    refused(Reason.CALL_SIGNATURE_INVALID, person.client.session.get)
    refused(Reason.CALL_SIGNATURE_INVALID, lambda: list(person.client.inbox.watch()))


def test_a_login_with_another_devices_key_is_refused(platform: FakePlatform) -> None:
    person = transferor(platform)
    login = person.client.session.login
    refused(Reason.LOGIN_REFUSED, lambda: login(person.login_name, "p", DeviceKeys.generate(), person.account_id))


def test_after_logout_nothing_is_called_with_the_old_token(platform: FakePlatform) -> None:
    person = transferor(platform)
    person.client.session.logout()
    refused(LocalReason.NOT_LOGGED_IN, person.client.session.get)


def test_a_repeated_logout_is_done_and_no_error(platform: FakePlatform) -> None:
    person = transferor(platform)
    platform.failures["Logout"] = [Reason.SESSION_ENDED]
    person.client.session.logout()
    refused(LocalReason.NOT_LOGGED_IN, person.client.session.get)


def test_a_logout_that_was_refused_for_another_reason_is_told(platform: FakePlatform) -> None:
    person = transferor(platform)
    platform.failures["Logout"] = [Reason.SESSION_REPLACED]
    refused(Reason.SESSION_REPLACED, person.client.session.logout)


def test_an_unavailable_server_is_asked_again_and_an_internal_error_is_not(platform: FakePlatform) -> None:
    person = transferor(platform)
    platform.calls.clear()
    platform.failures["GetSession"] = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAVAILABLE]
    assert person.client.session.get().account_id == person.account_id
    assert len(platform.calls) == 3
    platform.failures["GetSession"] = [Reason.INTERNAL]
    refused(Reason.INTERNAL, person.client.session.get)
    assert len(platform.calls) == 4


def test_an_upload_goes_on_where_it_stopped_when_an_answer_was_lost(platform: FakePlatform) -> None:
    person = transferor(platform)
    platform.failures["UploadChunk after"] = [grpc.StatusCode.DEADLINE_EXCEEDED]
    person.client.verification.verify(Purpose.CODE, Binding(), CAMERA)
    assert platform.calls.count("GetUpload") == 1
    assert platform.calls.count("UploadChunk") == 3


def test_a_refused_face_is_told_with_its_hint_and_the_attempts_left(platform: FakePlatform) -> None:
    person = transferor(platform)
    platform.verdict = Reason.FACE_TOO_SMALL
    with pytest.raises(VerificationRefused) as caught:
        person.client.verification.verify(Purpose.CODE, Binding(), CAMERA)
    assert (caught.value.reason, caught.value.hint("en")) == (Reason.FACE_TOO_SMALL, "closer")
    assert caught.value.attempts_left == 2


def test_an_altered_instruction_is_refused_before_anything_is_captured(platform: FakePlatform) -> None:
    person = transferor(platform)
    platform.tamper["CreateVerification"] = _set("verification.instruction.actions.0.hold_ms", 2000)
    verify = person.client.verification.verify
    refused(LocalReason.INSTRUCTION_ALTERED, lambda: verify(Purpose.CODE, Binding(), CAMERA))
    assert "CreateUpload" not in platform.calls


def _set(path: str, value: object) -> Callable[[Message], None]:
    def bend(answer: Message) -> None:
        *way, last = path.split(".")
        held: Any = answer
        for name in way:
            held = held[int(name)] if name.isdigit() else getattr(held, name)
        setattr(held, last, value)

    return bend


def test_a_receipt_that_the_platform_did_not_sign_is_refused(platform: FakePlatform) -> None:
    person = transferor(platform)
    platform.tamper["SubmitVerification"] = _set("receipt.account_id", "acc-9")
    verify = person.client.verification.verify
    refused(Reason.RECEIPT_SIGNATURE_INVALID, lambda: verify(Purpose.CODE, Binding(), CAMERA))


def test_a_receipt_of_a_demo_is_refused_unless_asked_for_by_name() -> None:
    platform = FakePlatform(mark="demo")
    person, knowing = transferor(platform), transferee(platform, allow_mark="demo")
    refused(Reason.DEMO_MARK_REFUSED, lambda: person.client.verification.verify(Purpose.CODE, Binding(), CAMERA))
    assert knowing.client.verification.verify(Purpose.CODE, Binding(), CAMERA).mark == "demo"
    platform.stop()


LESS: dict[str, object] = {"source": 2, "liveness": "active", "policy_id": "", "calibration_id": ""}


@pytest.mark.parametrize("name", sorted(LESS))
def test_an_unmarked_receipt_with_less_than_production_asks_is_refused(platform: FakePlatform, name: str) -> None:
    person = transferor(platform)

    def bend(answer: verification_pb2.SubmitVerificationResponse) -> None:
        setattr(answer.receipt, name, LESS[name])
        answer.receipt.signature = platform.sign(convert.receipt(answer.receipt).signed_bytes())

    platform.tamper["SubmitVerification"] = bend
    verify = person.client.verification.verify
    error = refused(LocalReason.RECEIPT_NOT_AS_ASKED, lambda: verify(Purpose.CODE, Binding(), CAMERA))
    assert name in error.detail


def test_frames_from_files_earn_no_unmarked_receipt(platform: FakePlatform) -> None:
    person, files = transferor(platform), FileCamera([b"frame %d" % number for number in range(5)])
    verify = person.client.verification.verify
    error = refused(LocalReason.RECEIPT_NOT_AS_ASKED, lambda: verify(Purpose.CODE, Binding(), files))
    assert "source" in error.detail


def test_a_verdict_that_passes_without_a_receipt_is_refused(platform: FakePlatform) -> None:
    person = transferor(platform)
    platform.tamper["SubmitVerification"] = lambda answer: answer.ClearField("receipt")
    verify = person.client.verification.verify
    refused(LocalReason.SERVER_ANSWER_ODD, lambda: verify(Purpose.CODE, Binding(), CAMERA))


def test_identities_whose_digest_is_another_are_not_confirmed(platform: FakePlatform) -> None:
    giver, taker = transferor(platform), transferee(platform)
    taker.client.transfer.create_code(taker.client.verification.verify(Purpose.CODE, Binding(), CAMERA))
    platform.tamper["ResolveTransfereeCode"] = _set("transferee.masked_name", "李*")
    refused(LocalReason.NOTICE_ALTERED, lambda: giver.client.transfer.resolve_code("landseal:c:MFRGGZDFMZTWQ2LK"))


def _to_stranger(platform: FakePlatform, side: str) -> Callable[[transfer_pb2.GetTransferResponse], None]:
    """Another person on one side of a transfer, everywhere and consistently, as only the platform itself could do."""
    stranger = join(platform, "13700003333", "赵六", id_number("19900101", "321"))

    def bend(answer: transfer_pb2.GetTransferResponse) -> None:
        getattr(answer.transfer.body, side).CopyFrom(platform._party(stranger.account_id))
        getattr(answer.transfer, side).CopyFrom(platform._masked(stranger.account_id))
        answer.transfer.terms_digest = convert.body(answer.transfer.body).digest()

    return bend


def test_another_transferee_than_the_confirmed_one_is_never_signed(platform: FakePlatform) -> None:
    giver, _, _ = drafted(platform)
    platform.tamper["GetTransfer"] = _to_stranger(platform, "transferee")
    error = refused(LocalReason.CONTRACT_NOT_AS_ASKED, lambda: giver.client.transfer.review("tr-1"))
    assert error.detail == "the other party is not the one known for this transfer"


def test_a_transfer_that_was_never_confirmed_here_is_never_signed(platform: FakePlatform) -> None:
    giver, _, _ = drafted(platform)
    giver.client.transfer.counterparties = Counterparties()
    error = refused(LocalReason.CONTRACT_NOT_AS_ASKED, lambda: giver.client.transfer.review("tr-1"))
    assert error.detail == "the identities were never confirmed on this device"


def test_another_transferor_than_at_first_sight_is_never_signed(platform: FakePlatform) -> None:
    giver, taker, offered = drafted(platform)
    giver.client.transfer.propose(offered, signed(giver, offered))
    taker.client.transfer.review("tr-1")
    platform.tamper["GetTransfer"] = _to_stranger(platform, "transferor")
    error = refused(LocalReason.CONTRACT_NOT_AS_ASKED, lambda: taker.client.transfer.review("tr-1"))
    assert error.detail == "the other party is not the one known for this transfer"


def test_a_transfer_id_given_out_twice_does_not_change_who_it_is_between(platform: FakePlatform) -> None:
    giver, _ = agreed(platform)
    stranger = join(platform, "13700003333", "赵六", id_number("19900101", "321"))
    platform.code_of = stranger.account_id
    notice = giver.client.transfer.resolve_code("landseal:c:MFRGGZDFMZTWQ2LK")
    refused(LocalReason.NOTICE_ALTERED, lambda: giver.client.transfer.confirm_notice(notice))


def test_an_incomplete_contract_is_never_signed(platform: FakePlatform) -> None:
    _, taker, _ = drafted(platform)

    def bend(answer: transfer_pb2.GetTransferResponse) -> None:
        answer.transfer.body.terms.ClearField("dispute")
        answer.transfer.terms_digest = convert.body(answer.transfer.body).digest()

    platform.tamper["GetTransfer"] = bend
    error = refused(LocalReason.CONTRACT_NOT_AS_ASKED, lambda: taker.client.transfer.review("tr-1"))
    assert error.detail == "the terms are incomplete"


BENT = {
    "terms.rent_fen": ("body.terms.rent_fen", 1),
    "terms.special_terms": ("body.terms.special_terms", "改"),
    "parcels": ("body.parcels.0.area_m2", 1),
    "own account": ("body.transferor.account_id", "acc-9"),
    "own identity": ("body.transferor.legal_name", "王小山"),
    "an identity is not the one shown": ("body.transferee.legal_name", "李春梅"),
    "server_key_id": ("body.server_key_id", "00" * 16),
    "transfer_id": ("body.transfer_id", "tr-9"),
}


@pytest.mark.parametrize("fault", sorted(BENT))
def test_a_body_that_is_not_what_was_asked_is_never_signed(platform: FakePlatform, fault: str) -> None:
    giver, _ = agreed(platform)
    receipt = giver.client.verification.verify(Purpose.LAND_READ, Binding("tr-1"), CAMERA)
    parcels = giver.client.land.parcels(receipt)
    giver.client.transfer.save_draft("tr-1", receipt, [parcels[0].parcel_code], TERMS)
    path, value = BENT[fault]
    platform.tamper["GetTransfer"] = _set("transfer." + path, value)
    error = refused(
        LocalReason.CONTRACT_NOT_AS_ASKED, lambda: giver.client.transfer.review("tr-1", wish(TERMS, parcels[:1]))
    )
    assert fault in error.detail


def test_a_pdf_that_is_not_the_one_named_is_never_signed(platform: FakePlatform) -> None:
    _, taker, _ = drafted(platform)
    platform.tamper["DownloadDraft"] = _set("pdf", PDF + b" ")
    refused(LocalReason.PDF_NOT_AS_SIGNED, lambda: taker.client.transfer.review("tr-1"))


def test_the_other_sides_move_is_not_signed(platform: FakePlatform) -> None:
    giver, taker, seen = drafted(platform)
    receipt = signed(giver, seen)
    refused(LocalReason.CONTRACT_NOT_AS_ASKED, lambda: giver.client.transfer.confirm(seen, receipt))
    mine = taker.client.transfer.review("tr-1")
    refused(LocalReason.CONTRACT_NOT_AS_ASKED, lambda: taker.client.transfer.propose(mine, receipt))


def test_a_receipt_bound_to_something_else_signs_nothing(platform: FakePlatform) -> None:
    giver, _, seen = drafted(platform)
    receipt = giver.client.verification.verify(Purpose.LAND_READ, Binding("tr-1"), CAMERA)
    refused(LocalReason.RECEIPT_NOT_AS_ASKED, lambda: giver.client.transfer.propose(seen, receipt))


def test_a_contract_that_comes_back_altered_is_refused(platform: FakePlatform) -> None:
    giver, taker, offered = drafted(platform)
    giver.client.transfer.propose(offered, signed(giver, offered))
    seen = taker.client.transfer.review("tr-1")
    platform.tamper["ConfirmContract"] = _set("contract.body.terms.rent_fen", 1)
    refused(Reason.CONTRACT_ALTERED, lambda: taker.client.transfer.confirm(seen, signed(taker, seen)))


def test_a_broken_watch_comes_back_and_hears_every_event_once(platform: FakePlatform) -> None:
    person = transferor(platform)
    platform.events = [inbox_pb2.Event(cursor=number) for number in range(1, 6)]
    platform.failures["WatchEvents"] = [grpc.StatusCode.UNAVAILABLE]
    watch = person.client.inbox.watch(after_cursor=1)
    heard = []
    for event in watch:
        heard.append(event.cursor)
        if event.cursor == 5:
            watch.stop()
    assert heard == [2, 3, 4, 5]


def test_a_watch_ends_when_the_session_was_replaced(platform: FakePlatform) -> None:
    person = transferor(platform)
    platform.failures["WatchEvents"] = [Reason.SESSION_REPLACED]
    refused(Reason.SESSION_REPLACED, lambda: list(person.client.inbox.watch()))
