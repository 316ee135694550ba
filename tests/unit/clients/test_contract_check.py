"""The offline check of a contract: a valid one from the fake platform, and forged twins of it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from support.fake_platform import PDF, TERMS, FakePlatform
from support.land import exchange, id_number, parcel
from support.people import CAMERA, Person, transferee, transferor

from landseal.clients import convert
from landseal.clients.contract_check import Report, check_contract_file
from landseal.clients.review import wish
from landseal.common.v1 import common_pb2
from landseal.contract.v1 import contract_pb2
from landseal.server.domain.contract import Role
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose

Twin = contract_pb2.Contract


@dataclass
class Made:
    """A concluded contract, and all who signed it."""

    platform: FakePlatform
    giver: Person
    taker: Person
    message: contract_pb2.Contract

    def check(self, message: contract_pb2.Contract, pdf: bytes = PDF, allow_mark: str = "") -> Report:
        data = message.SerializeToString(deterministic=True)
        return check_contract_file(data, pdf, self.platform.key, allow_mark=allow_mark)

    def resign(self, message: contract_pb2.Contract) -> None:
        """Makes every signature valid again, as if all three had agreed to what the message says now."""
        body = convert.body(message.body)
        message.terms_digest = body.digest()
        sides = ((self.giver, message.transferor_signature), (self.taker, message.transferee_signature))
        for role, (person, side) in zip((Role.TRANSFEROR, Role.TRANSFEREE), sides, strict=True):
            side.receipt.binding.terms_digest = message.terms_digest
            side.receipt.signature = self.platform.sign(convert.receipt(side.receipt).signed_bytes())
            side.signature = person.keys.sign.contract(body, role, convert.receipt(side.receipt))
        self.platform.conclude(message)


def _make(mark: str) -> Iterator[Made]:
    platform = FakePlatform(mark)
    giver, taker = transferor(platform, mark), transferee(platform, mark)
    code = taker.client.transfer.create_code(taker.client.verification.verify(Purpose.CODE, Binding(), CAMERA))
    giver.client.transfer.confirm_notice(giver.client.transfer.resolve_code(code.payload))
    read = giver.client.verification.verify(Purpose.LAND_READ, Binding("tr-1"), CAMERA)
    parcels = giver.client.land.parcels(read)[:1]
    giver.client.transfer.save_draft("tr-1", read, [parcels[0].parcel_code], TERMS)
    offer = giver.client.transfer.review("tr-1", wish(TERMS, parcels))
    giver.client.transfer.propose(offer, giver.client.verification.verify(Purpose.SIGN, offer.binding, CAMERA))
    seen = taker.client.transfer.review("tr-1")
    receipt = taker.client.verification.verify(Purpose.SIGN, seen.binding, CAMERA)
    yield Made(platform, giver, taker, taker.client.transfer.confirm(seen, receipt))
    platform.stop()


@pytest.fixture(scope="module")
def made() -> Iterator[Made]:
    yield from _make("")


@pytest.fixture
def twin(made: Made) -> contract_pb2.Contract:
    copy = contract_pb2.Contract()
    copy.CopyFrom(made.message)
    return copy


def test_a_concluded_contract_passes_every_check(made: Made) -> None:
    report = made.check(made.message)
    assert report.reason is Reason.PASSED
    assert len(report.checks) == 13
    assert all(each.passed for each in report.checks)


def _refused_at(made: Made, twin: Twin, name: str) -> Reason:
    """Signs the twin anew, so that only what was bent can be refused, and returns the reason."""
    made.resign(twin)
    report = made.check(twin)
    assert [each.name for each in report.checks if not each.passed] == [name]
    return report.reason


def _small_x(twin: Twin) -> None:
    number = next(each for each in (id_number(serial=f"{n:03d}") for n in range(1, 50)) if each.endswith("X"))
    twin.body.transferor.id_number, twin.body.transferee.id_number = number, number.lower()


def _full_width(twin: Twin) -> None:
    twin.body.transferee.id_number = "".join(chr(ord(each) + 0xFEE0) for each in twin.body.transferor.id_number)


def _spaced(twin: Twin) -> None:
    twin.body.transferee.id_number += " "


def _wrong_check_digit(twin: Twin) -> None:
    number = twin.body.transferee.id_number
    twin.body.transferee.id_number = number[:-1] + ("0" if number[-1] != "0" else "1")


@pytest.mark.parametrize("bend", [_small_x, _full_width, _spaced, _wrong_check_digit])
def test_an_id_number_in_another_form_than_its_own_is_refused(
    made: Made, twin: Twin, bend: Callable[[Twin], None]
) -> None:
    bend(twin)
    assert _refused_at(made, twin, "identities") is Reason.PARTY_SIGNATURE_INVALID


def _no_land(twin: Twin) -> None:
    del twin.body.parcels[:]


def _land_twice(twin: Twin) -> None:
    twin.body.parcels.append(twin.body.parcels[0])


def _no_area(twin: Twin) -> None:
    twin.body.parcels[0].area_m2 = 0


def _short_digest(twin: Twin) -> None:
    twin.body.parcels[0].registry_digest = bytes(31)


def _short_code(twin: Twin) -> None:
    twin.body.parcels[0].parcel_code = parcel(1).code[:18]


def _unknown_part(twin: Twin) -> None:
    twin.body.terms.parts.add(parcel_code=parcel(9).code, area_m2=1)


def _another_area(twin: Twin) -> None:
    twin.body.terms.parts.add(parcel_code=parcel(1).code, area_m2=1)


@pytest.mark.parametrize(
    "bend", [_no_land, _land_twice, _no_area, _short_digest, _short_code, _unknown_part, _another_area]
)
def test_a_contract_without_whole_parcels_is_refused(made: Made, twin: Twin, bend: Callable[[Twin], None]) -> None:
    bend(twin)
    assert _refused_at(made, twin, "parcels") is Reason.CONTRACT_ALTERED


MANDATORY = (
    "kind", "transferor_domicile", "transferee_domicile", "start_date", "end_date", "delivery_date", "use",
    "rent_basis", "compensation", "dispute", "rights_and_duties",
)  # fmt: skip


@pytest.mark.parametrize("name", MANDATORY)
def test_a_contract_that_lacks_a_term_of_article_40_is_refused(made: Made, twin: Twin, name: str) -> None:
    twin.body.terms.ClearField(name)  # type: ignore[arg-type]  # a field's name
    assert _refused_at(made, twin, "terms") is Reason.CONTRACT_ALTERED


def test_a_contract_without_a_late_penalty_cannot_even_be_read(made: Made, twin: Twin) -> None:
    twin.body.terms.ClearField("late_per_ten_thousand")
    assert made.check(twin).reason is Reason.CONTRACT_ALTERED


def test_a_contract_that_ends_before_it_begins_is_refused(made: Made, twin: Twin) -> None:
    twin.body.terms.end_date.CopyFrom(twin.body.terms.start_date)
    assert _refused_at(made, twin, "terms") is Reason.CONTRACT_ALTERED


def test_an_exchange_for_no_parcels_is_refused(made: Made, twin: Twin) -> None:
    twin.body.terms.CopyFrom(convert.terms_to_proto(exchange()))
    del twin.body.terms.exchange_parcel_codes[:]
    assert _refused_at(made, twin, "terms") is Reason.CONTRACT_ALTERED


def test_a_shortened_digest_of_the_document_is_refused(made: Made, twin: Twin) -> None:
    twin.body.document_sha256 = twin.body.document_sha256[:31]
    assert _refused_at(made, twin, "paper") is Reason.CONTRACT_ALTERED


LESS: dict[str, object] = {"source": 2, "liveness": "active", "policy_id": "", "calibration_id": ""}


@pytest.mark.parametrize("side", ["transferor_signature", "transferee_signature"])
@pytest.mark.parametrize("name", sorted(LESS))
def test_an_unmarked_receipt_without_a_camera_and_full_liveness_is_refused(
    made: Made, twin: Twin, name: str, side: str
) -> None:
    setattr(getattr(twin, side).receipt, name, LESS[name])
    assert _refused_at(made, twin, "liveness") is Reason.RECEIPT_SIGNATURE_INVALID


@pytest.mark.parametrize("side", ["transferor_signature", "transferee_signature"])
def test_a_receipt_with_a_mark_that_the_body_has_not_is_refused(made: Made, twin: Twin, side: str) -> None:
    getattr(twin, side).receipt.mark = "demo"
    assert _refused_at(made, twin, "mark") is Reason.DEMO_MARK_REFUSED


def test_a_pdf_with_one_more_byte_is_refused(made: Made) -> None:
    assert made.check(made.message, PDF + b"\n").reason is Reason.CONTRACT_ALTERED


def test_every_single_changed_byte_of_the_file_is_found(made: Made) -> None:
    data = made.message.SerializeToString(deterministic=True)
    for place in range(len(data)):
        bent = data[:place] + bytes([data[place] ^ 1 << random.Random(place).randrange(8)]) + data[place + 1 :]
        assert not check_contract_file(bent, PDF, made.platform.key).passed, place


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 40])
def test_what_is_no_contract_is_refused(made: Made, data: bytes) -> None:
    assert not check_contract_file(data, PDF, made.platform.key).passed


def test_a_field_that_this_version_does_not_know_is_refused(made: Made) -> None:
    data = made.message.SerializeToString(deterministic=True) + b"\xfa\x3e\x01x"
    assert check_contract_file(data, PDF, made.platform.key).reason is Reason.CONTRACT_ALTERED


def test_a_contract_of_another_platform_is_refused(made: Made) -> None:
    other = FakePlatform()
    data = made.message.SerializeToString(deterministic=True)
    assert check_contract_file(data, PDF, other.key).reason is Reason.PLATFORM_SIGNATURE_INVALID
    other.stop()


def test_the_platform_alone_can_change_nothing(made: Made, twin: contract_pb2.Contract) -> None:
    twin.body.terms.rent_fen += 1
    twin.terms_digest = convert.body(twin.body).digest()
    for side in (twin.transferor_signature, twin.transferee_signature):
        side.receipt.binding.terms_digest = twin.terms_digest
        side.receipt.signature = made.platform.sign(convert.receipt(side.receipt).signed_bytes())
    made.platform.conclude(twin)
    assert made.check(twin).reason is Reason.PARTY_SIGNATURE_INVALID


@pytest.mark.parametrize("side", ["transferor_signature", "transferee_signature"])
def test_a_missing_signature_of_a_party_is_refused(made: Made, twin: contract_pb2.Contract, side: str) -> None:
    getattr(twin, side).signature = b""
    made.platform.conclude(twin)
    assert made.check(twin).reason is Reason.PARTY_SIGNATURE_INVALID


def test_a_missing_signature_of_the_platform_is_refused(made: Made, twin: contract_pb2.Contract) -> None:
    twin.platform_signature = b""
    assert made.check(twin).reason is Reason.PLATFORM_SIGNATURE_INVALID


def test_a_second_signature_by_the_same_party_is_refused(made: Made, twin: contract_pb2.Contract) -> None:
    twin.transferee_signature.CopyFrom(twin.transferor_signature)
    made.platform.conclude(twin)
    assert made.check(twin).reason is Reason.PARTY_SIGNATURE_INVALID


def _one_key(made: Made, twin: contract_pb2.Contract) -> None:
    twin.body.transferee.sign_key.CopyFrom(twin.body.transferor.sign_key)
    twin.body.transferee.sign_key_id = twin.body.transferor.sign_key_id


def _platforms_key(made: Made, twin: contract_pb2.Contract) -> None:
    key = made.platform.key
    twin.body.transferee.sign_key.CopyFrom(
        common_pb2.PublicKey(algorithm=common_pb2.KEY_ALGORITHM_ED25519, key=key.key)
    )
    twin.body.transferee.sign_key_id = key.key_id


def _one_device(made: Made, twin: contract_pb2.Contract) -> None:
    twin.transferee_signature.receipt.auth_key_id = twin.transferor_signature.receipt.auth_key_id


def _one_person(made: Made, twin: contract_pb2.Contract) -> None:
    twin.body.transferee.id_number = twin.body.transferor.id_number


def _one_receipt(made: Made, twin: contract_pb2.Contract) -> None:
    twin.transferee_signature.receipt.receipt_id = twin.transferor_signature.receipt.receipt_id


@pytest.mark.parametrize("bend", [_one_key, _platforms_key, _one_device, _one_person, _one_receipt])
def test_both_sides_must_be_two_people_even_when_everything_is_signed_anew(
    made: Made, twin: contract_pb2.Contract, bend: Callable[[Made, contract_pb2.Contract], None]
) -> None:
    bend(made, twin)
    made.resign(twin)
    report = made.check(twin)
    assert (report.reason, report.checks[-1].name) == (Reason.PARTY_SIGNATURE_INVALID, "two-people")


RECEIPT_BENDS: dict[str, tuple[str, object]] = {
    "another purpose": ("purpose", 1),
    "another account": ("account_id", "acc-9"),
    "another identity": ("identity_digest", bytes(32)),
    "another transfer": ("binding.transfer_id", "tr-9"),
    "another version": ("binding.contract_version", 9),
    "a later time": ("issue_time.seconds", 4_000_000_000),
}


@pytest.mark.parametrize("what", sorted(RECEIPT_BENDS))
def test_a_receipt_for_something_else_is_refused_even_when_everything_is_signed_anew(
    made: Made, twin: contract_pb2.Contract, what: str
) -> None:
    path, value = RECEIPT_BENDS[what]
    held: object = twin.transferee_signature.receipt
    *way, last = path.split(".")
    for name in way:
        held = getattr(held, name)
    setattr(held, last, value)
    made.resign(twin)
    assert made.check(twin).reason is Reason.RECEIPT_SIGNATURE_INVALID


def test_a_receipt_with_a_longer_window_than_its_purpose_allows_is_refused(
    made: Made, twin: contract_pb2.Contract
) -> None:
    receipt = twin.transferee_signature.receipt
    receipt.expire_time.FromDatetime(receipt.expire_time.ToDatetime() + dt.timedelta(seconds=1))
    made.resign(twin)
    assert made.check(twin).reason is Reason.RECEIPT_SIGNATURE_INVALID


def test_a_contract_concluded_after_the_receipts_window_is_refused(made: Made, twin: contract_pb2.Contract) -> None:
    twin.conclude_time.seconds += 181
    made.platform.conclude(twin)
    assert made.check(twin).reason is Reason.RECEIPT_SIGNATURE_INVALID


def test_a_contract_concluded_after_the_offer_expired_is_refused(made: Made, twin: contract_pb2.Contract) -> None:
    twin.body.offer_expire_time.seconds -= 8 * 86_400
    made.resign(twin)
    assert made.check(twin).reason is Reason.PLATFORM_SIGNATURE_INVALID


def test_a_demonstration_is_refused_unless_asked_for_by_name() -> None:
    for made in _make("demo"):
        assert made.check(made.message).reason is Reason.DEMO_MARK_REFUSED
        assert made.check(made.message, allow_mark="loadtest").reason is Reason.DEMO_MARK_REFUSED
        assert made.check(made.message, allow_mark="demo").passed


def test_a_demonstration_with_the_mark_taken_off_the_body_is_refused() -> None:
    for made in _make("demo"):
        made.message.body.mark = ""
        made.resign(made.message)
        assert made.check(made.message).reason is Reason.DEMO_MARK_REFUSED
        assert made.check(made.message, allow_mark="demo").reason is Reason.DEMO_MARK_REFUSED
