"""What goes through the edge is the same on both sides; what cannot be read is refused with its field."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import random

import pytest
from support import edge_samples as samples
from support.land import lease, parcel

from landseal.capture.v1 import capture_pb2
from landseal.common.v1 import common_pb2, reason_pb2
from landseal.contract.v1 import contract_pb2
from landseal.land.v1 import land_pb2
from landseal.server.domain.contract import Role
from landseal.server.domain.errors import Refused
from landseal.server.domain.keys import KeyAlgorithm
from landseal.server.domain.parcel import LandUse
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import CaptureSource, Purpose
from landseal.server.domain.records import DeviceClass, Event, EventKind, VerificationState
from landseal.server.domain.signing import instruction_digest
from landseal.server.domain.terms import ContractTerms, ParcelPart, TransferKind, empty_terms
from landseal.server.domain.transfer import State
from landseal.server.rpc.convert import inbox, land, transfer, verification
from landseal.server.rpc.convert.capture import parse_burst
from landseal.server.rpc.convert.terms import CHOICES, read_terms, terms
from landseal.server.rpc.convert.values import read_public_key
from landseal.server.usecases.verifications import Judgement
from landseal.transfer.v1 import transfer_pb2
from landseal.verification.v1 import verification_pb2

_ENUMS = [
    (Role, common_pb2.Role, "ROLE_"),
    (KeyAlgorithm, common_pb2.KeyAlgorithm, "KEY_ALGORITHM_"),
    (DeviceClass, common_pb2.DeviceClass, "DEVICE_CLASS_"),
    (Purpose, verification_pb2.Purpose, "PURPOSE_"),
    (CaptureSource, verification_pb2.CaptureSource, "CAPTURE_SOURCE_"),
    (VerificationState, verification_pb2.Verification.State, "STATE_"),
    (State, transfer_pb2.Transfer.State, "STATE_"),
    (LandUse, land_pb2.LandUse, "LAND_USE_"),
    *((choice, getattr(contract_pb2, choice.__name__), None) for choice in CHOICES.values()),
]


@pytest.mark.parametrize(("ours", "theirs", "prefix"), _ENUMS, ids=lambda each: getattr(each, "__name__", None))
def test_enums_have_the_same_names_and_numbers_in_domain_and_proto(
    ours: type, theirs: object, prefix: str | None
) -> None:
    values = dict(theirs.items())  # type: ignore[attr-defined]  # a wrapper of an enum
    lead = prefix if prefix is not None else next(name for name in values).removesuffix("UNSPECIFIED")
    assert {name.removeprefix(lead): number for name, number in values.items()} == {e.name: e.value for e in ours}  # type: ignore[attr-defined]  # an enum


def test_terms_have_the_same_fields_in_domain_and_proto() -> None:
    names = [field.name for field in contract_pb2.ContractTerms.DESCRIPTOR.fields]
    assert names == [field.name for field in dataclasses.fields(ContractTerms)]


@pytest.mark.parametrize(
    "it",
    [
        lease(),
        empty_terms(TransferKind.UNSPECIFIED),
        lease(
            parts=(ParcelPart(parcel().code, 100),), exchange_parcel_codes=(parcel(2).code,), late_per_ten_thousand=0
        ),
    ],
    ids=["whole", "empty", "parts"],
)
def test_terms_survive_the_way_there_and_back(it: ContractTerms) -> None:
    wire = terms(it).SerializeToString()
    assert read_terms(contract_pb2.ContractTerms.FromString(wire)) == it


@pytest.mark.parametrize(("year", "month", "day"), [(2027, 2, 29), (0, 1, 1), (2027, 0, 0), (10_000, 1, 1), (-1, 1, 1)])
def test_days_that_do_not_exist_are_refused_with_their_field(year: int, month: int, day: int) -> None:
    message = contract_pb2.ContractTerms()
    message.end_date.year, message.end_date.month, message.end_date.day = year, month, day
    with pytest.raises(Refused) as caught:
        read_terms(message)
    assert caught.value.metadata == {"field": "terms.end_date"}


def test_instants_keep_their_milliseconds() -> None:
    message = verification.receipt(samples.RECEIPT)
    assert message.issue_time.ToDatetime(dt.UTC) == samples.NOW


def test_the_instruction_says_what_it_signs() -> None:
    it = samples.VERIFICATION
    message = verification.verification(it)
    assert message.instruction.digest == instruction_digest(
        message.instruction.lead_in_ms,
        message.instruction.frame_interval_ms,
        message.instruction.frame_count,
        [(action.shape, action.hold_ms) for action in message.instruction.actions],
    )
    assert (
        message.instruction.text_zh
        == "先放松0.6秒，然后依次张大嘴0.6秒、嘟起嘴1.2秒、咧开嘴0.8秒、闭上嘴1秒、张大嘴1.4秒。"
    )
    assert message.instruction.text_en.startswith("Relax for 0.6 s, then open your mouth wide for 0.6 s, then round")


def test_a_judged_verification_shows_no_instruction_and_no_nonce() -> None:
    message = verification.verification(dataclasses.replace(samples.VERIFICATION, state=VerificationState.REFUSED))
    assert not message.HasField("instruction")
    assert not message.nonce


def test_a_refusal_has_a_hint_and_never_a_receipt() -> None:
    message = verification.judged(Judgement(Reason.FACE_NOT_MATCHED, 1, samples.RECEIPT))
    assert message.reason == reason_pb2.REASON_FACE_NOT_MATCHED
    assert message.hint_zh
    assert message.hint_en
    assert not message.HasField("receipt")


def test_a_pass_has_a_receipt_and_no_hint() -> None:
    message = verification.judged(Judgement(Reason.PASSED, 1, samples.RECEIPT))
    assert (message.reason, message.hint_zh, message.hint_en) == (reason_pb2.REASON_PASSED, "", "")
    assert message.receipt.receipt_id == samples.RECEIPT.receipt_id


def test_a_parcel_never_names_its_contractor() -> None:
    wire = land.parcel(parcel(), with_rings=True).SerializeToString()
    assert parcel().owner_id_number.encode() not in wire
    assert parcel().owner_name.encode() not in wire


def test_rings_come_only_with_one_parcel() -> None:
    assert not land.parcel(parcel(), with_rings=False).rings
    (ring,) = land.parcel(parcel(), with_rings=True).rings
    assert len(ring.coordinates) == 10
    assert list(ring.coordinates[:2]) == list(ring.coordinates[-2:])


def test_a_transfer_without_a_draft_shows_none() -> None:
    message = transfer.transfer(dataclasses.replace(samples.VIEW, draft=None))
    assert not message.HasField("body")
    assert not message.terms_digest


def test_every_kind_of_event_is_carried() -> None:
    details = {"payload": "p", "masked_name": "王**", "transfer_id": "t", "state": "S"}
    details |= {"version": "2", "contract_id": ""}
    for kind in EventKind:
        message = inbox.event(Event("a", 7, samples.NOW, kind, details))
        assert message.WhichOneof("what") == kind.value.lower()


@pytest.mark.parametrize("algorithm", [0, 2, 99])
def test_keys_of_unknown_algorithms_are_refused(algorithm: int) -> None:
    with pytest.raises(Refused) as caught:
        read_public_key(common_pb2.PublicKey(algorithm=algorithm, key=b"k" * 32), "auth_key")  # type: ignore[arg-type]  # any number travels
    assert (caught.value.reason, caught.value.metadata) == (Reason.KEY_INVALID, {"field": "auth_key"})


def _burst(*frames: tuple[bytes, int]) -> bytes:
    return capture_pb2.FrameBurst(
        frames=[capture_pb2.Frame(image=image, offset_ms=offset) for image, offset in frames]
    ).SerializeToString()


def test_a_burst_is_read_in_its_order() -> None:
    frames = [(b"%d" % n, n * 200) for n in range(64)]
    assert parse_burst(_burst(*frames)) == frames


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xff",
        _burst((b"", 0)),
        _burst((b"a", 5), (b"b", 5)),
        _burst((b"a", 5), (b"b", 4)),
        _burst(*[(b"a", n) for n in range(65)]),
        _burst((b"x" * ((3 << 20) + 1), 0)),
        _burst((b"a", 0))[:-1] + b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
    ids=["empty", "garbage", "no image", "same time", "backwards", "too many", "too large", "cut"],
)
def test_what_is_no_burst_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        parse_burst(data)
    assert caught.value.reason is Reason.BURST_MALFORMED


def test_mutated_bursts_are_read_or_refused_and_nothing_else() -> None:
    rng = random.Random(7)
    good = _burst(*[(bytes(rng.randbytes(20)), n * 200) for n in range(10)])
    for _ in range(2_000):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        with contextlib.suppress(Refused):
            assert 0 < len(parse_burst(bytes(data[: rng.randrange(len(data) + 1)]))) <= 64
