"""PostgreSQL 18 as a child of this program: loopback only, passwords always, nothing shared with other homes."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from landseal.server.engines.account import make_folder, unprivileged
from landseal.server.engines.cluster import DATABASE, ENVIRONMENT, ROLE, Cluster
from landseal.server.engines.embedded import EmbeddedEngine
from landseal.server.engines.pginstall import reachable_place
from landseal.server.engines.process import Command, EngineProcess


@dataclass(frozen=True)
class PostgresSizes:
    """What the engine may use; the defaults suit a machine with 2 cores and 4 GiB."""

    shared_buffers_mib: int = 128
    max_connections: int = 160
    """At most this many sessions, three of them kept for the superuser."""
    idle_in_transaction_s: int = 60
    """A session that holds a transaction open and says nothing is ended after this time."""
    idle_session_s: int = 0
    """A session outside a transaction that says nothing is ended after this time; 0: never, listeners are such."""
    client_check_s: int = 5
    """A running query whose client has gone is ended within this time."""


class EmbeddedPostgres(EmbeddedEngine):
    """One database cluster in ``home/postgres``; its address is a URL with the password, for the role ``landseal``.

    As root the engine runs as nobody and its data belong to it; when that account cannot reach the home, data and
    programs live in a folder of their own (:func:`~landseal.server.engines.pginstall.reachable_place`). The data
    survive; nothing here ever deletes them.
    """

    name = "postgres"
    _start_s = 60.0  # replaying the log after a kill included

    def __init__(self, home: Path, *, sizes: PostgresSizes | None = None) -> None:
        super().__init__(home)
        self._sizes = sizes or PostgresSizes()
        account = unprivileged()
        place = make_folder(reachable_place(self._home, account) / self.name, 0o711)
        self._cluster = Cluster(place, self._folder / "password", account)

    @property
    def data(self) -> Path:
        """The data directory (PGDATA)."""
        return self._cluster.data

    def program(self, name: str) -> Path:
        """Path of a client program of the same version, such as ``pg_dump``, ``pg_restore`` or ``psql``."""
        return self._cluster.program(name)

    def version(self) -> str:
        """Version of the server program, for example ``18.4``."""
        return self._cluster.version()

    def _prepare(self) -> None:
        self._cluster.make_ready()

    def _address(self, port: int) -> str:
        # Without the last words libpq tells the password in clear to whoever has the port and asks for it.
        login = f"{ROLE}:{self._cluster.password()}@127.0.0.1:{port}"
        return f"postgresql://{login}/{DATABASE}?require_auth=scram-sha-256"

    def _ready(self, process: EngineProcess, port: int) -> bool:
        """Reads ``postmaster.pid``; that of a killed postmaster says ready too, so it must name this process."""
        lines = self._cluster.postmaster()
        return len(lines) >= 8 and lines[0] == str(process.pid) and lines[7] == "ready"

    def _command(self, port: int) -> Command:
        settings = self._settings(port)
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Command(
            argv=(str(self.program("postgres")), "-D", str(self.data), *words),
            env=ENVIRONMENT,
            log=self.log,
            account=self._cluster.account,
            cwd=self._cluster.place,
            stop_signal=signal.SIGINT,  # "fast": sessions are ended, the state is written
            death_signal=signal.SIGQUIT,  # "immediate": the log is replayed at the next start
            grace_s=30.0,
        )

    def _settings(self, port: int) -> dict[str, object]:
        sizes = self._sizes
        return {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",  # a socket's path may not be longer than 107 bytes, a home's may
            "shared_buffers": f"{sizes.shared_buffers_mib}MB",
            "max_connections": sizes.max_connections,
            "idle_in_transaction_session_timeout": f"{sizes.idle_in_transaction_s}s",
            "idle_session_timeout": f"{sizes.idle_session_s}s",
            "client_connection_check_interval": f"{sizes.client_check_s}s",
            "tcp_keepalives_idle": 30,
            "tcp_keepalives_interval": 10,
            "tcp_keepalives_count": 3,
            # Small machines and containers have little /dev/shm, and files there outlive a kill.
            "dynamic_shared_memory_type": "mmap",
            "max_parallel_workers_per_gather": 0,
            # No statement and no value may reach the log: statements carry hashes of ID numbers, DETAIL lines keys.
            "log_min_error_statement": "panic",
            "log_parameter_max_length_on_error": 0,
            "log_statement": "none",
            "log_error_verbosity": "terse",
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
