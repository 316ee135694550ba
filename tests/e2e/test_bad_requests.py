"""Nonsense, forgery, replays and other people's ids: a typed reason, in both languages, that tells nothing apart."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from contextlib import closing

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from support import edge_samples as samples
from support.deal import Deal, feature, import_land, parcel_code
from support.edge import Told
from support.rooted import RootedDevice
from support.wire import RULES, Wire, alike

from landseal.capture.v1 import capture_pb2
from landseal.clients.calls import new_request_id
from landseal.clients.demo import cast
from landseal.clients.demo.people import Actor, enter, import_people
from landseal.clients.errors import sentence
from landseal.clients.keys import AuthKey
from landseal.inbox.v1 import inbox_pb2
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose
from landseal.server.rpc.method import Access
from landseal.session.v1 import session_pb2
from landseal.transfer.v1 import transfer_pb2
from landseal.verification.v1 import verification_pb2

from .conftest import Village

pytestmark = pytest.mark.engines
LANGUAGES = ("zh", "en")
_STREAMS = {"WatchEvents", "ImportParcels", "ImportFaces"}
_ADMIN = {short for short, (_, rule) in RULES.items() if rule.access is Access.ADMIN}
PUBLIC = sorted(set(RULES) - _ADMIN)
UNARY = sorted(set(PUBLIC) - _STREAMS)
LOGGED_IN = [short for short in PUBLIC if RULES[short][1].access in (Access.SESSION, Access.MUTATION)]
WITH_REQUEST_ID = [s for s in UNARY if "request_id" in samples.requests()[s].DESCRIPTOR.fields_by_name]


@pytest.fixture(scope="module")
def taker(village: Village) -> Wire:
    return Wire.of(village.taker)


def said(told: Told, reason: str, language: str) -> None:
    """The reason, and the catalogue's sentence in the language that was asked for."""
    assert told.reason == reason
    assert told.sentence == sentence(Reason[reason], language)
    assert told.locale == {"zh": "zh-CN", "en": "en"}[language]


# --- bytes that are no request ---


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", b"\x0a\xff", b"\x00"], ids=["tag", "cut", "zero"])
@pytest.mark.parametrize("short", PUBLIC)
def test_garbage_is_refused_with_a_type(taker: Wire, short: str, garbage: bytes, language: str) -> None:
    said(taker.refusal(short, garbage, language=language), "REQUEST_INVALID", language)


def _first_text(short: str) -> int:
    """Number of the first field that is text; 0 when there is none."""
    fields = samples.requests()[short].DESCRIPTOR.fields
    return next((each.number for each in fields if each.type == FieldDescriptor.TYPE_STRING), 0)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("short", [short for short in PUBLIC if _first_text(short)])
def test_text_that_is_not_utf8_is_refused_with_a_type(taker: Wire, short: str, language: str) -> None:
    for text in (b"\xc3\x28", b"\xed\xa0\x80", b"\xff"):
        raw = bytes([_first_text(short) << 3 | 2, len(text)]) + text
        said(taker.refusal(short, raw, language=language), "REQUEST_INVALID", language)


# --- request ids ---


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("short", WITH_REQUEST_ID)
def test_a_mutation_needs_a_uuid(taker: Wire, short: str, language: str) -> None:
    for value in ("", "17", "0" * 36, "'; DROP TABLE account; --"):
        request = samples.requests()[short]
        setattr(request, "request_id", value)  # noqa: B010 - not all messages have it
        told = taker.refusal(short, request, language=language)
        said(told, "REQUEST_INVALID", language)
        assert told.fields[0] == "request_id"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_id_is_good_for_one_request(taker: Wire, language: str) -> None:
    first = capture_pb2.CreateUploadRequest(request_id=new_request_id(), size_bytes=9, sha256=bytes(32))
    second = capture_pb2.CreateUploadRequest(request_id=first.request_id, size_bytes=10, sha256=bytes(32))
    taker.call("CreateUpload", first)
    said(taker.refusal("CreateUpload", second, language=language), "REQUEST_ID_REUSED", language)


def test_the_same_request_id_is_free_for_another_method_and_another_caller(village: Village, taker: Wire) -> None:
    request_id = new_request_id()
    upload = capture_pb2.CreateUploadRequest(request_id=request_id, size_bytes=9, sha256=bytes(32))
    own = capture_pb2.CreateUploadResponse.FromString(taker.call("CreateUpload", upload))
    theirs = capture_pb2.CreateUploadResponse.FromString(Wire.of(village.giver).call("CreateUpload", upload))
    assert own.upload.upload_id != theirs.upload.upload_id
    taker.call("AcknowledgeEvents", inbox_pb2.AcknowledgeEventsRequest(request_id=request_id))


# --- tokens, signatures, replays ---


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("short", LOGGED_IN)
def test_without_a_token_or_with_an_unknown_one_nothing_is_told(taker: Wire, short: str, language: str) -> None:
    request = samples.requests()[short]
    said(taker.refusal(short, request, (), language), "TOKEN_MISSING", language)
    for value in ("Bearer " + "A" * 43, "Basic abc", "Bearer ", "Bearer " + "x" * 300):
        said(taker.refusal(short, request, (("authorization", value),), language), "TOKEN_INVALID", language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("short", LOGGED_IN)
def test_a_call_that_the_sessions_device_did_not_sign_just_now_is_refused(
    village: Village, taker: Wire, short: str, language: str
) -> None:
    request = samples.requests()[short]
    request_id, data = str(getattr(request, "request_id", "")), request.SerializeToString(deterministic=True)
    other = Wire.of(village.giver)
    forged = {
        "none": (),
        "garbage": (("landseal-call-bin", b"\xff\xff"),),
        "another key": taker.signature(short, request_id, data, key=AuthKey(bytes(range(32)))),
        "another device": other.signature(short, request_id, data),
        "old": taker.signature(short, request_id, data, age_ms=121_000),
        "from the future": taker.signature(short, request_id, data, age_ms=-121_000),
        "another request": taker.signature(short, request_id, data + b"\xf8\xff\x03\x00"),
        "another method": taker.signature("Login", request_id, data),
        "another request_id": taker.signature(short, str(uuid.uuid4()), data),
        "twice": taker.signature(short, request_id, data) * 2,
    }
    for name, metadata in forged.items():
        told = taker.refusal(short, data, (*taker.bearer(), *metadata), language)
        said(told, "CALL_SIGNATURE_INVALID", language)
        assert told.metadata == {}, name


def test_a_stolen_token_with_the_thiefs_own_device_reads_and_does_nothing(village: Village, taker: Wire) -> None:
    thief = Wire.of(village.giver)
    request = session_pb2.LogoutRequest(request_id=new_request_id())
    data = request.SerializeToString()
    metadata = (*taker.bearer(), *thief.signature("Logout", request.request_id, data))
    said(taker.refusal("Logout", data, metadata), "CALL_SIGNATURE_INVALID", "zh")
    for short in ("GetSession", "ListContracts", "ListEvents", "WatchEvents"):
        told = taker.refusal(short, b"", (*taker.bearer(), *thief.signature(short, "", b"")))
        said(told, "CALL_SIGNATURE_INVALID", "zh")
    village.taker.client.session.get()


REPLAYED: dict[str, Message] = {
    "CreateUpload": capture_pb2.CreateUploadRequest(size_bytes=77, sha256=bytes(32)),
    "CreateVerification": verification_pb2.CreateVerificationRequest(purpose=verification_pb2.PURPOSE_CODE),
    "AcknowledgeEvents": inbox_pb2.AcknowledgeEventsRequest(through_cursor=0),
}


@pytest.mark.parametrize("short", REPLAYED)
def test_a_replayed_call_gets_the_same_answer_byte_for_byte(taker: Wire, short: str) -> None:
    request = type(REPLAYED[short])()
    request.CopyFrom(REPLAYED[short])
    setattr(request, "request_id", new_request_id())  # noqa: B010 - not all messages have it
    metadata = taker.credentials(short, request)
    first = taker.call(short, request, metadata)
    assert taker.call(short, request, metadata) == first
    # Signed anew at another time it is still the same request.
    assert taker.call(short, request) == first


# --- ids ---


@dataclasses.dataclass
class Theirs:
    """What two people own that a third asks for, by the name of the id's field."""

    outsider: Actor
    wire: Wire
    ids: dict[str, str]
    own: dict[str, str]
    """The outsider's own things of the same kind, where one is needed to come as far as the other id."""


@pytest.fixture(scope="module")
def theirs(village: Village) -> Iterator[Theirs]:
    giver, taker = village.giver, village.taker
    import_land(village.stage, [feature(parcel_code(1), giver.player, 1)])
    with closing(village.stage.admin()) as admin:
        import_people(admin, [cast.bystander()])
        outsider = enter(village.stage, admin, cast.bystander(), village.models)
    deal = Deal(village.stage, giver, taker, parcel_code(1)).begin()
    contract = deal.conclude()
    assert deal.land is not None
    device, own = RootedDevice(giver), RootedDevice(outsider)
    upload = device.begin_upload(9, bytes(32)).upload_id
    ids = {
        "upload_id": upload,
        "verification_id": device.ask().verification_id,
        "receipt_id": deal.land.receipt_id,
        "transfer_id": deal.transfer_id,
        "contract_id": contract.contract_id,
        "binding.transfer_id": deal.transfer_id,
    }
    mine = {"verification_id": own.ask().verification_id}
    yield Theirs(outsider, Wire.of(outsider), ids, mine)
    outsider.client.close()


NOT_YOURS, RECEIPT_INVALID = "NOT_YOURS", "RECEIPT_INVALID"
IDS: dict[tuple[str, str], str] = {
    ("UploadChunk", "upload_id"): NOT_YOURS,
    ("GetUpload", "upload_id"): NOT_YOURS,
    ("CreateVerification", "binding.transfer_id"): NOT_YOURS,
    ("SubmitVerification", "verification_id"): NOT_YOURS,
    ("SubmitVerification", "upload_id"): NOT_YOURS,
    ("GetVerification", "verification_id"): NOT_YOURS,
    ("ListOwnParcels", "receipt_id"): RECEIPT_INVALID,
    ("GetOwnParcel", "receipt_id"): RECEIPT_INVALID,
    ("CreateTransfereeCode", "receipt_id"): RECEIPT_INVALID,
    ("SaveDraft", "transfer_id"): NOT_YOURS,
    ("SaveDraft", "receipt_id"): NOT_YOURS,
    ("DownloadDraft", "transfer_id"): NOT_YOURS,
    ("ProposeContract", "transfer_id"): NOT_YOURS,
    ("ProposeContract", "receipt_id"): NOT_YOURS,
    ("ConfirmContract", "transfer_id"): NOT_YOURS,
    ("ConfirmContract", "receipt_id"): NOT_YOURS,
    ("DeclineContract", "transfer_id"): NOT_YOURS,
    ("CancelTransfer", "transfer_id"): NOT_YOURS,
    ("GetTransfer", "transfer_id"): NOT_YOURS,
    ("GetContract", "contract_id"): NOT_YOURS,
    ("DownloadContract", "contract_id"): NOT_YOURS,
}
"""Every place where a caller names a thing, and how they hear that it is not theirs."""
NO_THING = {
    "request_id": "the caller's own choice",
    "login_id": "an opening's secret: whoever does not know it has no login (see the next test)",
    "auth_key_id": "a public key's name; whether it fits is told in the second step only",
    "transferor_account_id": "compared with the receipt's account, never looked up",
}


def _places(short: str) -> Iterator[str]:
    descriptor = samples.requests()[short].DESCRIPTOR
    for name, field in descriptor.fields_by_name.items():
        if name.endswith("_id") and name not in NO_THING:
            yield name
        inside = field.message_type.fields_by_name if field.message_type is not None else ()
        yield from (f"{name}.{inner}" for inner in inside if inner.endswith("_id"))


def test_the_table_names_every_place_where_an_id_is_given() -> None:
    assert {(short, place) for short in PUBLIC for place in _places(short)} == set(IDS)


def _naming(short: str, place: str, value: str, theirs: Theirs) -> Message:
    """A good request that names this thing; the other things it names are the outsider's own."""
    request = samples.requests()[short]
    for name, own in theirs.own.items():
        if name in request.DESCRIPTOR.fields_by_name:
            setattr(request, name, own)
    if place == "binding.transfer_id":
        assert isinstance(request, verification_pb2.CreateVerificationRequest)
        request.purpose = verification_pb2.PURPOSE_LAND_READ
        request.binding.transfer_id = value
    else:
        setattr(request, place, value)
    return request


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("short", "place"), IDS)
def test_other_peoples_things_and_things_that_do_not_exist_are_refused_alike(
    theirs: Theirs, short: str, place: str, language: str
) -> None:
    existing, missing = (
        theirs.wire.refusal(short, _naming(short, place, value, theirs), language=language)
        for value in (theirs.ids[place], str(uuid.uuid4()))
    )
    said(existing, IDS[short, place], language)
    assert alike(existing, missing)


@pytest.mark.parametrize("nonsense", ["x", "../../etc/passwd", "' OR '1'='1", "\u0000", "é" * 64, "1" * 64])
def test_nonsense_as_an_id_is_refused_with_a_type(theirs: Theirs, nonsense: str) -> None:
    for short, place in IDS:
        told = theirs.wire.refusal(short, _naming(short, place, nonsense, theirs))
        assert told.reason == ("REQUEST_INVALID" if nonsense == "\u0000" else IDS[short, place])


def test_a_receipt_opens_nothing_for_another_purpose_or_transfer(village: Village, theirs: Theirs) -> None:
    """The transferor's own LAND_READ receipt, where others are wanted."""
    giver = Wire.of(village.giver)
    receipt_id = theirs.ids["receipt_id"]
    request = transfer_pb2.CreateTransfereeCodeRequest(request_id=new_request_id(), receipt_id=receipt_id)
    said(giver.refusal("CreateTransfereeCode", request), RECEIPT_INVALID, "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_login_without_its_first_step_is_refused(taker: Wire, language: str) -> None:
    request = session_pb2.LoginRequest(request_id=new_request_id(), login_id=str(uuid.uuid4()), signature=b"s" * 64)
    said(taker.refusal("Login", request, language=language), "LOGIN_REFUSED", language)


def test_the_first_step_of_a_login_tells_nothing_about_who_exists(village: Village, taker: Wire) -> None:
    shapes = set()
    for name, password in (
        (village.giver.player.login_name, "wrong"),
        ("nobody-here", "wrong"),
        (village.giver.player.login_name, village.giver.player.password),
    ):
        request = session_pb2.StartLoginRequest(
            request_id=new_request_id(), login_name=name, password=password, auth_key_id=village.giver.keys.auth.key_id
        )
        answer = session_pb2.StartLoginResponse.FromString(taker.call("StartLogin", request))
        shapes.add(
            tuple(
                (field.name, len(value) if isinstance(value, str | bytes) else 0)
                for field, value in answer.ListFields()
            )
        )
        refused = session_pb2.LoginRequest(request_id=new_request_id(), login_id=answer.login_id, signature=b"s" * 64)
        said(taker.refusal("Login", refused), "LOGIN_REFUSED", "zh")
    assert len(shapes) == 1


@pytest.mark.parametrize("short", sorted(_ADMIN))
def test_the_administrators_methods_are_unknown_to_everybody_else(taker: Wire, short: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        taker.channel.unary_unary(RULES[short][0], None, None)(b"", timeout=5, metadata=taker.bearer())
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_nobody_is_asked_for_their_face_before_there_is_something_to_verify_for(theirs: Theirs) -> None:
    device = RootedDevice(theirs.outsider)
    for purpose in (Purpose.LAND_READ, Purpose.SIGN):
        request = verification_pb2.CreateVerificationRequest(
            request_id=new_request_id(), purpose=verification_pb2.Purpose.ValueType(purpose)
        )
        said(theirs.wire.refusal("CreateVerification", request), "NOTICE_REQUIRED", "zh")
    assert device.ask(Purpose.CODE, Binding()).instruction.actions
