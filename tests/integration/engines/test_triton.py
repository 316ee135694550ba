"""The embedded Triton with a toy model: killed, restarted, stopped, and what it refuses."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import psutil
import pytest
import tritonclient.grpc as triton_grpc
from support.engines import face_reader, triton_client
from support.fake_triton import FakeTriton, served
from support.processes import eventually, family, gone, mentioning
from tritonclient.utils import InferenceServerException

from landseal.inference.reading import FaceReaderAway
from landseal.server.engines.process import EngineFailed, EngineUnavailable
from landseal.server.engines.tls import EngineKeys
from landseal.server.engines.triton import EmbeddedTriton, packaged_repository, prepare_backend
from landseal.server.engines.watch import EngineWatch

CONFIG = """
backend: "python"
max_batch_size: 8
input [{ name: "X" data_type: TYPE_FP32 dims: [4] }]
output [{ name: "Y" data_type: TYPE_FP32 dims: [4] }]
instance_group [{ count: 1 kind: KIND_CPU }]
"""

DOUBLE = """
import triton_python_backend_utils as pb_utils
from landseal.inference.reading import FrameFault  # the models must find this package

class TritonPythonModel:
    def execute(self, requests):
        def answer(request):
            x = pb_utils.get_input_tensor_by_name(request, "X").as_numpy()
            return pb_utils.InferenceResponse([pb_utils.Tensor("Y", x * 2)])
        return [answer(request) for request in requests]
"""

BROKEN = """
class TritonPythonModel:
    def initialize(self, args):
        raise RuntimeError("weights are missing")
"""


def add_model(repository: Path, name: str, code: str, config: str = CONFIG) -> None:
    folder = repository / name / "1"
    folder.mkdir(parents=True)
    (folder / "model.py").write_text(code)
    (folder.parent / "config.pbtxt").write_text(config)


def toy_engine(home: Path) -> EmbeddedTriton:
    weights, repository = home / "models", home / "repository"
    weights.mkdir(exist_ok=True)
    if not repository.exists():
        add_model(repository, "double", DOUBLE)
        add_model(repository, "broken", BROKEN)
    return EmbeddedTriton(home, weights, repository)


def doubled(engine: EmbeddedTriton) -> list[float]:
    with triton_client(engine) as client:
        tensor = triton_grpc.InferInput("X", [1, 4], "FP32")
        tensor.set_data_from_numpy(np.array([[1, 2, 3, 4]], np.float32))
        answer = client.infer("double", [tensor], client_timeout=10.0).as_numpy("Y")
    assert answer is not None
    return [float(value) for value in answer.ravel()]


def pid_of(engine: EmbeddedTriton) -> int:
    assert engine.pid is not None
    return engine.pid


def shepherd_of(engine: EmbeddedTriton) -> int:
    assert engine.shepherd_pid is not None
    return engine.shepherd_pid


@pytest.fixture(scope="module")
def toy_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("toy")


@pytest.fixture(scope="module")
def engine(toy_home: Path) -> Iterator[EmbeddedTriton]:
    """One engine for the tests of this module; each starts it if the one before left it dead."""
    engine = toy_engine(toy_home)
    yield engine
    engine.stop()


def test_a_model_answers_and_a_broken_one_harms_no_other(engine: EmbeddedTriton) -> None:
    assert doubled(engine) == [2.0, 4.0, 6.0, 8.0]
    assert engine.version() == "2.51.0"
    with triton_client(engine) as client:
        assert client.is_model_ready("double")
        assert not client.is_model_ready("broken")


def test_it_listens_on_one_loopback_port_only(engine: EmbeddedTriton) -> None:
    address = engine.start()
    listening = [
        f"{connection.laddr.ip.removeprefix('::ffff:')}:{connection.laddr.port}"
        for process in family(pid_of(engine))
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == [address]


def test_not_even_its_own_clients_can_load_trace_or_map_anything(engine: EmbeddedTriton) -> None:
    with triton_client(engine) as client:
        with pytest.raises(InferenceServerException, match="explicit model load"):
            client.load_model("double")
        for forbidden in (
            client.get_trace_settings,
            client.get_log_settings,
            client.get_system_shared_memory_status,
            lambda: client.register_system_shared_memory("theft", "/anything", 64),
        ):
            with pytest.raises(InferenceServerException, match="restricted"):
                forbidden()


def test_a_stranger_without_the_engines_keys_is_not_served(engine: EmbeddedTriton, tmp_path: Path) -> None:
    address, root = engine.start(), engine.tls.root
    other = EngineKeys(tmp_path, "triton", dt.datetime.now(dt.UTC))
    other.write(None)
    for ways in (
        {},
        {"ssl": True, "root_certificates": root},
        {"ssl": True, "root_certificates": root, "certificate_chain": other.client.certificate,
         "private_key": other.client.key},
        {"ssl": True, "root_certificates": root, "certificate_chain": root.with_name("server.pem"),
         "private_key": root.with_name("server.key")},
    ):  # fmt: skip
        with triton_grpc.InferenceServerClient(address, **ways) as client, pytest.raises(InferenceServerException):
            client.is_server_live(client_timeout=3.0)
    assert doubled(engine) == [2.0, 4.0, 6.0, 8.0]


def test_its_keys_are_closed_to_others_and_new_in_every_program(engine: EmbeddedTriton, toy_home: Path) -> None:
    engine.start()
    folder = toy_home / "triton" / "tls"
    assert {path.name for path in folder.glob("*.key") if path.stat().st_mode & 0o777 == 0o600} == {
        "client.key",
        "server.key",
    }
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    engine.stop()
    engine.start()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before  # its clients go on
    engine.stop()
    later = toy_engine(toy_home)
    try:
        assert doubled(later) == [2.0, 4.0, 6.0, 8.0]
        assert all(path.read_bytes() != before[path.name] for path in folder.iterdir())
    finally:
        later.stop()
    assert doubled(engine) == [2.0, 4.0, 6.0, 8.0]


@pytest.mark.parametrize("with_tls", [False, True])
def test_an_impostor_on_the_port_of_a_dead_engine_is_neither_believed_nor_told_anything(
    engine: EmbeddedTriton, tmp_path: Path, with_tls: bool
) -> None:
    address = engine.start()
    keys = EngineKeys(tmp_path, "triton", dt.datetime.now(dt.UTC))
    keys.write(None)
    pair = [(keys.server.key.read_bytes(), keys.server.certificate.read_bytes())]
    credentials = grpc.ssl_server_credentials(pair) if with_tls else None
    with face_reader(address, engine.tls) as reader:
        engine.stop()
        impostor = FakeTriton()
        with served(impostor, int(address.rpartition(":")[2]), credentials):
            assert not reader.health().ready
            with pytest.raises(FaceReaderAway):
                reader.read_burst([b"a face"], samples=1, seed=1, timeout_s=3.0)
            with pytest.raises(EngineFailed):
                engine.version()
            with pytest.raises(EngineFailed):
                engine.start()
        assert impostor.requests == []
    assert doubled(engine) == [2.0, 4.0, 6.0, 8.0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be shut in by a folder")
def test_root_is_told_what_to_do_when_the_engine_may_not_run_as_root(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    engine = EmbeddedTriton(closed / "home", closed, allow_root=False)
    with pytest.raises(EngineUnavailable, match="account of its own"):
        engine.start()
    assert not engine.alive()


def test_a_killed_engine_leaves_neither_process_nor_shared_memory_and_starts_again(engine: EmbeddedTriton) -> None:
    address = engine.start()
    assert engine.shared_memory
    processes = family(shepherd_of(engine))
    os.kill(pid_of(engine), signal.SIGKILL)
    assert eventually(lambda: gone(processes), 5.0)
    assert engine.shared_memory == []
    assert not engine.alive()
    assert engine.start() == address
    assert doubled(engine) == [2.0, 4.0, 6.0, 8.0]


def test_a_killed_shepherd_leaves_no_process_and_the_next_start_sweeps_the_memory(engine: EmbeddedTriton) -> None:
    address = engine.start()
    processes = family(shepherd_of(engine))
    left = engine.shared_memory
    os.kill(shepherd_of(engine), signal.SIGKILL)
    assert eventually(lambda: gone(processes), 5.0)
    assert eventually(lambda: not engine.alive(), 1.0)
    assert engine.start() == address
    assert not set(left) & set(engine.shared_memory)


def test_the_watch_restarts_a_killed_engine_under_its_old_address(engine: EmbeddedTriton) -> None:
    engine.start()
    with EngineWatch([engine]) as watch:
        address = watch.start()["triton"]
        os.kill(pid_of(engine), signal.SIGKILL)
        assert eventually(lambda: watch.restarts()["triton"] == 1, 120.0)
        assert engine.start() == address
        assert doubled(engine) == [2.0, 4.0, 6.0, 8.0]


def test_a_stop_leaves_neither_process_nor_shared_memory(engine: EmbeddedTriton, toy_home: Path) -> None:
    engine.start()
    engine.stop()
    assert mentioning(toy_home) == []
    assert engine.shared_memory == []


def test_a_killed_program_leaves_nothing_within_five_seconds(engine: EmbeddedTriton, toy_home: Path) -> None:
    code = (
        "import time, pathlib\n"
        "from landseal.server.engines.triton import EmbeddedTriton\n"
        f"home = pathlib.Path({str(toy_home)!r})\n"
        "engine = EmbeddedTriton(home, home / 'models', home / 'repository')\n"
        "engine.start(); print('up', flush=True); time.sleep(600)\n"
    )
    engine.stop()
    program = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert program.stdout is not None
    assert program.stdout.readline() == b"up\n"
    program.stdout.close()
    processes = [process for process in family(program.pid) if process.pid != program.pid]
    assert len(processes) >= 3  # shepherd, server, stub
    program.kill()
    program.wait()
    assert eventually(lambda: gone(processes) and not engine.shared_memory, 5.0)
    assert mentioning(toy_home) == []


def test_two_homes_run_side_by_side(engine: EmbeddedTriton, tmp_path: Path) -> None:
    other = toy_engine(tmp_path)
    try:
        first, second = engine.start(), other.start()
        assert first != second
        other.stop()
        assert doubled(engine) == [2.0, 4.0, 6.0, 8.0]
        assert engine.shared_memory
    finally:
        other.stop()


def test_the_log_holds_no_payload(engine: EmbeddedTriton) -> None:
    with triton_client(engine) as client:
        tensor = triton_grpc.InferInput("X", [1, 1], "BYTES")
        tensor.set_data_from_numpy(np.array([[b"face-of-a-person"]], np.object_))
        with pytest.raises(InferenceServerException):
            client.infer("double", [tensor], client_timeout=10.0)
    assert "face-of-a-person" not in engine.log.read_text()


def test_the_packaged_repository_is_found_and_whole() -> None:
    repository = packaged_repository()
    assert {"face_burst", "face_burst_active", "frames", "select", "embedding", "liveness"} <= set(
        os.listdir(repository)
    )
    assert (repository / "frames" / "1" / "model.py").is_file()
    assert (repository / "face_burst" / "config.pbtxt").is_file()
    assert (repository / "face_burst" / "1").is_dir()


def test_a_python_without_a_stub_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        major, minor = 3, 99

    monkeypatch.setattr(sys, "version_info", Other)
    with pytest.raises(EngineUnavailable, match=r"3\.99"):
        prepare_backend(tmp_path / "backends" / "python")
