"""PostgreSQL 18 as a child of this program: loopback only, passwords always, nothing shared with other homes."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from landseal.server.engines.account import make_folder, unprivileged
from landseal.server.engines.pginstall import reachable_place, runnable_install
from landseal.server.engines.process import (
    Command,
    EngineFailed,
    EngineProcess,
    EngineUnavailable,
    free_port,
    locked,
    log_tail,
    port_is_free,
)

ROLE = "landseal"
"""Login role of the program: owns the database, may make further ones, is no superuser."""

DATABASE = "landseal"
"""Name of the database."""

_START_S = 30.0
"""How long recovery after a kill may take before the start counts as failed."""


@dataclass(frozen=True)
class PostgresSizes:
    """What the engine may use; the defaults suit a machine with 2 cores and 4 GiB."""

    shared_buffers_mib: int = 128
    max_connections: int = 160
    """At most this many sessions, three of them kept for the superuser."""
    idle_in_transaction_s: int = 60
    """A session that holds a transaction open and says nothing is ended after this time."""
    client_check_s: int = 5
    """A running query whose client has gone is ended within this time."""


class EmbeddedPostgres:
    """One database cluster in ``home/postgres``, run while :meth:`start` .. :meth:`stop`.

    As root the engine runs as nobody and its data belong to it; when that account cannot reach the home, data and programs live in a
    folder of their own (:func:`~landseal.server.engines.pginstall.reachable_place`). The data survive; nothing here ever deletes them.
    """

    name = "postgres"

    def __init__(self, home: Path, *, sizes: PostgresSizes | None = None) -> None:
        self._sizes = sizes or PostgresSizes()
        self._account = unprivileged()
        home = make_folder(home.absolute(), 0o711)
        self._folder = make_folder(home / "postgres", 0o711)
        self._place = make_folder(reachable_place(home, self._account) / "postgres", 0o711)
        self._port: int | None = None
        self._process: EngineProcess | None = None
        self._guard = threading.Lock()

    @property
    def data(self) -> Path:
        """The data directory (PGDATA)."""
        return self._place / "data"

    @property
    def log(self) -> Path:
        """The engine's log: no statements, no values."""
        return self._folder / "log"

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster, None before the first start."""
        return self._process.pid if self._process else None

    @property
    def shepherd_pid(self) -> int | None:
        """Process id of the postmaster's shepherd, None before the first start."""
        return self._process.shepherd_pid if self._process else None

    def program(self, name: str) -> Path:
        """Path of a client program of the same version, such as ``pg_dump``, ``pg_restore`` or ``psql``."""
        return runnable_install(self._place, self._account) / "bin" / name

    def version(self) -> str:
        """Version of the server program, for example ``18.4``."""
        text = subprocess.run([self.program("postgres"), "--version"], check=True, capture_output=True, text=True).stdout
        return text.split()[-1]

    def alive(self) -> bool:
        """Whether the postmaster runs."""
        return self._process is not None and self._process.alive()

    def start(self) -> str:
        """Makes the cluster where it is missing, starts the engine and waits until it takes connections.

        Returns:
            The database's URL, with the password; the port stays the same for the life of this object. Safe to call again.

        Raises:
            EngineUnavailable: this machine cannot run it.
            EngineInUse: another process runs this home.
            EngineFailed: it ended or was not ready in time.
        """
        with self._guard:
            if not self.alive():
                self._reap()
                with locked(self._folder / "lock") as lock:
                    self._prepare()
                    self._launch_on_some_port(lock)
            return f"postgresql://{ROLE}:{self._password()}@127.0.0.1:{self._port}/{DATABASE}"

    def stop(self) -> None:
        """Ends all sessions, writes a checkpoint and waits until no process is left. Safe to call again."""
        with self._guard:
            if self._process is not None:
                self._process.stop()

    def _reap(self) -> None:
        if self._process is not None and not self._process.wait(10.0):
            raise EngineFailed(f"the former postmaster {self._process.pid} does not end")

    def _launch_on_some_port(self, lock: int) -> None:
        """On the first start another port is tried when the chosen one was snatched; later the port is a promise."""
        tries = 5 if self._port is None else 1
        for left in reversed(range(tries)):
            port = self._port or free_port()
            self._process = EngineProcess.launch(self._command(port), lock)
            try:
                self._await_ready(self._process)
            except EngineFailed:
                self._process.stop()
                if left and not port_is_free(port):
                    continue
                raise
            self._port = port
            return

    def _command(self, port: int) -> Command:
        return Command(
            argv=(str(self.program("postgres")), "-D", str(self.data), *self._settings(port)),
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            log=self.log,
            account=self._account,
            cwd=self._place,
            stop_signal=signal.SIGINT,  # "fast": sessions are ended, the state is written
            death_signal=signal.SIGQUIT,  # "immediate": the log is replayed at the next start
            grace_s=30.0,
        )

    def _settings(self, port: int) -> list[str]:
        sizes = self._sizes
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",  # a socket's path may not be longer than 107 bytes, a home's may
            "shared_buffers": f"{sizes.shared_buffers_mib}MB",
            "max_connections": sizes.max_connections,
            "idle_in_transaction_session_timeout": f"{sizes.idle_in_transaction_s}s",
            "client_connection_check_interval": f"{sizes.client_check_s}s",
            "tcp_keepalives_idle": 30,
            "tcp_keepalives_interval": 10,
            "tcp_keepalives_count": 3,
            # Small machines and containers have little /dev/shm, and files there outlive a kill.
            "dynamic_shared_memory_type": "mmap",
            "max_parallel_workers_per_gather": 0,
            # No statement and no value may reach the log: statements carry ID-number hashes, DETAIL lines carry keys.
            "log_min_error_statement": "panic",
            "log_parameter_max_length_on_error": 0,
            "log_statement": "none",
            "log_error_verbosity": "terse",
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _await_ready(self, process: EngineProcess) -> None:
        deadline = time.monotonic() + _START_S
        while process.alive() and time.monotonic() < deadline:
            if self._ready(process.pid):
                return
            time.sleep(0.02)
        raise EngineFailed(f"PostgreSQL did not become ready; end of {self.log}:\n{log_tail(self.log)}")

    def _ready(self, pid: int) -> bool:
        """Reads ``postmaster.pid``: a killed postmaster's file says ready too, so the first line must be this process."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _prepare(self) -> None:
        if not self.data.exists():
            self._create()
        major = (self.data / "PG_VERSION").read_text().strip()
        if major != self.version().partition(".")[0]:
            raise EngineUnavailable(f"{self.data} was made by PostgreSQL {major}, installed is {self.version()}: dump and restore")
        self._drop_foreign_pid_file()
        if not self._password_file.exists():
            self._set_password(self.data)

    def _drop_foreign_pid_file(self) -> None:
        """Removes a stale ``postmaster.pid`` whose number now belongs to a stranger, on which PostgreSQL would refuse to start.

        Happens after a restart of the machine or container. Two postmasters cannot result: the lock is ours, and PostgreSQL also
        refuses while a process is attached to the shared memory segment keyed by the data folder's inode.
        """
        pid_file = self.data / "postmaster.pid"
        try:
            pid = pid_file.read_text().split()[0]
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, IndexError):
            return
        if os.fsencode(self.data) not in command:
            pid_file.unlink()

    @property
    def _password_file(self) -> Path:
        return self._folder / "password"

    def _password(self) -> str:
        return self._password_file.read_text().strip()

    def _create(self) -> None:
        """Makes the cluster beside its final name and renames it: a crash leaves nothing half made under that name."""
        fresh = self._place / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        superuser = self._place / "initdb-password"
        superuser.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(superuser, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
                file.write(secrets.token_hex(32))  # known to nobody afterwards: the superuser acts in single-user mode only
            if self._account is not None:
                for path in (fresh, superuser):
                    os.chown(path, self._account.uid, self._account.gid)
            locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
            secure = ("--auth=scram-sha-256", f"--pwfile={superuser}", "--username=postgres")
            self._run("initdb", *secure, *locale, "-D", str(fresh))
        finally:
            superuser.unlink(missing_ok=True)
        self._single_user(fresh, f"CREATE ROLE {ROLE} LOGIN CREATEDB IN ROLE pg_monitor;", f"CREATE DATABASE {DATABASE} OWNER {ROLE};")
        self._set_password(fresh)
        fresh.rename(self.data)

    def _set_password(self, data: Path) -> None:
        """Gives the role a new random password and notes it; delete the file and start again to renew it."""
        password = secrets.token_hex(32)
        self._single_user(data, f"ALTER ROLE {ROLE} PASSWORD '{password}';")
        noted = self._password_file.with_suffix(".new")
        noted.unlink(missing_ok=True)
        with os.fdopen(os.open(noted, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(password)
            file.flush()
            os.fsync(file.fileno())
        noted.rename(self._password_file)

    def _single_user(self, data: Path, *statements: str) -> None:
        quiet = ("-c", "log_min_error_statement=panic", "-c", "dynamic_shared_memory_type=mmap")
        self._run("postgres", "--single", "-D", str(data), *quiet, "postgres", statements="\n".join(statements) + "\n")

    def _run(self, program: str, *arguments: str, statements: str = "") -> None:
        """Runs a program to its end under the engine's account; statements go to its standard input, where no other process sees them."""
        account = self._account
        done = subprocess.run(
            [str(self.program(program)), *arguments],
            input=statements.encode(),
            capture_output=True,
            cwd=self._place,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            start_new_session=True,
        )
        # In single-user mode a failed statement is told on standard error only.
        if done.returncode != 0 or b"ERROR:" in done.stderr:
            raise EngineFailed(f"{program} failed: {done.stderr.decode(errors='replace')[-2000:]}")
