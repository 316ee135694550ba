"""The database cluster on disk: made once, with roles and a password, and kept fit for a start."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from landseal.server.engines.account import Account
from landseal.server.engines.pginstall import runnable_install
from landseal.server.engines.process import EngineFailed, EngineUnavailable

ROLE = "landseal"
"""Login role of the program: owns the database, may make further ones, is no superuser."""

DATABASE = "landseal"
"""Name of the database."""

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""What PostgreSQL's programs are told of the world."""

_INITDB = (
    *("--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
)


class Cluster:
    """The data directory ``place/data`` of one account, and the password file that opens it."""

    def __init__(self, place: Path, password_file: Path, account: Account | None) -> None:
        self.place = place
        self.account = account
        self.data = place / "data"
        """The data directory (PGDATA)."""
        self._password_file = password_file
        self._programs: Path | None = None

    def program(self, name: str) -> Path:
        """Path of one of PostgreSQL's programs, runnable by the account.

        Raises:
            EngineUnavailable: PostgreSQL is not installed.
        """
        if self._programs is None:
            self._programs = runnable_install(self.place, self.account) / "bin"
        return self._programs / name

    def version(self) -> str:
        """Version of the programs, for example ``18.4``."""
        argv = [str(self.program("postgres")), "--version"]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()[-1]

    def password(self) -> str:
        """The role's password."""
        return self._password_file.read_text().strip()

    def make_ready(self) -> None:
        """Makes the cluster where it is missing, checks its version and clears what a crash may have left.

        Raises:
            EngineUnavailable: the data were made by another major version.
            EngineFailed: one of PostgreSQL's programs failed.
        """
        if not self.data.exists():
            self._create()
        major = (self.data / "PG_VERSION").read_text().strip()
        if major != self.version().partition(".")[0]:
            raise EngineUnavailable(f"{self.data} is of PostgreSQL {major}, not {self.version()}: dump and restore it")
        self._drop_foreign_pid_file()
        if not self._password_file.exists():
            self._set_password(self.data)

    def postmaster(self) -> list[str]:
        """The lines of ``postmaster.pid``; empty when no server ran or it ended well."""
        try:
            return [line.strip() for line in (self.data / "postmaster.pid").read_text().splitlines()]
        except OSError:
            return []

    def _drop_foreign_pid_file(self) -> None:
        """Removes a stale ``postmaster.pid`` whose number a stranger has now, and with which no start would succeed.

        Happens after a restart of the machine or container. Two postmasters cannot result: the lock is ours, and
        PostgreSQL also refuses while a process is attached to the shared memory keyed by the data folder's inode.
        """
        lines = self.postmaster()
        if not lines:
            return
        try:
            words = Path(f"/proc/{lines[0]}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return
        if os.fsencode(self.data) not in words:
            (self.data / "postmaster.pid").unlink()

    def _create(self) -> None:
        """Makes the cluster beside its final name and renames it: a crash leaves nothing half made under that name."""
        fresh = self.place / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        superuser = self.place / "initdb-password"
        superuser.unlink(missing_ok=True)
        try:
            _write_secret(
                superuser, secrets.token_hex(32)
            )  # noted nowhere: the superuser acts in single-user mode only
            if self.account is not None:
                for path in (fresh, superuser):
                    os.chown(path, self.account.uid, self.account.gid)
            self._run("initdb", *_INITDB, f"--pwfile={superuser}", "-D", str(fresh))
        finally:
            superuser.unlink(missing_ok=True)
        role = f"CREATE ROLE {ROLE} LOGIN CREATEDB IN ROLE pg_monitor;"
        self._single_user(fresh, role, f"CREATE DATABASE {DATABASE} OWNER {ROLE};")
        self._set_password(fresh)
        fresh.rename(self.data)

    def _set_password(self, data: Path) -> None:
        """Gives the role a new random password and notes it; delete the file and start again to renew it."""
        password = secrets.token_hex(32)
        self._single_user(data, f"ALTER ROLE {ROLE} PASSWORD '{password}';")
        noted = self._password_file.with_suffix(".new")
        noted.unlink(missing_ok=True)
        _write_secret(noted, password)
        noted.rename(self._password_file)

    def _single_user(self, data: Path, *statements: str) -> None:
        quiet = ("-c", "log_min_error_statement=panic", "-c", "dynamic_shared_memory_type=mmap")
        words = ("--single", "-D", str(data), *quiet, "postgres")
        self._run("postgres", *words, statements="\n".join(statements) + "\n")

    def _run(self, program: str, *words: str, statements: str = "") -> None:
        """Runs a program to its end under the account; statements go to its standard input, unseen by others."""
        account = self.account
        done = subprocess.run(
            [str(self.program(program)), *words],
            input=statements.encode(),
            capture_output=True,
            cwd=self.place,
            env=ENVIRONMENT,
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            start_new_session=True,
        )
        # In single-user mode a failed statement is told on standard error only.
        if done.returncode != 0 or b"ERROR:" in done.stderr:
            raise EngineFailed(f"{program} failed: {done.stderr.decode(errors='replace')[-2000:]}")


def _write_secret(path: Path, secret: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
