"""NVIDIA Triton as a child of this program: gRPC on loopback only, no model control, no response cache, no payloads in its log."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import secrets
import signal
import sys
import sysconfig
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from landseal.server.engines.account import Account, all_reachable, make_folder, unprivileged
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

_START_S = 180.0
"""How long loading all models may take; on two busy cores it takes seconds, with TensorRT engines a minute."""

_SHM = Path("/dev/shm")  # noqa: S108 - the kernel's shared memory, where Triton's Python backend puts its regions

_PASSED_ON = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "TZ")
"""What Triton inherits of our own environment; the rest may hold secrets."""


class EmbeddedTriton:
    """One tritonserver with the models of ``repository``, run while :meth:`start` .. :meth:`stop`.

    As root it runs as nobody when that account can read the interpreter, the models and the weights; otherwise as root.
    A model that does not load (a missing weight) keeps the others running; the models' readiness tells.
    """

    name = "triton"

    def __init__(
        self,
        home: Path,
        weights_dir: Path,
        repository: Path | None = None,
        *,
        config_name: str | None = None,
        metrics_port: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Describes the engine; nothing is started.

        Args:
            home: Landseal's home; ``triton/`` in it is used.
            weights_dir: told to the models as ``LANDSEAL_WEIGHTS``.
            repository: model repository, by default the packaged one.
            config_name: ``gpu`` makes models use ``configs/gpu.pbtxt`` where they have it.
            metrics_port: Prometheus metrics on this loopback port; none by default.
            environment: further variables for the models.
        """
        self._folder = make_folder(make_folder(home.absolute(), 0o711) / "triton", 0o711)
        self._weights = weights_dir.absolute()
        self._repository = (repository or packaged_repository()).resolve()
        self._config_name = config_name
        self._metrics_port = metrics_port
        self._environment = dict(environment or {})
        # Unique to the home, so that leftovers of its own kind can be found after a kill of everything.
        self._shm_home = "landseal-" + hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:12] + "-"
        self._port: int | None = None
        self._process: EngineProcess | None = None
        self._guard = threading.Lock()

    @property
    def log(self) -> Path:
        """The engine's log."""
        return self._folder / "log"

    @property
    def pid(self) -> int | None:
        """Process id of tritonserver, None before the first start."""
        return self._process.pid if self._process else None

    @property
    def shepherd_pid(self) -> int | None:
        """Process id of tritonserver's shepherd, None before the first start."""
        return self._process.shepherd_pid if self._process else None

    @property
    def shared_memory(self) -> list[Path]:
        """The regions in /dev/shm of this home, living or left over; they can hold images."""
        return sorted(_SHM.glob(self._shm_home + "*"))

    def version(self) -> str:
        """Version of the running server, for example ``2.51.0``.

        Raises:
            EngineFailed: it does not run or does not answer.
        """
        with self._channel() as channel:
            # Metadata's answer is name = 1, version = 2; the generated stub would tie this room to tritonclient.
            ask = channel.unary_unary("/inference.GRPCInferenceService/ServerMetadata")
            try:
                answer: bytes = ask(b"", timeout=5.0)
            except grpc.RpcError as error:
                raise EngineFailed("Triton does not tell its version") from error
        name_length = answer[1]
        start = 4 + name_length
        return answer[start : start + answer[start - 1]].decode()

    def alive(self) -> bool:
        """Whether tritonserver runs."""
        return self._process is not None and self._process.alive()

    def start(self) -> str:
        """Starts the engine and waits until every model was tried and gRPC answers.

        Returns:
            ``127.0.0.1:port``; the port stays the same for the life of this object. Safe to call again.

        Raises:
            EngineUnavailable: this machine cannot run it.
            EngineInUse: another process runs this home.
            EngineFailed: it ended or did not answer in time.
        """
        with self._guard:
            if not self.alive():
                self._reap()
                with locked(self._folder / "lock") as lock:
                    self._prepare()
                    self._launch_on_some_port(lock)
            return f"127.0.0.1:{self._port}"

    def stop(self) -> None:
        """Lets running inferences end (5 s), then waits until no process and no shared memory is left. Safe to call again."""
        with self._guard:
            if self._process is not None:
                self._process.stop()
                self._sweep()

    def _reap(self) -> None:
        if self._process is not None and not self._process.wait(10.0):
            raise EngineFailed(f"the former tritonserver {self._process.pid} does not end")

    def _sweep(self) -> None:
        for path in self.shared_memory:
            path.unlink(missing_ok=True)

    def _prepare(self) -> None:
        self._sweep()
        prepare_backend(self._folder / "backends" / "python")

    def _launch_on_some_port(self, lock: int) -> None:
        """On the first start another port is tried when the chosen one was snatched; later the port is a promise."""
        tries = 5 if self._port is None else 1
        for left in reversed(range(tries)):
            port = self._port or free_port()
            self._process = EngineProcess.launch(self._command(port), lock)
            try:
                self._await_ready(self._process, port)
            except EngineFailed:
                self._process.stop()
                if left and not port_is_free(port):
                    continue
                raise
            self._port = port
            return

    def _command(self, port: int) -> Command:
        shm_prefix = self._shm_home + secrets.token_hex(4)
        return Command(
            argv=(str(_wheel_folder() / "bin" / "tritonserver"), *self._options(port, shm_prefix)),
            env=self._full_environment(),
            log=self.log,
            account=self._account(),
            cwd=self._folder,
            stop_signal=signal.SIGTERM,
            death_signal=signal.SIGKILL,  # its Python stubs notice their parent's death themselves
            grace_s=10.0,
            sweep=str(_SHM / (shm_prefix + "*")),
        )

    def _account(self) -> Account | None:
        account = unprivileged()
        needed = [
            Path(sys.executable),
            Path(sysconfig.get_path("stdlib")),
            Path(sysconfig.get_path("purelib")),
            _wheel_folder() / "bin" / "tritonserver",
            _libpython(),
            self._folder / "backends",
            self._repository,
            self._weights,
            *_import_roots(),
        ]
        return account if all_reachable(needed, account) else None

    def _options(self, port: int, shm_prefix: str) -> list[str]:
        options = {
            "model-repository": str(self._repository),
            "backend-directory": str(self._folder / "backends"),
            "model-control-mode": "none",
            "exit-on-error": "false",
            "strict-readiness": "false",
            "exit-timeout-secs": "5",
            "allow-http": "false",
            "allow-grpc": "true",
            "grpc-address": "127.0.0.1",
            "grpc-port": str(port),
            # Whoever may call inference could otherwise map shared memory, trace or log payloads.
            "grpc-restricted-protocol": f"shared-memory,trace,logging:key={secrets.token_hex(16)}",
            "allow-metrics": "false" if self._metrics_port is None else "true",
            "log-verbose": "0",
            "backend-config": f"python,shm-region-prefix-name={shm_prefix}",
        }
        if self._metrics_port is not None:
            options |= {"metrics-address": "127.0.0.1", "metrics-port": str(self._metrics_port)}
        if self._config_name is not None:
            options["model-config-name"] = self._config_name
        return [f"--{name}={value}" for name, value in options.items()]

    def _full_environment(self) -> dict[str, str]:
        libraries = [str(_wheel_folder().parent.parent / "nvidia_pytriton.libs"), str(_libpython().parent)]
        return {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            # The stub embeds Python and finds this environment through the first python3 on PATH.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
            "PYTHONPATH": os.pathsep.join(str(root) for root in _import_roots()),
            "PYTHONNOUSERSITE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LD_LIBRARY_PATH": os.pathsep.join(libraries),
            "LANG": "C.UTF-8",
            "HOME": str(self._folder),
            "OMP_NUM_THREADS": "1",
            "LANDSEAL_WEIGHTS": str(self._weights),
            **self._environment,
        }

    def _await_ready(self, process: EngineProcess, port: int) -> None:
        """Waits for the health service, which answers only after all models were tried."""
        deadline = time.monotonic() + _START_S
        while process.alive() and time.monotonic() < deadline:
            # Connecting is left to plain TCP until something listens: gRPC would back off for seconds.
            if not port_is_free(port) and _serving(port) and process.alive():
                return
            time.sleep(0.05)
        raise EngineFailed(f"Triton did not become ready; end of {self.log}:\n{log_tail(self.log)}")

    def _channel(self) -> grpc.Channel:
        if self._port is None:
            raise EngineFailed("Triton was not started")
        return grpc.insecure_channel(f"127.0.0.1:{self._port}")


def packaged_repository() -> Path:
    """The model repository that was installed with this program.

    Raises:
        EngineUnavailable: it is not there.
    """
    spec = importlib.util.find_spec("landseal.model_repository")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise EngineUnavailable("the packaged model repository is missing")
    return Path(places[0])


def prepare_backend(folder: Path) -> None:
    """Makes ``folder`` Triton's Python backend for the Python that runs now: links into the wheel, renewed every time.

    Raises:
        EngineUnavailable: the wheel has no stub for this Python.
    """
    wheel = _wheel_folder()
    stub = "triton_python_backend_stub"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    sources = [wheel / "backends" / "python" / name for name in ("libtriton_python.so", "triton_python_backend_utils.py")]
    sources.append(wheel / "python_backend_stubs" / version / stub)
    make_folder(folder, 0o755).parent.chmod(0o755)
    for source in sources:
        if not source.is_file():
            raise EngineUnavailable(f"nvidia-pytriton has no {source.name} for Python {version}")
        link = folder / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec("pytriton")
    folder = Path(spec.origin).parent / "tritonserver" if spec is not None and spec.origin else None
    if folder is None or not (folder / "bin" / "tritonserver").is_file():
        raise EngineUnavailable("Triton's programs are missing: install nvidia-pytriton, or give the address of a server")
    return folder


def _libpython() -> Path:
    """The shared library of this Python, which Triton's stub links against; distributions package it apart."""
    name = f"libpython{sys.version_info.major}.{sys.version_info.minor}.so.1.0"
    folders = [sysconfig.get_config_var("LIBDIR"), f"{sys.base_prefix}/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib64"]
    for folder in filter(None, folders):
        if (Path(folder) / name).exists():
            return Path(folder) / name
    raise EngineUnavailable(f"{name} is missing: install it (Debian and Ubuntu: apt install {name.removesuffix('.so.1.0')})")


def _import_roots() -> list[Path]:
    """Folders that models import from: those with ``landseal`` in them, then this environment's packages."""
    spec = importlib.util.find_spec("landseal")
    portions = [Path(place).absolute().parent for place in (spec.submodule_search_locations or ())] if spec is not None else []
    return list(dict.fromkeys([*portions, Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("platlib"))]))


def _serving(port: int) -> bool:
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2.0)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
