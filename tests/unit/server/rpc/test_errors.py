# ruff: noqa: ANN401 - fakes take and return whatever the real ones do
"""Whatever goes wrong behind the edge arrives as one typed status, and nothing of the inside leaks."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from support import edge_samples as samples
from support.edge import Running, bearer, running, signature

from landseal.common.v1 import common_pb2
from landseal.inference.reading import FaceReaderAway, FaceReaderBroken, FaceReaderTimeout
from landseal.server.domain.errors import AnswerExists, DatabaseAway, FieldFault, Refused
from landseal.server.domain.reasons import Reason
from landseal.server.rpc.catalogue import CATALOGUE
from landseal.server.rpc.errors import MAX_STATUS_BYTES, refusal_of, status_of

SECRET = "her-template-bytes"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("edge")) as started:
        yield started


def _failing(edge: Running, error: Exception) -> None:
    def fail(*_: Any) -> None:
        raise error

    edge.use_cases["capture"].effects["get"] = fail


@pytest.mark.parametrize(
    ("error", "reason", "code"),
    [
        (DatabaseAway(SECRET), "DATABASE_AWAY", grpc.StatusCode.UNAVAILABLE),
        (FaceReaderAway(SECRET), "FACE_ENGINE_AWAY", grpc.StatusCode.UNAVAILABLE),
        (FaceReaderTimeout(SECRET), "FACE_ENGINE_AWAY", grpc.StatusCode.UNAVAILABLE),
        (FaceReaderBroken(SECRET), "FACE_ENGINE_AWAY", grpc.StatusCode.UNAVAILABLE),
        (ValueError(SECRET), "INTERNAL", grpc.StatusCode.INTERNAL),
        (AnswerExists(SECRET), "INTERNAL", grpc.StatusCode.INTERNAL),
        (NotImplementedError(SECRET), "INTERNAL", grpc.StatusCode.INTERNAL),
        (grpc.RpcError(SECRET), "INTERNAL", grpc.StatusCode.INTERNAL),
        (Refused(Reason.FACE_NOT_MATCHED), "INTERNAL", grpc.StatusCode.INTERNAL),
        (Refused(Reason.STATE_FORBIDS, metadata={"state": "CONCLUDED"}), "STATE_FORBIDS", None),
    ],
)
def test_every_exception_has_one_reason_and_keeps_its_text(
    edge: Running, caplog: pytest.LogCaptureFixture, error: Exception, reason: str, code: grpc.StatusCode | None
) -> None:
    _failing(edge, error)
    with caplog.at_level(logging.DEBUG):
        refusal = edge.refusal("GetUpload", samples.requests()["GetUpload"])
    assert refusal.reason == reason
    assert code in (None, refusal.code)
    assert SECRET not in str(refusal)
    assert SECRET not in caplog.text
    assert SECRET not in edge.journal.getvalue()


def test_an_internal_error_is_found_again_by_its_number(edge: Running, caplog: pytest.LogCaptureFixture) -> None:
    _failing(edge, KeyError(SECRET))
    refusal = edge.refusal("GetUpload", samples.requests()["GetUpload"])
    assert refusal.metadata["incident"] in caplog.text
    assert "KeyError at" in caplog.text


def test_engines_that_are_away_say_when_to_come_back(edge: Running) -> None:
    _failing(edge, DatabaseAway())
    assert edge.refusal("GetUpload", samples.requests()["GetUpload"]).retry_s == 1.0


def test_an_engine_that_took_the_whole_budget_is_not_called_away() -> None:
    assert refusal_of(FaceReaderTimeout(), spent=True).reason is Reason.DEADLINE_EXCEEDED
    assert refusal_of(DatabaseAway(), spent=True).reason is Reason.DEADLINE_EXCEEDED


@pytest.mark.parametrize(
    ("language", "locale"),
    [("en", "en"), ("en-GB,zh;q=0.5", "en"), ("zh-CN", "zh-CN"), ("fr", "zh-CN"), (None, "zh-CN")],
)
def test_sentences_come_in_the_language_asked_for(edge: Running, language: str | None, locale: str) -> None:
    extra = (("accept-language", language),) if language else ()
    refusal = edge.refusal("GetSession", samples.requests()["GetSession"], extra)
    entry = CATALOGUE[Reason.TOKEN_MISSING]
    assert (refusal.locale, refusal.sentence) == (locale, entry.en if locale == "en" else entry.zh)


def test_all_faults_come_at_once(edge: Running) -> None:
    request = samples.requests()["RegisterAccount"]
    request.ClearField("device")
    request.login_name, request.password, request.legal_name = "Ä", "short", ""  # type: ignore[attr-defined]  # a sample
    refusal = edge.refusal("RegisterAccount", request)
    assert refusal.fields == ("login_name", "password", "legal_name", "device")
    assert refusal.metadata["field"] == "login_name"


def test_faults_that_do_not_fit_into_the_trailers_are_counted() -> None:
    faults = tuple(FieldFault(f"terms.parts[{n}].parcel_code", "必须是十九位数字" * 10) for n in range(200))
    metadata = {"codes": "x" * 10_000}
    status = status_of(Refused(Reason.TERMS_INVALID, metadata=metadata, faults=faults, retry_after_s=3.0), "zh")
    assert MAX_STATUS_BYTES / 2 < status.ByteSize() <= MAX_STATUS_BYTES


def test_a_client_reads_the_largest_status(edge: Running) -> None:
    faults = tuple(FieldFault(f"terms.parts[{n}].parcel_code", "必须是十九位数字" * 10) for n in range(200))
    _failing(edge, Refused(Reason.TERMS_INVALID, metadata={"codes": "x" * 10_000}, faults=faults))
    refusal = edge.refusal("GetUpload", samples.requests()["GetUpload"])
    assert len(refusal.fields) + int(refusal.metadata["faults_left_out"]) == 200


def test_proto_and_domain_name_the_same_reasons_and_each_is_complete() -> None:
    assert set(CATALOGUE) == set(Reason)
    for reason, entry in CATALOGUE.items():
        assert entry.zh, reason
        assert entry.en, reason
        assert entry.code == 0 or entry.code in {code.value[0] for code in grpc.StatusCode}, reason
        assert not entry.retryable or entry.code in (4, 8, 14), reason


def test_reasons_of_sessions_are_unauthenticated() -> None:
    for reason in Reason:
        if reason.name.startswith(("TOKEN_", "SESSION_")):
            assert CATALOGUE[reason].code == grpc.StatusCode.UNAUTHENTICATED.value[0]


def test_too_large_a_message_is_refused_before_it_is_read(edge: Running) -> None:
    request = samples.requests()["UploadChunk"]
    request.data = b"x" * (5 << 20)  # type: ignore[attr-defined]  # a sample
    with pytest.raises(grpc.RpcError) as caught:
        edge.call("UploadChunk", request)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_too_large_a_chunk_is_refused_with_its_field(edge: Running) -> None:
    request = samples.requests()["UploadChunk"]
    request.data = b"x" * ((512 << 10) + 1)  # type: ignore[attr-defined]  # a sample
    assert edge.refusal("UploadChunk", request).fields == ("data",)


def test_a_text_with_nul_is_refused_before_the_database_chokes_on_it(edge: Running) -> None:
    request = samples.requests()["SaveDraft"]
    request.terms.special_terms = "a\0b"  # type: ignore[attr-defined]  # a sample
    request.parcel_codes.append("\0")  # type: ignore[attr-defined]  # a sample
    refusal = edge.refusal("SaveDraft", request)
    assert set(refusal.fields) == {"parcel_codes[1]", "terms.special_terms"}


def test_a_version_that_no_contract_reaches_is_refused(edge: Running) -> None:
    request = samples.requests()["ProposeContract"]
    request.version = 2**32 - 1  # type: ignore[attr-defined]  # a sample
    assert edge.refusal("ProposeContract", request).fields == ("version",)


def test_a_day_that_does_not_exist_is_refused(edge: Running) -> None:
    request = samples.requests()["SaveDraft"]
    request.terms.start_date.month = 13  # type: ignore[attr-defined]  # a sample
    assert edge.refusal("SaveDraft", request).fields == ("terms.start_date",)


def test_a_cursor_beyond_all_numbers_is_read_as_the_last(edge: Running) -> None:
    request = samples.requests()["ListEvents"]
    request.after_cursor = 2**64 - 1  # type: ignore[attr-defined]  # a sample
    edge.call("ListEvents", request)
    assert edge.use_cases["inbox"].calls[-1][1][1] == 2**63 - 1


@pytest.mark.parametrize("seconds", [-(2**62), 2**62])
def test_an_impossible_time_of_signature_is_refused(edge: Running, seconds: int) -> None:
    message = common_pb2.CallSignature.FromString(signature()[1])
    message.signed_time.seconds = seconds
    metadata = (bearer(), ("landseal-call-bin", message.SerializeToString()))
    assert edge.refusal("Logout", samples.requests()["Logout"], metadata).reason == "CALL_SIGNATURE_INVALID"


def test_a_stranger_who_knows_a_request_id_does_not_get_the_token(edge: Running) -> None:
    edge.use_cases["session"].calls.clear()
    request = samples.requests()["Login"]
    first = edge.call("Login", request)
    request.login_id = "guessed"  # type: ignore[attr-defined]  # a sample
    edge.call("Login", request)
    assert len(edge.use_cases["session"].calls) == 2  # the stranger's own attempt, judged on its own
    assert edge.call("Login", request) is not first


def test_no_stored_name_or_digest_can_be_computed_without_the_key(tmp_path: Path) -> None:
    with running(tmp_path) as other:
        request = samples.requests()["StartLogin"]
        other.call("StartLogin", request)
        ((caller, _, _), answer), *_ = other.store.kept.items()
    for guess in (request.SerializeToString(), b"pw"):
        assert hashlib.sha256(guess).hexdigest() not in caller
        assert hashlib.sha256(guess).digest() != answer.request_digest
