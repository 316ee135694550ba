"""The embedded PostgreSQL: killed, restarted, beside another, in a closed folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
from support.engines import other_database
from support.processes import eventually, family, gone, mentioning

from landseal.server.engines.pginstall import ELSEWHERE
from landseal.server.engines.postgres import EmbeddedPostgres, PostgresSizes
from landseal.server.engines.process import EngineFailed, EngineInUse, EngineUnavailable
from landseal.server.engines.watch import EngineWatch

SSL_REQUEST, GSS_REQUEST = struct.pack("!i", 80877103), struct.pack("!i", 80877104)
SMALL = PostgresSizes(shared_buffers_mib=16, max_connections=20)


@pytest.fixture(scope="module")
def made_home() -> Iterator[Path]:
    """A home whose cluster was made once, to be copied: making one costs a second or more."""
    home = Path(tempfile.mkdtemp(prefix="landseal-made-"))
    home.chmod(0o711)
    engine = EmbeddedPostgres(home, sizes=SMALL)
    engine.start()
    engine.stop()
    yield home
    shutil.rmtree(home)


@pytest.fixture
def engine(own_home: Path, made_home: Path) -> Iterator[EmbeddedPostgres]:
    subprocess.run(["/bin/cp", "-a", made_home / "postgres", own_home], check=True)
    engine = EmbeddedPostgres(own_home, sizes=SMALL)
    yield engine
    engine.stop()


@pytest.fixture
def fresh_engine(own_home: Path) -> Iterator[EmbeddedPostgres]:
    engine = EmbeddedPostgres(own_home, sizes=SMALL)
    yield engine
    engine.stop()


def rows(url: str) -> int:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def add_row(url: str) -> None:
    with psycopg.connect(url, connect_timeout=5) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")


def pid_of(engine: EmbeddedPostgres) -> int:
    assert engine.pid is not None
    return engine.pid


def shepherd_of(engine: EmbeddedPostgres) -> int:
    assert engine.shepherd_pid is not None
    return engine.shepherd_pid


def test_a_fresh_home_becomes_a_database_of_version_18(fresh_engine: EmbeddedPostgres) -> None:
    url = fresh_engine.start()
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting('server_version'), current_database()").fetchone()
        assert row == (fresh_engine.version(), "landseal")
        assert fresh_engine.version().startswith("18.")
        assert connection.info.encoding == "utf-8"
        row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        assert row == (False,)


def test_a_wrong_password_is_refused(engine: EmbeddedPostgres) -> None:
    url = engine.start()
    password = psycopg.conninfo.conninfo_to_dict(url)["password"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(str(password), "guess"))


@pytest.mark.parametrize("demand", [3, 5, 0])  # the password in clear, its MD5, nothing at all
def test_an_impostor_on_the_port_gets_no_password(engine: EmbeddedPostgres, demand: int) -> None:
    url = engine.start()
    engine.stop()
    said = bytearray()

    def answer(door: socket.socket) -> None:
        client = door.accept()[0]
        client.settimeout(3.0)
        body = struct.pack("!i", demand) + (b"salt" if demand == 5 else b"")
        while (first := client.recv(4096)) and first[4:8] in (SSL_REQUEST, GSS_REQUEST):
            client.sendall(b"N")
        client.sendall(b"R" + struct.pack("!i", 4 + len(body)) + body)
        while heard := client.recv(4096):
            said.extend(heard)

    with socket.create_server(("127.0.0.1", urlsplit(url).port or 0)) as door:
        impostor = threading.Thread(target=answer, args=(door,))
        impostor.start()
        with pytest.raises(psycopg.OperationalError, match="authentication method requirement"):
            psycopg.connect(url, connect_timeout=5)
        impostor.join()
    assert said == b""


def test_it_listens_on_loopback_only_and_on_no_socket_file(engine: EmbeddedPostgres) -> None:
    engine.start()
    process = psutil.Process(pid_of(engine))
    listening = [c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"]
    assert not [c for c in process.net_connections("unix") if c.laddr]


def test_secrets_and_data_are_closed_to_others(engine: EmbeddedPostgres, own_home: Path) -> None:
    engine.start()
    assert (own_home / "postgres" / "password").stat().st_mode & 0o777 == 0o600
    assert engine.data.stat().st_mode & 0o777 == 0o700
    assert not list(engine.data.parent.glob("initdb-password"))


def test_neither_statements_nor_values_reach_the_log(engine: EmbeddedPostgres) -> None:
    with psycopg.connect(engine.start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE people (card text PRIMARY KEY)")
        connection.execute("INSERT INTO people VALUES ('hash-of-a-card')")
        for statement in ("INSERT INTO people VALUES ('hash-of-a-card')", "SELECT 'hash-of-a-card' FROM nowhere"):
            with pytest.raises(psycopg.Error):
                connection.execute(statement.encode())
    assert "hash-of-a-card" not in engine.log.read_text()


def test_committed_rows_survive_a_kill_and_the_url_stays(engine: EmbeddedPostgres) -> None:
    url = engine.start()
    add_row(url)
    processes = family(shepherd_of(engine))
    os.kill(pid_of(engine), signal.SIGKILL)
    assert eventually(lambda: not engine.alive(), 5.0)
    assert gone(processes)
    assert (engine.data / "postmaster.pid").exists()  # stale, and still saying ready
    assert engine.start() == url
    assert rows(url) == 1


def test_a_killed_shepherd_leaves_no_process_and_the_engine_starts_again(engine: EmbeddedPostgres) -> None:
    url = engine.start()
    add_row(url)
    processes = family(shepherd_of(engine))
    os.kill(shepherd_of(engine), signal.SIGKILL)
    assert eventually(lambda: gone(processes), 5.0)
    assert engine.start() == url
    assert rows(url) == 1


def test_a_stop_leaves_no_process(engine: EmbeddedPostgres, own_home: Path) -> None:
    url = engine.start()
    with psycopg.connect(url):  # a session that is open does not hold the stop up
        engine.stop()
    assert not engine.alive()
    assert mentioning(own_home) == []
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)


def test_data_are_there_for_the_next_program(engine: EmbeddedPostgres, own_home: Path) -> None:
    add_row(engine.start())
    engine.stop()
    later = EmbeddedPostgres(own_home, sizes=SMALL)
    try:
        assert rows(later.start()) == 1
    finally:
        later.stop()


def test_a_killed_program_leaves_no_process_within_five_seconds(own_home: Path) -> None:
    code = (
        "import sys, time, pathlib\n"
        "from landseal.server.engines.postgres import EmbeddedPostgres\n"
        f"engine = EmbeddedPostgres(pathlib.Path({str(own_home)!r}))\n"
        "engine.start(); print('up', flush=True); time.sleep(600)\n"
    )
    program = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert program.stdout is not None
    assert program.stdout.readline() == b"up\n"
    program.stdout.close()
    processes = [process for process in family(program.pid) if process.pid != program.pid]
    assert len(processes) > 3
    program.kill()
    program.wait()
    assert eventually(lambda: gone(processes), 5.0)
    assert mentioning(own_home) == []


def test_two_homes_run_side_by_side(engine: EmbeddedPostgres, own_home: Path) -> None:
    other = EmbeddedPostgres(own_home / "other", sizes=SMALL)
    try:
        first, second = engine.start(), other.start()
        add_row(first)
        with psycopg.connect(second) as connection:
            assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)
    finally:
        other.stop()


def test_a_second_program_on_the_same_home_is_refused(
    engine: EmbeddedPostgres, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.start()
    monkeypatch.setattr(EmbeddedPostgres, "_former_s", 0.2)
    with pytest.raises(EngineInUse):
        EmbeddedPostgres(own_home).start()


def test_a_port_taken_between_death_and_restart_is_reported_and_waited_for(engine: EmbeddedPostgres) -> None:
    url = engine.start()
    port = int(psycopg.conninfo.conninfo_to_dict(url)["port"] or 0)
    engine.stop()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(EngineFailed):
        engine.start()
    assert engine.start() == url


def test_a_pid_file_whose_number_a_stranger_has_now_does_not_stop_the_start(engine: EmbeddedPostgres) -> None:
    url = engine.start()
    add_row(url)
    os.kill(pid_of(engine), signal.SIGKILL)
    assert eventually(lambda: not engine.alive(), 5.0)
    stale = engine.data / "postmaster.pid"
    stranger = subprocess.Popen(["/bin/sleep", "600"], user=stale.stat().st_uid if os.geteuid() == 0 else None)
    try:
        stale.write_text(f"{stranger.pid}\n" + stale.read_text().partition("\n")[2])
        assert rows(engine.start()) == 1
    finally:
        stranger.kill()
        stranger.wait()


def test_a_lost_password_file_is_renewed(engine: EmbeddedPostgres, own_home: Path) -> None:
    before = engine.start()
    add_row(before)
    engine.stop()
    (own_home / "postgres" / "password").unlink()
    after = engine.start()
    assert after != before
    assert rows(after) == 1


def test_data_of_another_major_version_are_refused_and_left_alone(engine: EmbeddedPostgres) -> None:
    engine.start()
    engine.stop()
    (engine.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(EngineUnavailable, match="dump and restore"):
        engine.start()


def test_a_crash_while_the_cluster_was_made_does_no_harm(fresh_engine: EmbeddedPostgres) -> None:
    half = fresh_engine.data.parent / "data.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    add_row(fresh_engine.start())


def test_a_backup_restores_into_a_second_database(engine: EmbeddedPostgres, own_home: Path) -> None:
    url = engine.start()
    add_row(url)
    dump = own_home / "dump"
    subprocess.run([engine.program("pg_dump"), "-Fc", "-f", dump, url], check=True)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE drill")
    drill = other_database(url, "drill")
    subprocess.run([engine.program("pg_restore"), "-d", drill, dump], check=True)
    assert rows(drill) == 1


def test_the_watch_restarts_a_killed_engine_under_its_old_url(engine: EmbeddedPostgres) -> None:
    with EngineWatch([engine], poll_s=0.02) as watch:
        url = watch.start()["postgres"]
        add_row(url)
        for time in (1, 2):
            os.kill(pid_of(engine), signal.SIGKILL)
            assert eventually(lambda time=time: watch.restarts()["postgres"] == time, 20.0)  # type: ignore[misc] # mypy infers no type for a lambda with a default
        assert rows(url) == 1
    assert not engine.alive()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the account and can be shut out by a folder")
def test_root_works_from_a_home_that_the_account_cannot_reach() -> None:
    closed = Path(tempfile.mkdtemp())  # 0700
    engine = EmbeddedPostgres(closed / "home", sizes=SMALL)
    try:
        assert engine.data.is_relative_to(ELSEWHERE)
        add_row(engine.start())
        assert psutil.Process(pid_of(engine)).uids().effective != 0
        engine.stop()
        later = EmbeddedPostgres(closed / "home", sizes=SMALL)
        assert rows(later.start()) == 1
        later.stop()
    finally:
        engine.stop()
        shutil.rmtree(engine.data.parents[1])
        shutil.rmtree(closed)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the account and can be shut out by a folder")
def test_root_copies_the_programs_when_the_account_cannot_reach_them(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from landseal.server.engines import pginstall

    installed = pginstall.wheel_folder()
    closed = Path(tempfile.mkdtemp())  # 0700, as a clone below root's own folder is
    for name in (installed.name, installed.name + ".libs"):
        shutil.copytree(installed.with_name(name), closed / name, symlinks=True)
    monkeypatch.setattr(pginstall, "wheel_folder", lambda: closed / installed.name)
    engine = EmbeddedPostgres(own_home, sizes=SMALL)
    try:
        assert engine.program("postgres").is_relative_to(own_home)
        add_row(engine.start())
        assert rows(engine.start()) == 1
    finally:
        engine.stop()
        shutil.rmtree(closed)
