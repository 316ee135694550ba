"""One door to the wire: what is signed is what is sent, because requests are serialised here, once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from landseal.clients.channel import CONTROL_TIMEOUT_S
from landseal.clients.errors import LandsealError, from_rpc
from landseal.clients.keys import AuthKey, DeviceKeys
from landseal.clients.localreasons import LocalReason
from landseal.common.v1 import common_pb2
from landseal.server.domain.times import Clock, from_millis, millis

CALL_SIGNATURE_KEY = "landseal-call-bin"
_Metadata = tuple[tuple[str, str | bytes], ...]
_Answer = TypeVar("_Answer", bound=Message)


@dataclass(frozen=True)
class Credentials:
    """A live session of this device."""

    token: str = field(repr=False)
    account_id: str
    session_id: str
    keys: DeviceKeys

    @property
    def auth(self) -> AuthKey:
        """Is the key that signs calls."""
        return self.keys.auth


def new_request_id() -> str:
    """Returns a fresh request_id; give the same one again to repeat a mutation safely."""
    return str(uuid.uuid4())


class Calls:
    """Makes calls: ``open`` without a token, all others with one and the device's signature."""

    def __init__(self, channel: grpc.Channel, server_key_id: str, clock: Clock) -> None:
        self.channel = channel
        self.server_key_id = server_key_id
        self.clock = clock
        self.credentials: Credentials | None = None
        self.language = "zh"

    def require(self) -> Credentials:
        """Returns the live session.

        Raises:
            LandsealError: NOT_LOGGED_IN.
        """
        if self.credentials is None:
            raise LandsealError(LocalReason.NOT_LOGGED_IN)
        return self.credentials

    def open(
        self, method: str, request: Message, answer: type[_Answer], timeout_s: float = CONTROL_TIMEOUT_S
    ) -> _Answer:
        """Calls a method that needs no token; ``method`` is like ``/landseal.session.v1.SessionService/Login``."""
        return self._send(method, serialise(request), answer, timeout_s, ())

    def read(
        self, method: str, request: Message, answer: type[_Answer], timeout_s: float = CONTROL_TIMEOUT_S
    ) -> _Answer:
        """Calls a method that changes nothing, with the token and a signature over the very bytes that are sent."""
        return self._signed(method, request, answer, timeout_s)

    def change(
        self, method: str, request: Message, answer: type[_Answer], timeout_s: float = CONTROL_TIMEOUT_S
    ) -> _Answer:
        """Calls a mutation; on the wire it differs from a read by its ``request_id`` (chunks have their offset)."""
        return self._signed(method, request, answer, timeout_s)

    def stream(self, method: str, request: Message, answer: type[_Answer]) -> tuple[grpc.Call, Iterator[_Answer]]:
        """Opens a server stream, signed like a read; returns the call, to cancel it, and the messages."""
        data = serialise(request)
        metadata = self._credentials(method, request, data)
        call = self.channel.unary_stream(method, None, answer.FromString)(data, metadata=metadata)
        return call, _messages(call)

    def _signed(self, method: str, request: Message, answer: type[_Answer], timeout_s: float) -> _Answer:
        data = serialise(request)
        return self._send(method, data, answer, timeout_s, self._credentials(method, request, data))

    def _credentials(self, method: str, request: Message, data: bytes) -> _Metadata:
        """The token and the device's signature over ``data``; without a ``request_id`` the empty one is signed."""
        held, now = self.require(), millis(self.clock())
        request_id = str(getattr(request, "request_id", ""))
        signature = held.auth.call(self.server_key_id, held.account_id, request_id, method, data, held.token, now)
        message = common_pb2.CallSignature(key_id=held.auth.key_id, signature=signature)
        message.signed_time.FromDatetime(from_millis(now))
        bearer = ("authorization", f"Bearer {held.token}")
        return (bearer, (CALL_SIGNATURE_KEY, message.SerializeToString()))

    def _send(self, method: str, data: bytes, answer: type[_Answer], timeout_s: float, metadata: _Metadata) -> _Answer:
        call = self.channel.unary_unary(method, None, answer.FromString)
        try:
            reply: _Answer = call(data, timeout=timeout_s, metadata=(*metadata, ("accept-language", self.language)))
        except grpc.RpcError as error:
            raise from_rpc(error) from None  # the cause repeats peer addresses and nothing more
        return reply


def serialise(request: Message) -> bytes:
    """Returns the bytes of a request as they are signed and sent."""
    return request.SerializeToString(deterministic=True)


def _messages(call: grpc.CallIterator[_Answer]) -> Iterator[_Answer]:
    try:
        yield from call
    except grpc.RpcError as error:
        raise from_rpc(error) from None
