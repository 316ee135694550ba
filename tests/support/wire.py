"""Raw calls with whatever metadata a test wants, and what a client can read in the refusal."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import grpc
from google.protobuf.message import Message
from support.edge import Told, told

from landseal.clients.calls import CALL_SIGNATURE_KEY, Calls
from landseal.clients.demo.people import Actor
from landseal.clients.keys import AuthKey
from landseal.common.v1 import common_pb2
from landseal.server.domain.times import from_millis, millis
from landseal.server.rpc.method import Access, Rule
from landseal.server.rpc.services import TABLE

Metadata = tuple[tuple[str, str | bytes], ...]
RULES: dict[str, tuple[str, Rule]] = {
    short: (f"/{service}/{short}", rule) for service, rules in TABLE.items() for short, rule in rules.items()
}
"""Full name and rule of every method by its own name."""


@dataclass(frozen=True)
class Wire:
    """Calls as one actor's device, bent at will."""

    calls: Calls
    channel: grpc.Channel = field(repr=False)

    @classmethod
    def of(cls, actor: Actor) -> Wire:
        calls = actor.client._calls
        return cls(calls, calls.channel)

    def bearer(self) -> Metadata:
        return (("authorization", f"Bearer {self.calls.require().token}"),)

    def signature(
        self, short: str, request_id: str, data: bytes, *, key: AuthKey | None = None, age_ms: int = 0
    ) -> Metadata:
        """A call's signature as the device makes it, unless another key or another time is given."""
        held, now = self.calls.require(), millis(self.calls.clock()) - age_ms
        name, signer = RULES[short][0], key or held.auth
        signed = signer.call(self.calls.server_key_id, held.account_id, request_id, name, data, held.token, now)
        message = common_pb2.CallSignature(key_id=held.auth.key_id, signature=signed)
        message.signed_time.FromDatetime(from_millis(now))
        return ((CALL_SIGNATURE_KEY, message.SerializeToString()),)

    def credentials(self, short: str, request: Message | bytes) -> Metadata:
        """Everything that the method wants of an honest caller."""
        rule = RULES[short][1]
        data = _bytes(request)
        request_id = "" if isinstance(request, bytes) else str(getattr(request, "request_id", ""))
        match rule.access:
            case Access.SESSION | Access.MUTATION:
                return (*self.bearer(), *self.signature(short, request_id, data))
        return ()

    def call(
        self, short: str, request: Message | bytes, metadata: Metadata | None = None, language: str = "zh"
    ) -> bytes:
        """Returns the answer's bytes.

        Raises:
            grpc.RpcError: as the server refused it.
        """
        sent = self.credentials(short, request) if metadata is None else metadata
        name = RULES[short][0]
        if short == "WatchEvents":
            stream = self.channel.unary_stream(name, None, bytes)
            first: bytes = next(
                iter(stream(_bytes(request), timeout=20, metadata=(*sent, ("accept-language", language))))
            )
            return first
        stub = self.channel.unary_unary(name, None, bytes)
        answer: bytes = stub(_bytes(request), timeout=20, metadata=(*sent, ("accept-language", language)))
        return answer

    def refusal(
        self, short: str, request: Message | bytes, metadata: Metadata | None = None, language: str = "zh"
    ) -> Told:
        """What the client is told by a call that must fail."""
        try:
            self.call(short, request, metadata, language)
        except grpc.RpcError as error:
            return told(error)
        raise AssertionError(f"{short} was answered")


def alike(one: Told, other: Told) -> bool:
    """Whether a client cannot tell two refusals apart, down to the byte."""
    return one.status == other.status and dataclasses.replace(one, status=other.status) == other


def _bytes(request: Message | bytes) -> bytes:
    return request if isinstance(request, bytes) else request.SerializeToString(deterministic=True)
