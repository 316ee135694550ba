# ruff: noqa: ANN401 - fakes take and return whatever the real ones do
"""The real edge on loopback TLS before fake use cases, which keep their answers as the real ones do."""

from __future__ import annotations

import datetime as dt
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import grpc
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from support import edge_samples as samples

from landseal.common.v1 import common_pb2
from landseal.inference.reading import ReaderHealth
from landseal.server.crypto.certificates import ADMIN_NAME, development_tls
from landseal.server.domain.errors import AnswerExists, Refused
from landseal.server.domain.once import Once
from landseal.server.domain.reasons import Reason
from landseal.server.domain.records import Answer, Caller
from landseal.server.rpc.answers import Answers, Fingerprints
from landseal.server.rpc.edge import Edge
from landseal.server.rpc.gate import Gates
from landseal.server.rpc.health import Health
from landseal.server.rpc.journal import Journal
from landseal.server.rpc.limits import Limits
from landseal.server.rpc.method import Access, Method
from landseal.server.rpc.pages import Pages
from landseal.server.rpc.patience import Patience
from landseal.server.rpc.server import ServerOptions, build_server, listen
from landseal.server.rpc.servicers.admin import AdminServicer
from landseal.server.rpc.servicers.capture import CaptureServicer
from landseal.server.rpc.servicers.contract import ContractServicer
from landseal.server.rpc.servicers.inbox import InboxServicer
from landseal.server.rpc.servicers.land import LandServicer
from landseal.server.rpc.servicers.serverinfo import ServerInfoServicer
from landseal.server.rpc.servicers.session import SessionServicer
from landseal.server.rpc.servicers.transfer import TransferServicer
from landseal.server.rpc.servicers.verification import VerificationServicer
from landseal.server.rpc.services import AdminServices, PublicServices
from landseal.server.rpc.tls import ListenerTls
from landseal.server.rpc.watch import WatchHub, WatchLimits
from landseal.server.usecases.sessions import CallProof

TOKEN = "token-1"
GOOD_SIGNATURE = b"good" * 16


class FakeStore:
    """Keeps answers as the real store does; everything else is the fake use cases' matter."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str], Answer] = {}
        self.guard = threading.Lock()

    @contextmanager
    def reads(self) -> Iterator[FakeStore]:
        yield self

    def answer(self, caller: str, method: str, request_id: str) -> Answer | None:
        return self.kept.get((caller, method, request_id))

    def keep(self, once: Once[Any], result: object) -> None:
        name = (once.caller, once.method, once.request_id)
        with self.guard:
            if name in self.kept:
                raise AnswerExists
            self.kept[name] = Answer(once.request_digest, once.encode(result))


class FakeUseCase:
    """Answers any method with its sample, keeps answers, counts and remembers calls, fails when told to."""

    def __init__(self, noun: str, store: FakeStore) -> None:
        self.noun, self.store = noun, store
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.effects: dict[str, Callable[..., Any]] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def called(*args: Any) -> Any:
            self.calls.append((name, args))
            if name in self.effects:
                result = self.effects[name](*args)
            else:
                result = samples.RESULTS[name if name in samples.RESULTS else f"{self.noun}.{name}"]
            for once in args:
                if isinstance(once, Once):
                    self.store.keep(once, result)
            return result

        return called


class FakeDoorkeeper:
    """Knows one token; ``ended`` says why its session is over."""

    def __init__(self) -> None:
        self.ended: Reason | None = None
        self.proofs: list[tuple[str, str, bytes]] = []

    def authenticate(self, token: str) -> Caller:
        if token != TOKEN:
            raise Refused(Reason.TOKEN_INVALID)
        if self.ended:
            raise Refused(self.ended)
        return samples.CALLER

    def check_call_signature(
        self, caller: Caller, proof: CallProof, request_id: str, method: str, request: bytes, token: str
    ) -> None:
        self.proofs.append((request_id, method, request))
        if proof.signature != GOOD_SIGNATURE or token != TOKEN:
            raise Refused(Reason.CALL_SIGNATURE_INVALID)


@dataclass
class Running:
    """A running edge and what stands behind it."""

    store: FakeStore
    doorkeeper: FakeDoorkeeper
    use_cases: dict[str, FakeUseCase]
    hub: WatchHub
    health: Health
    journal: io.StringIO
    methods: tuple[Method, ...]
    admin_methods: tuple[Method, ...]
    channel: grpc.Channel
    admin_channel: grpc.Channel
    strangers_channel: grpc.Channel
    """To the administrators' listener, without a certificate."""
    engine: list[ReaderHealth] = field(default_factory=list)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journal.getvalue().splitlines()]

    def method(self, short: str) -> Method:
        return next(m for m in (*self.methods, *self.admin_methods) if m.short == short)

    def call(
        self,
        short: str,
        request: Message | bytes,
        metadata: tuple[tuple[str, str | bytes], ...] | None = None,
        timeout: float | None = 10.0,
    ) -> bytes:
        """Calls a unary method with the credentials that it wants (or those given); returns the response's bytes."""
        method = self.method(short)
        raw = request if isinstance(request, bytes) else request.SerializeToString()
        channel = self.admin_channel if method.rule.access is Access.ADMIN else self.channel
        stub = channel.unary_unary(method.name, None, bytes)
        answer: bytes = stub(raw, timeout=timeout, metadata=credentials(method) if metadata is None else metadata)
        return answer

    def refusal(self, short: str, request: Message | bytes, metadata: Any = None, timeout: float | None = 10.0) -> Told:
        """Calls a method that must fail, and returns what the client was told."""
        try:
            self.call(short, request, metadata, timeout)
        except grpc.RpcError as error:
            return told(error)
        raise AssertionError(f"{short} was answered")


@dataclass(frozen=True)
class Told:
    """What a client can read in an error."""

    code: grpc.StatusCode
    reason: str
    metadata: dict[str, str]
    sentence: str
    locale: str
    fields: tuple[str, ...]
    retry_s: float | None
    status: status_pb2.Status


def told(error: grpc.RpcError) -> Told:
    """Reads an error as clients do; an error without ErrorInfo is a mistake of the edge."""
    status = rpc_status.from_call(cast(grpc.Call, error))
    assert status is not None, f"a bare status: {error.code()} {error.details()}"
    found: dict[str, Any] = {}
    for detail in status.details:
        for kind in ("ErrorInfo", "LocalizedMessage", "BadRequest", "RetryInfo"):
            message = getattr(error_details_pb2, kind)()
            if detail.Unpack(message):
                assert kind not in found
                found[kind] = message
    info, words = found["ErrorInfo"], found["LocalizedMessage"]
    assert info.domain == "landseal"
    violations = found["BadRequest"].field_violations if "BadRequest" in found else ()
    retry = found["RetryInfo"].retry_delay.ToTimedelta().total_seconds() if "RetryInfo" in found else None
    fields = tuple(each.field for each in violations)
    return Told(error.code(), info.reason, dict(info.metadata), words.message, words.locale, fields, retry, status)


def bearer(token: str = TOKEN) -> tuple[str, str]:
    return ("authorization", f"Bearer {token}")


def signature(value: bytes = GOOD_SIGNATURE) -> tuple[str, bytes]:
    message = common_pb2.CallSignature(key_id=samples.AUTH_KEY.key_id, signature=value)
    message.signed_time.FromDatetime(dt.datetime.now(dt.UTC))
    return ("landseal-call-bin", message.SerializeToString())


def credentials(method: Method) -> tuple[tuple[str, str | bytes], ...]:
    """The metadata that a method wants."""
    match method.rule.access:
        case Access.SESSION | Access.MUTATION:
            return (bearer(), signature())
    return ()


def parsed(method: Method, answer: bytes) -> Message:
    """Reads a response of a method."""
    package, _, rest = method.name[1:].rpartition(".")
    noun = package.split(".")[1]
    module = __import__(f"landseal.{noun}.v1.{noun}_pb2", fromlist=["DESCRIPTOR"])
    service = module.DESCRIPTOR.services_by_name[rest.partition("/")[0]]
    message: Message = GetMessageClass(service.methods_by_name[method.short].output_type).FromString(answer)
    return message


@contextmanager
def running(
    home: Path,
    *,
    calls: int = 16,
    heavy_calls: int = 8,
    password_calls: int = 8,
    admin_names: frozenset[str] = frozenset({ADMIN_NAME}),
    max_deadline_s: float = 5.0,
    watch: WatchLimits | None = None,
    connection_age_s: float = 600.0,
    patience: Patience = Patience(),  # noqa: B008 - frozen
) -> Iterator[Running]:
    """Runs both listeners with fakes behind them."""
    store, doorkeeper, journal = FakeStore(), FakeDoorkeeper(), io.StringIO()
    nouns = (
        "serverinfo registration session capture verification land codes transfers drafts offers contracts inbox admin"
    )
    cases: dict[str, Any] = {noun: FakeUseCase(noun, store) for noun in nouns.split()}
    limits, pages = Limits(max_deadline_s), Pages(b"k" * 32)
    hub = WatchHub(doorkeeper.authenticate, cases["inbox"], watch or WatchLimits(pushers=2))
    public = PublicServices(
        ServerInfoServicer(cases["serverinfo"], limits),
        SessionServicer(cases["registration"], cases["session"]),
        CaptureServicer(cases["capture"]),
        VerificationServicer(cases["verification"]),
        LandServicer(cases["land"], pages),
        TransferServicer(cases["codes"], cases["transfers"], cases["drafts"], cases["offers"], pages),
        ContractServicer(cases["contracts"], pages),
        InboxServicer(cases["inbox"], hub),
    ).methods()
    admin = AdminServices(AdminServicer(cases["admin"])).methods()
    edge = Edge(
        doorkeeper,
        Answers(store),  # type: ignore[arg-type]  # the fake has what the edge uses
        Fingerprints(b"f" * 32),
        Journal.to_stream(journal, lambda: dt.datetime.now(dt.UTC)),
        Gates(calls=calls, heavy_calls=heavy_calls, password_calls=password_calls),
        max_deadline_s,
        admin_names,
    )
    engine = [ReaderHealth(ready=True, silent=True, version="2.51.0")]
    health = Health([m.name.split("/")[1] for m in public], lambda: engine[0])
    options = ServerOptions(calls=calls, connection_age_s=connection_age_s, patience=patience)
    server = build_server(edge, public, health, options)
    admin_server = build_server(edge, admin, Health(["landseal.admin.v1.AdminService"], lambda: engine[0]), options)
    files = development_tls(home, dt.datetime.now(dt.UTC))
    own = ListenerTls(files.server_certificate, files.server_key)
    mutual = ListenerTls(files.server_certificate, files.server_key, files.authority)
    port = listen(server, "localhost:0", own.credentials())
    admin_port = listen(admin_server, "localhost:0", mutual.credentials())
    roots = files.authority.read_bytes()
    plain = grpc.ssl_channel_credentials(roots)
    certified = grpc.ssl_channel_credentials(roots, files.admin_key.read_bytes(), files.admin_certificate.read_bytes())
    big = [("grpc.max_send_message_length", 64 << 20), ("grpc.enable_retries", 0)]
    channels = (
        grpc.secure_channel(f"localhost:{port}", plain, big),
        grpc.secure_channel(f"localhost:{admin_port}", certified, big),
        grpc.secure_channel(f"localhost:{admin_port}", plain, big),
    )
    health.start()
    hub.start()
    try:
        yield Running(store, doorkeeper, cases, hub, health, journal, public, admin, *channels, engine)
    finally:
        hub.stop()
        health.stop()
        for channel in channels:
            channel.close()
        for each in (server, admin_server):
            each.stop(0).wait()
