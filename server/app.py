"""The joinery: the only file that names concrete classes. Nobody imports it but ``__main__`` and the demo."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import grpc

from landseal.inference.challenges.base import Challenge
from landseal.inference.challenges.lip_instruction import LipInstruction
from landseal.inference.challenges.lip_shapes import LipShapes
from landseal.inference.challenges.seeded import UnsafeSeededChallenge
from landseal.inference.models.calibration import load_calibration
from landseal.inference.triton import TritonFaceReader
from landseal.server.crypto.certificates import TlsFiles, development_tls
from landseal.server.crypto.passwords import Passwords
from landseal.server.crypto.signing import SigningKey, check_public_key, verify
from landseal.server.crypto.tokens import TokenMint
from landseal.server.crypto.vault import Vault
from landseal.server.domain.errors import Refused
from landseal.server.domain.parcelfile import FileFormat, ParcelFile
from landseal.server.domain.policy import Policy, named
from landseal.server.domain.reasons import Reason
from landseal.server.domain.times import Clock, utc_now
from landseal.server.engines.pair import EnginePair
from landseal.server.engines.tls import EngineTls
from landseal.server.jobs.housekeeping import Housekeeping
from landseal.server.landfiles.read import read_parcels
from landseal.server.papers.desk import PaperDesk
from landseal.server.rpc.answers import Answers, Fingerprints
from landseal.server.rpc.convert.capture import parse_burst
from landseal.server.rpc.edge import Edge
from landseal.server.rpc.gate import Gates
from landseal.server.rpc.health import Health
from landseal.server.rpc.journal import Journal
from landseal.server.rpc.limits import Limits
from landseal.server.rpc.pages import Pages
from landseal.server.rpc.server import ServerOptions, build_server, drain, listen
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
from landseal.server.settings import Settings
from landseal.server.storage.database import PostgresStore
from landseal.server.storage.migrate import migrate
from landseal.server.storage.notify import InboxListener
from landseal.server.storage.shelf import PieceShelf
from landseal.server.usecases.admin import Admin
from landseal.server.usecases.captures import Captures
from landseal.server.usecases.codes import Codes
from landseal.server.usecases.contracts import Contracts
from landseal.server.usecases.drafts import Drafts
from landseal.server.usecases.inbox import Inbox
from landseal.server.usecases.judging import Thresholds
from landseal.server.usecases.land import Land
from landseal.server.usecases.offers import Offers
from landseal.server.usecases.receipts import Issuer, ReceiptDesk
from landseal.server.usecases.registration import Registration
from landseal.server.usecases.serverinfo import ServerInfo
from landseal.server.usecases.sessions import Sessions
from landseal.server.usecases.throttle import Throttle
from landseal.server.usecases.transfers import Transfers
from landseal.server.usecases.verifications import Recognition, Verifications

EMBEDDING = "dlib_embedding.onnx"
FONT = "NotoSerifCJKsc-Regular.otf"
ENGINE_PATIENCE_S = 60.0
"""How long the start waits for an inference engine that is still loading its models."""
HOUSEKEEPING_S = 15.0
OPEN_UPLOADS = 60
"""Uploads an account may begin within ten minutes; bounds what a flood can store."""
OPEN_UPLOADS_MARKED = 1_000_000
"""The same for demos and load tests, which send very many."""
_log = logging.getLogger(__name__)


def models_of(settings: Settings) -> Path:
    """Returns the folder of provisioned weights."""
    return settings.models or settings.home / "models"


@dataclass
class App:
    """One server process: everything built once, then :meth:`start`, :meth:`close`."""

    settings: Settings
    policy: Policy
    store: PostgresStore
    reader: TritonFaceReader
    public: grpc.Server
    admin: grpc.Server
    certificates: TlsFiles
    begin: Sequence[Callable[[], object]] = field(repr=False)
    """What is started before anybody is let in."""
    refuse: Sequence[Callable[[], object]] = field(repr=False)
    """What is told first that the end has come."""
    end: Sequence[Callable[[], object]] = field(repr=False)
    """What is let go after the last call."""
    port: int = 0
    admin_port: int = 0

    def start(self) -> None:
        """Listens; from now on calls are answered."""
        for step in self.begin:
            step()
        own, settings = self.certificates, self.settings
        if settings.policy == "production" and settings.tls_certificate is None:
            _log.warning("the development certificate is in use; it is for this machine's own clients alone")
        certificate, key = settings.tls_certificate or own.server_certificate, settings.tls_key or own.server_key
        roots = settings.admin_client_roots or own.authority
        self.port = listen(self.public, settings.listen, ListenerTls(certificate, key).credentials())
        if settings.admin_listen:
            self.admin_port = listen(
                self.admin, settings.admin_listen, ListenerTls(certificate, key, roots).credentials()
            )

    def close(self) -> None:
        """Says that nothing is served, ends watches, drains, and lets everything go."""
        for step in self.refuse:
            step()
        drain((self.public, self.admin), self.settings.drain_s)
        for step in self.end:
            step()


def engines_of(settings: Settings) -> EnginePair:
    """Returns the engines that the settings ask for, not yet started."""
    return EnginePair(
        settings.home,
        models_of(settings),
        database_url=settings.database_url,
        triton_url=settings.triton_url,
        triton_tls=_triton_tls(settings),
        gpu=settings.triton_config_name == "gpu",
        allow_root=settings.policy != "production",
    )


def _triton_tls(settings: Settings) -> EngineTls | None:
    if settings.triton_root_certificates is None:
        return None
    return EngineTls(settings.triton_root_certificates, settings.triton_client_certificate, settings.triton_client_key)


def _reader(engines: EnginePair) -> TritonFaceReader:
    tls = engines.triton_tls
    if tls is None:
        _log.warning("Triton is reached without TLS: whoever answers at its address is believed, and sees the images")
        return TritonFaceReader(engines.triton_url)
    return TritonFaceReader(
        engines.triton_url, root_certificates=tls.root, client_certificate=tls.certificate, client_key=tls.key
    )


def build(settings: Settings, engines: EnginePair, *, clock: Clock = utc_now) -> App:
    """Builds a server process on engines that run.

    Raises:
        Refused: SILENT_LIVENESS_REQUIRED when the policy demands silent liveness and its networks are not there,
            FACE_ENGINE_AWAY when the engine does not become ready.
        CalibrationError: the calibration is missing, broken or was made for another model.
    """
    reader = _reader(engines)
    policy = _policy(settings, reader)
    vault = Vault.load_or_create(settings.home, os.environ)
    migrate(engines.database_url)
    alone = settings.workers == 1 and not settings.database_url
    store = PostgresStore(engines.database_url, vault, shelf=PieceShelf() if alone else None)
    room = _Room(settings, policy, store, vault, reader, clock)
    hub = WatchHub(room.sessions.authenticate, room.inbox, WatchLimits(watchers=settings.watchers))
    listener = InboxListener(
        engines.database_url, on_news=lambda account_id, _cursor: hub.wake(account_id), on_gap=hub.wake_all
    )
    chores = Housekeeping(store, every_s=HOUSEKEEPING_S, clock=clock)
    public, admin = room.public(hub).methods(), room.admin().methods()
    health = Health({method.name.split("/")[1] for method in public}, reader.health)
    return App(
        settings=settings,
        policy=policy,
        store=store,
        reader=reader,
        public=build_server(room.edge(settings.max_deadline_s), public, health, _options(settings)),
        admin=build_server(room.edge(settings.admin_deadline_s), admin, health, _options(settings)),
        certificates=development_tls(settings.home, clock()),
        begin=(hub.start, listener.start, chores.start, health.start),
        refuse=(health.stop, hub.stop),
        end=(listener.close, chores.close, reader.close, store.close),
    )


def _policy(settings: Settings, reader: TritonFaceReader) -> Policy:
    """Waits for the engine and settles what decides liveness; demanded and missing is a refusal, never a downgrade."""
    deadline = time.monotonic() + ENGINE_PATIENCE_S
    while not (health := reader.health()).ready:
        if time.monotonic() > deadline:
            raise Refused(Reason.FACE_ENGINE_AWAY)
        time.sleep(0.2)
    demanded = settings.liveness == "silent+active"
    if demanded and not health.silent:
        raise Refused(Reason.SILENT_LIVENESS_REQUIRED)
    if not health.silent:
        _log.warning("silent liveness is missing: active liveness alone decides; receipts say so")
    return named(settings.policy, silent_required=demanded or (settings.liveness == "" and health.silent))


def _options(settings: Settings) -> ServerOptions:
    return ServerOptions(
        calls=settings.calls,
        connection_age_s=settings.connection_age_s,
        share_port=settings.workers > 1,
        reflection=settings.reflection,
    )


class _Room:
    """Everything that one server process is made of, each thing once."""

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        store: PostgresStore,
        vault: Vault,
        reader: TritonFaceReader,
        clock: Clock,
    ) -> None:
        self._settings, self._policy, self._store, self._vault = settings, policy, store, vault
        self._reader, self._clock = reader, clock
        self._signer = SigningKey.load_or_create(settings.home)
        model = hashlib.sha256((models_of(settings) / EMBEDDING).read_bytes()).hexdigest()
        self._model_id = model[:16]
        self._calibration = load_calibration(settings.calibration, model_sha256=model)
        self._throttle = Throttle(store, clock)
        self._passwords = Passwords()
        self.sessions = Sessions(
            store,
            vault,
            self._passwords,
            TokenMint.load_or_create(settings.home),
            verify,
            server_key=self._signer.public,
            throttle=self._throttle,
            clock=clock,
        )
        self.inbox = Inbox(store, vault, clock=clock)
        self._pages = Pages(vault.lookup_hash("key", "page-tokens"))
        self._journal = (
            Journal.to_file(settings.log_file, clock) if settings.log_file else Journal.to_stream(sys.stderr, clock)
        )

    def edge(self, max_deadline_s: float) -> Edge:
        """Returns the edge of one listener."""
        return Edge(
            doorkeeper=self.sessions,
            answers=Answers(self._store),
            fingerprints=Fingerprints(self._vault.lookup_hash("key", "edge")),
            journal=self._journal,
            gates=Gates(
                calls=self._settings.calls,
                heavy_calls=self._settings.heavy_calls,
                password_calls=self._settings.password_calls,
            ),
            max_deadline_s=max_deadline_s,
            admin_names=frozenset(self._settings.admin_names),
        )

    def public(self, hub: WatchHub) -> PublicServices:
        """Returns the servicers that everybody reaches."""
        store, vault, clock, key = self._store, self._vault, self._clock, self._signer.public
        issuer = Issuer(key.key_id, self._policy.mark)
        drafts = Drafts(store, vault, PaperDesk(models_of(self._settings) / FONT), issuer, clock=clock)
        return PublicServices(
            serverinfo=ServerInfoServicer(self._info(), Limits(max_deadline_s=self._settings.max_deadline_s)),
            session=SessionServicer(self._registration(), self.sessions),
            capture=CaptureServicer(Captures(store, open_limit=self._open_uploads(), clock=clock)),
            verification=VerificationServicer(self._verifications()),
            land=LandServicer(Land(store, issuer, clock=clock), self._pages),
            transfer=TransferServicer(
                Codes(store, vault, issuer, throttle=self._throttle, clock=clock),
                Transfers(store, vault),
                drafts,
                Offers(store, vault, self._signer, verify, issuer, clock=clock),
                self._pages,
            ),
            contract=ContractServicer(Contracts(store, vault), self._pages),
            inbox=InboxServicer(self.inbox, hub),
        )

    def admin(self) -> AdminServices:
        """Returns the administrators' servicer."""
        admin = Admin(
            self._store,
            self._vault,
            self._reader,
            _read_parcels,
            model_id=self._model_id,
            scope_limit=self._calibration.search_limit,
            clock=self._clock,
        )
        return AdminServices(AdminServicer(admin))

    def _open_uploads(self) -> int:
        return OPEN_UPLOADS if self._policy.name == "production" else OPEN_UPLOADS_MARKED

    def _registration(self) -> Registration:
        return Registration(
            self._store,
            self._vault,
            self._passwords,
            verify,
            check_public_key,
            server_key=self._signer.public,
            clock=self._clock,
        )

    def _challenge(self) -> Challenge[LipInstruction]:
        """Draws anew for every call; known instructions exist under the load test's policy alone."""
        known = self._settings.loadtest_instructions
        if known and self._policy.name != "loadtest":
            raise ValueError("known instructions need the policy loadtest")
        return UnsafeSeededChallenge(LipShapes(), self._settings.loadtest_seed, known) if known else LipShapes()

    def _verifications(self) -> Verifications:
        calibration = self._calibration
        return Verifications(
            self._store,
            self._vault,
            self._reader,
            self._challenge(),
            ReceiptDesk(self._signer, self._vault, self._policy, calibration.calibration_id, self._clock),
            verify,
            policy=self._policy,
            recognition=Recognition(
                self._model_id,
                Thresholds(
                    calibration.metric, calibration.threshold, calibration.margin, calibration.one_person_threshold
                ),
                calibration.search_limit,
            ),
            parse_burst=parse_burst,
            clock=self._clock,
        )

    def _info(self) -> ServerInfo:
        return ServerInfo(
            self._store,
            self._reader,
            self._policy,
            server_key=self._signer.public,
            calibration_id=self._calibration.calibration_id,
            scope_limit=self._calibration.search_limit,
            version=metadata.version("landseal"),
            clock=self._clock,
        )


def _read_parcels(content: bytes, file_format: FileFormat, progress: Callable[[int, int], None]) -> ParcelFile:
    return read_parcels(content, file_format, progress=progress)
