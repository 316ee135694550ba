"""The server under test: started as an operator would, in a process of its own, in a fresh home."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from landseal.clients.bench.bursts import INSTRUCTIONS, SEED
from landseal.clients.bench.cpu import cpu_seconds, tree
from landseal.clients.homes import home
from landseal.server.app import App, build, engines_of
from landseal.server.engines.tls import EngineTls
from landseal.server.settings import Settings

START_S = 300.0
STOP_S = 60.0
_SERVING = re.compile(r"serving on port (\d+), administrators on (\d+)")
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "XDG_DATA_HOME", "CUDA_VISIBLE_DEVICES", "PYTHONPATH", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Site:
    """Where the server is; plain values, so that it can be handed to other processes."""

    pid: int
    home: Path
    port: int
    admin_port: int
    triton_url: str

    @property
    def triton_tls(self) -> EngineTls:
        """What a client of the server's Triton needs."""
        return EngineTls.embedded(self.home, "triton")

    def cpu_seconds(self) -> dict[str, float]:
        """CPU that the server and both its engines have used so far, by part."""
        return cpu_seconds(self.pid)


@contextmanager
def started(models: Path, **settings: str) -> Iterator[Site]:
    """Starts the server with ``policy=loadtest`` and known instructions; nothing of it is left behind.

    ``settings`` are further environment variables, without their prefix and in lower case.

    Raises:
        RuntimeError: it did not start; what it wrote is in the message.
    """
    with _fresh_home() as folder:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        with _process(kept | _environment(folder, models, settings)) as process:
            port, admin_port = _ports(process)
            yield Site(process.pid, folder, port, admin_port, _triton(process.pid))


@contextmanager
def opened_here(models: Path) -> Iterator[tuple[Site, App]]:
    """Starts the same server inside this process, where its steps can be watched."""
    with _fresh_home() as folder:
        settings = Settings.from_env(_environment(folder, models, {}))
        with engines_of(settings) as engines:
            app = build(settings, engines)
            app.start()
            try:
                yield Site(os.getpid(), folder, app.port, app.admin_port, engines.triton_url), app
            finally:
                app.close()


@contextmanager
def _fresh_home() -> Iterator[Path]:
    base = home() / "bench"
    base.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=base))
    os.chmod(folder, 0o711)  # noqa: S103 - the database runs under another account when we are root
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, models: Path, settings: dict[str, str]) -> dict[str, str]:
    values = {
        "home": str(folder),
        "models": str(models),
        "listen": "127.0.0.1:0",
        "admin_listen": "127.0.0.1:0",
        "policy": "loadtest",
        "loadtest_instructions": str(INSTRUCTIONS),
        "loadtest_seed": str(SEED),
        "log_file": str(folder / "journal.jsonl"),
        **settings,
    }
    return {f"LANDSEAL_{name.upper()}": value for name, value in values.items()}


@contextmanager
def _process(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "landseal.server"], env=environment, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ports(process: subprocess.Popen[str]) -> tuple[int, int]:
    assert process.stderr is not None  # noqa: S101 - tells mypy what stderr=PIPE means
    patience = threading.Timer(START_S, process.terminate)
    patience.start()
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        found = _SERVING.search(line)
        if found:
            patience.cancel()
            threading.Thread(target=_drain, args=(process.stderr,), daemon=True).start()
            return int(found[1]), int(found[2])
    patience.cancel()
    raise RuntimeError("the server did not start:\n" + "".join(said[-20:]))


def _drain(stream: IO[str]) -> None:
    for _ in stream:
        pass


def _triton(pid: int) -> str:
    """The engine's address, read from its command line: the server tells nobody."""
    for process in tree(pid):
        for word in process.words:
            if process.part == "triton" and word.startswith("--grpc-port="):
                return "127.0.0.1:" + word.partition("=")[2]
    raise RuntimeError("no Triton runs below the server")
