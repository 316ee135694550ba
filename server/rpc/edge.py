"""The edge: one wrapper around every handler. What is said here is said nowhere else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError, Message

from landseal.server.domain.budget import Budget
from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason
from landseal.server.rpc.answers import Answers, Fingerprints
from landseal.server.rpc.call import Call, serialise
from landseal.server.rpc.caller import (
    Doorkeeper,
    Metadata,
    administrator_of,
    language_of,
    metadata_of,
    proof_of,
    token_of,
)
from landseal.server.rpc.errors import grpc_status, refusal_of
from landseal.server.rpc.gate import Gates
from landseal.server.rpc.journal import CANCELLED, Journal, Line, peer_kind
from landseal.server.rpc.method import Access, Method
from landseal.server.rpc.patience import patiently
from landseal.server.rpc.stream import GrpcStream

_LOGGED_IN = (Access.SESSION, Access.MUTATION)


@dataclass(frozen=True)
class Edge:
    """Wraps handlers. A call passes, in this order:

    1. the gate: overload is refused before anything is spent on the call (watches pass beside it);
    2. the deadline: what is left of it becomes the budget, and a call whose time is over is not begun;
    3. the caller: without a live session (or a certificate) nothing is said about the request;
    4. the bytes: anything that is no message is refused;
    5. the call's signature, wherever a token is: a stolen token alone reads and does nothing;
    6. the fields, all faults at once;
    7. the stored answer, for whatever has a request_id;
    8. the handler.
    """

    doorkeeper: Doorkeeper
    answers: Answers
    fingerprints: Fingerprints
    journal: Journal
    gates: Gates
    max_deadline_s: float
    admin_names: frozenset[str]
    """Common names of the client certificates that administrators show."""

    def wrap(self, method: Method, arrived: Callable[[], None]) -> grpc.RpcMethodHandler[Any, Any]:
        """Returns the handler that gRPC calls: raw bytes in and out, so that digests and stored answers are exact.

        ``arrived`` is told when a call has its request (or, where requests are streamed, its turn).
        """
        match method.streams_in, method.streams_out:
            case False, False:
                return grpc.unary_unary_rpc_method_handler(patiently(self._unary(method), arrived))
            case False, True:
                return grpc.unary_stream_rpc_method_handler(patiently(self._watch(method), arrived))
            case True, True:
                return grpc.stream_stream_rpc_method_handler(patiently(self._duplex(method), arrived))
        raise ValueError(f"{method.name} streams in only; there is no such method")

    def _unary(self, method: Method) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        def behave(raw: bytes, context: grpc.ServicerContext) -> bytes:
            opened = _Opened.of(method, context)
            try:
                with self.gates.passed(method.rule.gate):
                    call = self._admit(opened)
                    response = self._answer(opened, call, raw)
            except Exception as error:
                opened.abort(error)
            else:
                context.set_trailing_metadata(tuple(call.trailers.items()))
                opened.settle()
                return response
            finally:
                self.journal.close(opened.line)

        return behave

    def _answer(self, opened: _Opened, call: Call, raw: bytes) -> bytes:
        request = self._read(opened, call, raw)
        if not opened.method.has_request_id:
            return self._handle(opened, request, call)
        return self.answers.once(call, lambda: self._handle(opened, request, call))

    @staticmethod
    def _handle(opened: _Opened, request: Message, call: Call) -> bytes:
        opened.demand_listening()
        answer: Message | bytes = opened.method.handler(request, call)
        return answer if isinstance(answer, bytes) else serialise(answer)

    def _watch(self, method: Method) -> Callable[[bytes, grpc.ServicerContext, Callable[[bytes | None], None]], None]:
        def behave(raw: bytes, context: grpc.ServicerContext, send: Callable[[bytes | None], None]) -> None:
            opened = _Opened.of(method, context)
            stream = GrpcStream(context, send, opened.language, opened.note)
            if not stream.on_close(lambda: self.journal.close(opened.line)):
                return  # the client is gone before anything began
            try:  # past the gate: watches take no place, and after a restart all clients come back at once
                call = self._admit(opened)
                method.handler(self._read(opened, call, raw), call, stream)
            except Exception as error:
                opened.abort(error)

        behave.experimental_non_blocking = True  # type: ignore[attr-defined]  # how grpc learns of the third argument
        return behave

    def _duplex(self, method: Method) -> Callable[[Iterator[bytes], grpc.ServicerContext], Iterator[bytes]]:
        def behave(raw: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            opened = _Opened.of(method, context)
            try:
                with self.gates.passed(method.rule.gate):
                    call = self._admit(opened)
                    requests = (self._parsed(method, each) for each in raw)
                    yield from map(serialise, method.handler(requests, call))
                opened.settle()
            except Exception as error:
                opened.abort(error)
            finally:
                self.journal.close(opened.line)

        return behave

    def _admit(self, opened: _Opened) -> Call:
        """Finds deadline and caller, in this order."""
        opened.budget = budget = self._budget(opened.context)
        method = opened.method
        if method.rule.access in _LOGGED_IN:
            token = token_of(opened.metadata)
            caller = self.doorkeeper.authenticate(token)
            opened.line.account_id = caller.account_id
            return Call(method.name, budget, opened.line, caller.account_id, token, caller)
        if method.rule.access is Access.ADMIN:
            opened.line.account_id = administrator = administrator_of(opened.context, self.admin_names)
            return Call(method.name, budget, opened.line, administrator)
        return Call(method.name, budget, opened.line, "")

    def _budget(self, context: grpc.ServicerContext) -> Budget:
        # without a deadline grpc says infinity, or a very large number
        left: float | None = context.time_remaining()
        seconds = self.max_deadline_s if left is None or not math.isfinite(left) else min(left, self.max_deadline_s)
        budget = Budget.of_seconds(seconds)
        budget.left_s()
        return budget

    def _read(self, opened: _Opened, call: Call, raw: bytes) -> Message:
        """Parses and checks one request and names the call by it."""
        method = opened.method
        request = _parse(method, raw)
        if method.has_request_id:
            call.request_id = _text(request, "request_id")
            call.request_digest = self.fingerprints.request(method.name, raw)
        if method.rule.access in _LOGGED_IN:
            proof = proof_of(opened.metadata)
            self.doorkeeper.check_call_signature(call.caller, proof, call.request_id, method.name, raw, call.token)
        if method.rule.access is Access.OPENING:
            call.who = self.fingerprints.anonymous(method.name, _text(request, method.rule.secret))
        method.checks.demand(request)
        return request

    @staticmethod
    def _parsed(method: Method, raw: bytes) -> Message:
        request = _parse(method, raw)
        method.checks.demand(request)
        return request


def _parse(method: Method, raw: bytes) -> Message:
    try:
        return method.request_type.FromString(raw)
    except DecodeError:
        raise Refused(Reason.REQUEST_INVALID, metadata={"field": ""}) from None


def _text(request: Message, name: str) -> str:
    return str(getattr(request, name))


@dataclass
class _Opened:
    """A call from its first moment to its last."""

    method: Method
    context: grpc.ServicerContext
    metadata: Metadata
    language: str
    line: Line
    budget: Budget | None = None

    @classmethod
    def of(cls, method: Method, context: grpc.ServicerContext) -> _Opened:
        metadata = metadata_of(context)
        return cls(method, context, metadata, language_of(metadata), Line(method.name, peer_kind(context.peer())))

    def note(self, outcome: str) -> None:
        self.line.outcome = outcome

    def demand_listening(self) -> None:
        """A cancelled call starts nothing."""
        if not self.context.is_active():
            raise Refused(Reason.DEADLINE_EXCEEDED)

    def settle(self) -> None:
        """Notes that nobody heard the answer."""
        if not self.context.is_active():
            self.note(CANCELLED)

    def abort(self, error: Exception) -> NoReturn:
        """Ends the call with the status of the exception; raises whatever grpc raises to leave a handler."""
        listening = self.context.is_active()
        refusal = refusal_of(error, spent=self._spent())
        self.note(refusal.reason.value if listening else CANCELLED)
        self.context.abort_with_status(grpc_status(refusal, self.language))

    def _spent(self) -> bool:
        try:
            if self.budget is not None:
                self.budget.left_s()
        except Refused:
            return True
        return False
