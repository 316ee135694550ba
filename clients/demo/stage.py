"""The stage: real engines, a real server in this process, and a clock that the play can move."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from landseal.clients.admin import AdminClient
from landseal.clients.channel import ClientCertificate, open_channel
from landseal.clients.client import LandsealClient
from landseal.server.app import App, build, engines_of
from landseal.server.domain.errors import Refused
from landseal.server.domain.times import utc_now
from landseal.server.engines.pair import EnginePair
from landseal.server.engines.tls import EngineTls
from landseal.server.settings import Settings


class StageClock:
    """The machine's clock, plus what the play has let pass; server and clients share it."""

    def __init__(self) -> None:
        self._offset = dt.timedelta()

    def __call__(self) -> dt.datetime:
        """Returns the present instant of the play."""
        return utc_now() + self._offset

    @contextmanager
    def later(self, by: dt.timedelta) -> Iterator[None]:
        """Lets time pass while the block runs, and turns it back."""
        self._offset += by
        try:
            yield
        finally:
            self._offset -= by


@dataclass(frozen=True)
class Stage:
    """A running server and the ways to reach it."""

    settings: Settings
    engines: EnginePair
    app: App
    clock: StageClock

    def client(self) -> LandsealClient:
        """Connects as a stranger who holds the server's certificate."""
        return _client(self.app, self.clock)

    def admin(self) -> AdminClient:
        """Connects with the administrator's certificate."""
        files = self.app.certificates
        certificate = ClientCertificate(files.admin_certificate.read_bytes(), files.admin_key.read_bytes())
        target = f"localhost:{self.app.admin_port}"
        return AdminClient(open_channel(target, files.authority.read_bytes(), client=certificate))

    @contextmanager
    def production(self) -> Iterator[LandsealClient | Refused]:
        """Opens a second server on the same engines and data, under the production policy.

        Gives a client of it, or the refusal with which it did not start.
        """
        settings = dataclasses.replace(self.settings, policy="production", liveness="silent+active")
        try:
            app = build(settings, self.engines, clock=self.clock)
        except Refused as refusal:
            yield refusal
            return
        app.start()
        client = _client(app, self.clock)
        try:
            yield client
        finally:
            client.close()
            app.close()


def _client(app: App, clock: StageClock) -> LandsealClient:
    certificate = app.certificates.authority.read_bytes()
    return LandsealClient.connect(f"localhost:{app.port}", certificate, allow_mark=app.policy.mark, clock=clock)


@contextmanager
def opened(
    home: Path,
    models: Path,
    policy: str,
    *,
    database_url: str = "",
    triton_url: str = "",
    triton_tls: EngineTls | None = None,
) -> Iterator[Stage]:
    """Starts engines and server on free loopback ports, and leaves nothing running behind."""
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    settings = Settings(
        home=home,
        models=models,
        policy=policy,
        liveness="",
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        database_url=database_url,
        triton_url=triton_url,
        triton_root_certificates=triton_tls.root if triton_tls else None,
        triton_client_certificate=triton_tls.certificate if triton_tls else None,
        triton_client_key=triton_tls.key if triton_tls else None,
        drain_s=2.0,
        log_file=home / "journal.jsonl",
    )
    clock = StageClock()
    with engines_of(settings) as engines:
        app = build(settings, engines, clock=clock)
        app.start()
        try:
            yield Stage(settings, engines, app, clock)
        finally:
            app.close()
