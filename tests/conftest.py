"""What many tests share: a home, the real engines once per session, an empty database, the provisioned weights."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from support.engines import other_database

from landseal.inference.models.provision import provision
from landseal.server.engines.postgres import EmbeddedPostgres, PostgresSizes
from landseal.server.engines.triton import EmbeddedTriton
from landseal.server.engines.watch import EngineWatch


@dataclass(frozen=True)
class Engines:
    """Both engines, running and watched."""

    home: Path
    postgres: EmbeddedPostgres
    triton: EmbeddedTriton
    postgres_url: str = field(repr=False)
    triton_address: str


def _reachable_folder(name: str) -> Path:
    """A new folder that nobody can walk into, too: pytest's own are closed to other accounts."""
    folder = Path(tempfile.mkdtemp(prefix=f"landseal-{name}-"))
    folder.chmod(0o711)
    return folder


@pytest.fixture(scope="session")
def landseal_home() -> Iterator[Path]:
    """A home for this session's engines; gone at the end."""
    home = _reachable_folder("home")
    yield home
    shutil.rmtree(home)


@pytest.fixture
def own_home() -> Iterator[Path]:
    """A home for one test that starts engines of its own; gone at the end."""
    home = _reachable_folder("own")
    yield home
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def model_weights() -> Path:
    """The provisioned weights, kept between runs in the default home (or ``LANDSEAL_HOME``)."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    default = Path("/var/lib/landseal") if os.geteuid() == 0 else data / "landseal"
    folder = Path(os.environ.get("LANDSEAL_HOME", default)) / "models"
    caches = [Path(place) for place in os.environ.get("LANDSEAL_MODEL_CACHE", "").split(os.pathsep) if place]
    report = provision(folder, cache_dirs=caches)
    if not report.complete:
        pytest.fail("weights that every verification needs are missing: " + " ".join(report.words()))
    return folder


@pytest.fixture(scope="session")
def postgres(landseal_home: Path) -> Iterator[EmbeddedPostgres]:
    """The session's PostgreSQL, running and watched."""
    engine = EmbeddedPostgres(landseal_home, sizes=PostgresSizes(shared_buffers_mib=64))
    with EngineWatch([engine]) as watch:
        watch.start()
        yield engine


@pytest.fixture(scope="session")
def triton(landseal_home: Path, model_weights: Path) -> Iterator[EmbeddedTriton]:
    """The session's Triton with the packaged models, running and watched; takes some seconds."""
    engine = EmbeddedTriton(landseal_home, model_weights)
    with EngineWatch([engine]) as watch:
        watch.start()
        yield engine


@pytest.fixture(scope="session")
def engines(landseal_home: Path, postgres: EmbeddedPostgres, triton: EmbeddedTriton) -> Engines:
    """Both engines of the session."""
    return Engines(landseal_home, postgres, triton, postgres.start(), triton.start())


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The URL of an empty database of this test's own; dropped at the end, whoever is still connected."""
    server = postgres.start()
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        yield other_database(server, name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
