"""The one table from exceptions to statuses. Nothing else in the server builds a status."""

from __future__ import annotations

import logging
import traceback
import uuid

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from landseal.inference.reading import FaceReaderError
from landseal.server.domain.errors import DatabaseAway, FieldFault, Refused
from landseal.server.domain.reasons import Reason
from landseal.server.rpc.catalogue import CATALOGUE, DOMAIN

MAX_STATUS_BYTES = 5_600
"""Trailers over 8 KB may be lost on the way (gRPC's default); the status travels in base64, beside its message."""
MAX_METADATA_CHARS = 256
_RETRY_AFTER_S = {Reason.DATABASE_AWAY: 1.0, Reason.FACE_ENGINE_AWAY: 2.0}
_log = logging.getLogger(__name__)


def refusal_of(error: BaseException, *, spent: bool) -> Refused:
    """Returns what a client may know of an exception; what is not in the table is INTERNAL and logged under a number.

    ``spent`` says that the call's time is over: an engine that did not answer within it is not called away.
    """
    match error:
        case Refused() if CATALOGUE[error.reason].code:
            return error
        case DatabaseAway():
            return Refused(Reason.DEADLINE_EXCEEDED if spent else Reason.DATABASE_AWAY)
        case FaceReaderError():
            return Refused(Reason.DEADLINE_EXCEEDED if spent else Reason.FACE_ENGINE_AWAY)
    incident = uuid.uuid4().hex
    _log.error("incident %s: %s", incident, describe(error))
    return Refused(Reason.INTERNAL, metadata={"incident": incident})


def describe(error: BaseException) -> str:
    """Returns kind and places of an exception; never its text, which may repeat what somebody sent."""
    places = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__qualname__} at " + " < ".join(f"{p.filename}:{p.lineno} {p.name}" for p in reversed(places))


def status_of(refusal: Refused, language: str) -> status_pb2.Status:
    """Builds the status of a refusal: one ErrorInfo, one LocalizedMessage, and BadRequest and RetryInfo where they fit.

    Faults that do not fit into the trailers are left out and counted in the metadata ``faults_left_out``.
    """
    entry = CATALOGUE[refusal.reason]
    status = status_pb2.Status(code=entry.code, message=entry.en)
    info = error_details_pb2.ErrorInfo(reason=refusal.reason.value, domain=DOMAIN)
    for key, value in refusal.metadata.items():
        info.metadata[key] = value[:MAX_METADATA_CHARS]
    locale = "en" if language == "en" else "zh-CN"
    details: list[Message] = [
        error_details_pb2.LocalizedMessage(locale=locale, message=entry.sentence(language)),
    ]
    wait_s = refusal.retry_after_s if refusal.retry_after_s is not None else _RETRY_AFTER_S.get(refusal.reason)
    if wait_s is not None:
        details.append(_retry(wait_s))
    room = MAX_STATUS_BYTES - info.ByteSize() - sum(each.ByteSize() for each in details) - _OVERHEAD_BYTES
    fitting = _fitting(refusal.faults, room)
    if fitting.field_violations:
        details.append(fitting)
    if left_out := len(refusal.faults) - len(fitting.field_violations):
        info.metadata["faults_left_out"] = str(left_out)
    for each in (info, *details):
        status.details.add().Pack(each)
    return status


_OVERHEAD_BYTES = 600
"""Room for the type names of up to four details, the message and ``faults_left_out``."""


def _retry(wait_s: float) -> error_details_pb2.RetryInfo:
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(round(max(wait_s, 0.0) * 1000))
    return retry


def _fitting(faults: tuple[FieldFault, ...], room: int) -> error_details_pb2.BadRequest:
    bad = error_details_pb2.BadRequest()
    for fault in faults:
        violation = error_details_pb2.BadRequest.FieldViolation(field=fault.field, description=fault.text)
        room -= violation.ByteSize() + 4  # tag and length of the entry
        if room < 0:
            break
        bad.field_violations.append(violation)
    return bad


def grpc_status(refusal: Refused, language: str) -> grpc.Status:
    """Returns the status in the form that a servicer context takes."""
    status: grpc.Status = rpc_status.to_status(status_of(refusal, language))
    return status
