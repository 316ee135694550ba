"""Who calls: the token, the call's signature, the administrator's certificate."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import grpc
from google.protobuf.message import DecodeError

from landseal.common.v1 import common_pb2
from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason
from landseal.server.domain.records import Caller
from landseal.server.usecases.sessions import CallProof

CALL_SIGNATURE_KEY = "landseal-call-bin"
_BEARER = "Bearer "
_MAX_TOKEN_CHARS = 256
_MAX_SECONDS = 253_402_300_799
"""End of the year 9999, the last second of google.protobuf.Timestamp."""

Metadata = Mapping[str, Sequence[str | bytes]]
"""Request metadata by key."""


class Doorkeeper(Protocol):
    """What the edge needs of :class:`landseal.server.usecases.sessions.Sessions`."""

    def authenticate(self, token: str) -> Caller:
        """Returns who holds the token; raises Refused TOKEN_INVALID or SESSION_*."""

    def check_call_signature(
        self, caller: Caller, proof: CallProof, request_id: str, method: str, request: bytes, token: str
    ) -> None:
        """Raises Refused CALL_SIGNATURE_INVALID unless the session's device signed this very request just now."""


def metadata_of(context: grpc.ServicerContext) -> Metadata:
    """Gathers the metadata of a call; keys may come more than once."""
    gathered: dict[str, list[str | bytes]] = {}
    for key, value in context.invocation_metadata():
        gathered.setdefault(key, []).append(value)
    return gathered


def language_of(metadata: Metadata) -> str:
    """Returns ``en`` if the client prefers English, else ``zh``."""
    asked = metadata.get("accept-language", ("zh",))[0]
    return "en" if isinstance(asked, str) and asked.strip().lower().startswith("en") else "zh"


def token_of(metadata: Metadata) -> str:
    """Returns the bearer token.

    Raises:
        Refused: TOKEN_MISSING without one; TOKEN_INVALID when there are two or it is no token at all.
    """
    values = metadata.get("authorization", ())
    if not values:
        raise Refused(Reason.TOKEN_MISSING)
    value = values[0]
    if len(values) > 1 or not isinstance(value, str) or not value.startswith(_BEARER):
        raise Refused(Reason.TOKEN_INVALID)
    token = value.removeprefix(_BEARER)
    if not (0 < len(token) <= _MAX_TOKEN_CHARS and token.isascii() and token.isprintable()):
        raise Refused(Reason.TOKEN_INVALID)
    return token


def proof_of(metadata: Metadata) -> CallProof:
    """Returns the call's signature.

    Raises:
        Refused: CALL_SIGNATURE_INVALID when it is missing, doubled or not a CallSignature with a possible time.
    """
    values = metadata.get(CALL_SIGNATURE_KEY, ())
    if len(values) != 1 or not isinstance(values[0], bytes):
        raise Refused(Reason.CALL_SIGNATURE_INVALID)
    try:
        message = common_pb2.CallSignature.FromString(values[0])
    except DecodeError:
        raise Refused(Reason.CALL_SIGNATURE_INVALID) from None
    time = message.signed_time
    if not (0 <= time.seconds <= _MAX_SECONDS and 0 <= time.nanos < 1_000_000_000):
        raise Refused(Reason.CALL_SIGNATURE_INVALID)
    return CallProof(message.key_id, time.seconds * 1000 + time.nanos // 1_000_000, message.signature)


def administrator_of(context: grpc.ServicerContext, names: Collection[str]) -> str:
    """Returns the name of the client certificate that TLS has checked.

    ``names`` are the common names of administrators: the roots may well issue certificates to others, too.

    Raises:
        Refused: NOT_YOURS without one of these, even if a listener was opened without asking for certificates.
    """
    auth = context.auth_context()
    certificates: object = auth.get("x509_pem_cert", ())
    if not isinstance(certificates, list | tuple) or not certificates:
        raise Refused(Reason.NOT_YOURS)
    stated: object = auth.get("x509_common_name", ())
    if not isinstance(stated, list | tuple) or len(stated) != 1 or stated[0] not in {name.encode() for name in names}:
        raise Refused(Reason.NOT_YOURS)
    return f"admin:{hashlib.sha256(certificates[0]).hexdigest()[:32]}"
