"""What decides liveness is said everywhere, and production never runs on less than silent and active together."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import psycopg
import pytest
from conftest import Engines
from grpc_health.v1 import health_pb2, health_pb2_grpc
from support.deal import alive
from support.engines import other_database
from support.processes import eventually

from landseal.clients.demo import cast
from landseal.clients.demo.people import Actor, enter, import_people
from landseal.clients.demo.stage import Stage, opened
from landseal.server.app import build
from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, CaptureSource, Purpose
from landseal.server.engines.postgres import EmbeddedPostgres
from landseal.server.engines.triton import EmbeddedTriton
from landseal.server.engines.watch import EngineWatch

pytestmark = pytest.mark.engines
VERIFICATION = "landseal.verification.v1.VerificationService"
WORD = "SILENT_LIVENESS_REQUIRED"


@dataclass
class Mode:
    """A server in one of the two modes, with somebody who has an account."""

    stage: Stage
    actor: Actor
    models: Path
    triton: EmbeddedTriton
    database_url: str

    def environment(self, home: Path, **settings: str) -> dict[str, str]:
        """How a server process of its own reaches the same engines."""
        tls = self.triton.tls
        ours = {
            "home": str(home), "models": str(self.models), "database_url": self.database_url,
            "listen": "127.0.0.1:0", "admin_listen": "", "triton_url": self.triton.start(),
            "triton_root_certificates": str(tls.root), "triton_client_certificate": str(tls.certificate),
            "triton_client_key": str(tls.key),
        }  # fmt: skip
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LANDSEAL_")}
        return kept | {f"LANDSEAL_{name.upper()}": value for name, value in (ours | settings).items()}


@contextmanager
def _mode(folder: Path, models: Path, triton: EmbeddedTriton, postgres_url: str) -> Iterator[Mode]:
    name = f"mode_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    url, home = other_database(postgres_url, name), folder / name
    with opened(home, models, "demo", database_url=url, triton_url=triton.start(), triton_tls=triton.tls) as stage:
        with closing(stage.admin()) as admin:
            import_people(admin, [cast.transferee()])
            actor = enter(stage, admin, cast.transferee(), models)
        yield Mode(stage, actor, models, triton, url)
        actor.client.close()


@pytest.fixture(scope="module")
def bare_weights(model_weights: Path) -> Iterator[Path]:
    """All weights but those of the silent networks."""
    folder = Path(tempfile.mkdtemp(prefix="landseal-bare-"))
    folder.chmod(0o711)
    for path in model_weights.iterdir():
        if path.is_file() and not path.name.startswith((".", "minifasnet")):
            (folder / path.name).symlink_to(path)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def active(bare_weights: Path, landseal_home: Path, postgres: EmbeddedPostgres) -> Iterator[Mode]:
    """A server whose Triton has no silent networks."""
    folder = landseal_home / "active"
    folder.mkdir(mode=0o711)
    engine = EmbeddedTriton(folder, bare_weights)
    with EngineWatch([engine]) as watch:
        watch.start()
        with _mode(folder, bare_weights, engine, postgres.start()) as mode:
            yield mode


@pytest.fixture(scope="module")
def silent(engines: Engines, model_weights: Path) -> Iterator[Mode]:
    """A server whose Triton has all of them; skipped where they could not be provisioned."""
    if not list(model_weights.glob("minifasnet*")):
        pytest.skip("the silent networks were not provisioned")
    with _mode(engines.home, model_weights, engines.triton, engines.postgres_url) as mode:
        yield mode


def _receipt_says(mode: Mode) -> str:
    receipt = alive(mode.actor, Purpose.CODE, Binding())
    assert receipt.source is CaptureSource.PUPPET
    return receipt.liveness


def _health(mode: Mode, service: str) -> tuple[int, str]:
    certificate = mode.stage.app.certificates.authority.read_bytes()
    credentials = grpc.ssl_channel_credentials(certificate)
    with grpc.secure_channel(f"localhost:{mode.stage.app.port}", credentials) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer, call = stub.Check.with_call(health_pb2.HealthCheckRequest(service=service), timeout=10)
    return answer.status, str(dict(call.trailing_metadata())["landseal-liveness"])


def _serve(mode: Mode, home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a server that must not start, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "landseal.server"],
        env=mode.environment(home, **settings), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


# --- without the silent networks ---


def test_without_the_silent_networks_active_liveness_alone_decides_and_everything_says_so(active: Mode) -> None:
    info = active.actor.client.server_info()
    assert info.policy.liveness == "active"
    assert [notice for notice in info.policy.notices if "Silent liveness is missing" in notice]
    for service in ("", VERIFICATION):
        assert _health(active, service) == (health_pb2.HealthCheckResponse.SERVING, "active")
    assert _receipt_says(active) == "active"
    assert not active.stage.app.policy.silent_required


def test_without_the_silent_networks_the_burst_runs_without_their_models(active: Mode) -> None:
    before = active.stage.app.reader.inference_counts()
    active.actor.client.verification.attempt(Purpose.CODE, Binding(), active.actor.camera)
    after = active.stage.app.reader.inference_counts()
    grown = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    frames = active.actor.camera.frame_count()
    assert grown == {"frames": frames, "select": 1, "embedding": 12, "face_burst_active": 1}


@pytest.mark.parametrize("policy", ["production", "demo", "loadtest"])
def test_a_server_that_demands_silent_liveness_is_not_built_without_it(active: Mode, policy: str) -> None:
    settings = dataclasses.replace(active.stage.settings, policy=policy, liveness="silent+active")
    with pytest.raises(Refused) as refused:
        build(settings, active.stage.engines, clock=active.stage.clock)
    assert refused.value.reason is Reason.SILENT_LIVENESS_REQUIRED


@pytest.mark.parametrize("liveness", ["active", ""])
def test_production_is_never_built_with_less_even_by_who_goes_past_the_settings(active: Mode, liveness: str) -> None:
    settings = dataclasses.replace(active.stage.settings, policy="production", liveness=liveness)
    with pytest.raises((Refused, ValueError)):
        build(settings, active.stage.engines, clock=active.stage.clock)


def test_the_production_program_exits_with_3_and_the_reason(active: Mode, own_home: Path) -> None:
    ran = _serve(active, own_home, policy="production")
    assert ran.returncode == 3, ran.stderr
    assert WORD in ran.stderr
    assert "serving" not in ran.stderr


@pytest.mark.parametrize("liveness", ["active", "", "silent"])
def test_production_cannot_be_talked_into_less(active: Mode, own_home: Path, liveness: str) -> None:
    ran = _serve(active, own_home, policy="production", liveness=liveness)
    assert ran.returncode == 2, ran.stderr
    assert "LANDSEAL_LIVENESS" in ran.stderr


# --- with them ---


def test_with_the_silent_networks_both_decide_and_everything_says_so(silent: Mode) -> None:
    info = silent.actor.client.server_info()
    assert info.policy.liveness == "silent+active"
    assert not [notice for notice in info.policy.notices if "missing" in notice]
    for service in ("", VERIFICATION):
        assert _health(silent, service) == (health_pb2.HealthCheckResponse.SERVING, "silent+active")
    assert _receipt_says(silent) == "silent+active"
    assert silent.stage.app.policy.silent_required


def test_with_the_silent_networks_production_starts_refuses_the_puppet_and_drains(silent: Mode, own_home: Path) -> None:
    environment = silent.environment(own_home, policy="production", drain_s="2")
    log = own_home / "server.log"
    with log.open("w") as out:
        program = subprocess.Popen([sys.executable, "-m", "landseal.server"], env=environment, stderr=out)
        try:
            assert eventually(lambda: "policy production, liveness silent+active" in log.read_text(), 90)
        finally:
            program.send_signal(signal.SIGTERM)
            assert program.wait(60) == 0
    with silent.stage.production() as production:
        assert not isinstance(production, Refused)
        silent.actor.login(production)
        with pytest.raises(Exception, match="CAPTURE_SOURCE_REFUSED"):
            production.verification.attempt(Purpose.CODE, Binding(), silent.actor.camera)
