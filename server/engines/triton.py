"""NVIDIA Triton as a child of this program: gRPC on loopback only, no model control, no response cache."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.util
import logging
import os
import secrets
import signal
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from landseal.server.engines.account import Account, all_reachable, make_folder, unprivileged
from landseal.server.engines.embedded import EmbeddedEngine
from landseal.server.engines.libpython import find_libpython
from landseal.server.engines.process import Command, EngineFailed, EngineProcess, EngineUnavailable, port_is_free
from landseal.server.engines.tls import EngineKeys, EngineTls

_LOG = logging.getLogger(__name__)

_SHM = Path("/dev/shm")  # noqa: S108 - the kernel's shared memory, where Triton's Python backend puts its regions

_PASSED_ON = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "TZ")
"""What Triton inherits of our own environment; the rest may hold secrets."""

_NOBODYS_HEADER = "Nobody"
"""Header that calls of restricted protocols must carry: HTTP/2 has no capital letters in names, so none can."""


class EmbeddedTriton(EmbeddedEngine):
    """One tritonserver with the models of ``repository``; its address is ``127.0.0.1:port`` (gRPC, mutual TLS).

    Only a client with the files of :attr:`tls` is served, and with them it knows this engine from anybody else on its
    port. As root it runs as nobody when that account can read the interpreter, the models and the weights.
    A model that does not load (a missing weight) keeps the others running; the models' readiness tells.
    """

    name = "triton"
    _start_s = 240.0  # loading all models: seconds on two idle cores, a minute or more on busy ones

    def __init__(
        self,
        home: Path,
        weights_dir: Path,
        repository: Path | None = None,
        *,
        config_name: str | None = None,
        metrics_port: int | None = None,
        environment: Mapping[str, str] | None = None,
        allow_root: bool = True,
    ) -> None:
        """Describes the engine; nothing is started.

        Args:
            home: Landseal's home; ``triton/`` in it is used.
            weights_dir: told to the models as ``LANDSEAL_WEIGHTS``.
            repository: model repository, by default the packaged one.
            config_name: ``gpu`` makes models use ``configs/gpu.pbtxt`` where they have it.
            metrics_port: Prometheus metrics on this loopback port; none by default.
            environment: further variables for the models.
            allow_root: whether root runs it as root, with a warning, when the unprivileged account cannot read what it
                needs; otherwise :meth:`start` raises EngineUnavailable.
        """
        super().__init__(home)
        self._weights = weights_dir.absolute()
        self._repository = (repository or packaged_repository()).resolve()
        self._config_name = config_name
        self._metrics_port = metrics_port
        self._environment = dict(environment or {})
        self._allow_root = allow_root
        self._runs_as: Account | None = None
        self._keys = EngineKeys(self._home, self.name, dt.datetime.now(dt.UTC))
        # Unique to the home, so that leftovers of its own kind can be found after a kill of everything.
        self._shm_home = "landseal-" + hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:12] + "-"

    @property
    def shared_memory(self) -> list[Path]:
        """The regions in /dev/shm of this home, living or left over; they can hold images."""
        return sorted(_SHM.glob(self._shm_home + "*"))

    @property
    def tls(self) -> EngineTls:
        """What a client needs; the files are there once the engine was started, and the same after every restart."""
        return self._keys.client

    def version(self) -> str:
        """Version of the running server, for example ``2.51.0``.

        Raises:
            EngineFailed: it does not run or does not answer.
        """
        with self._channel() as channel:
            # Metadata's answer is name = 1, version = 2; the generated stub would tie this room to tritonclient.
            ask = channel.unary_unary("/inference.GRPCInferenceService/ServerMetadata", bytes, bytes)
            try:
                answer: bytes = ask(b"", timeout=5.0)
            except grpc.RpcError as error:
                raise EngineFailed("Triton does not tell its version") from error
        name_length = answer[1]
        start = 4 + name_length
        return answer[start : start + answer[start - 1]].decode()

    def _sweep(self) -> None:
        for path in self.shared_memory:
            path.unlink(missing_ok=True)

    def _prepare(self) -> None:
        self._sweep()
        prepare_backend(self._folder / "backends" / "python")
        self._runs_as = self._account()
        self._keys.write(self._runs_as)

    def _command(self, port: int) -> Command:
        shm_prefix = self._shm_home + secrets.token_hex(4)
        return Command(
            argv=(str(_wheel_folder() / "bin" / "tritonserver"), *self._options(port, shm_prefix)),
            env=self._full_environment(),
            log=self.log,
            account=self._runs_as,
            cwd=self._folder,
            stop_signal=signal.SIGTERM,
            death_signal=signal.SIGKILL,  # its Python stubs notice their parent's death themselves
            grace_s=10.0,
            sweep=str(_SHM / (shm_prefix + "*")),
        )

    def _account(self) -> Account | None:
        account = unprivileged()
        if account is None:
            return None
        needed = [
            Path(sys.executable),
            Path(sysconfig.get_path("stdlib")),
            Path(sysconfig.get_path("purelib")),
            _wheel_folder() / "bin" / "tritonserver",
            self._libpython(),
            self._folder / "backends",
            self._repository,
            self._weights,
            _package(),
        ]
        closed = next((path for path in needed if not all_reachable(path, account)), None)
        if closed is None:
            return account
        if not self._allow_root:
            raise EngineUnavailable(
                f"Triton, which decodes strangers' images, is not run as root, and the account nobody cannot read all "
                f"of {closed}: run the server under an account of its own, or put the program, its environment, its "
                f"home and its models where every account may read them"
            )
        _LOG.warning("Triton runs as root: the unprivileged account cannot read all of %s", closed)
        return None

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
            "grpc-use-ssl": "true",
            "grpc-use-ssl-mutual": "true",
            "grpc-server-cert": str(self._keys.server.certificate),
            "grpc-server-key": str(self._keys.server.key),
            "grpc-root-cert": str(self._keys.server.root),
            # Not even our own clients map shared memory, or have payloads traced or logged.
            "grpc-restricted-protocol": f"shared-memory,trace,logging:{_NOBODYS_HEADER}=-",
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
        libraries = [str(_wheel_folder().parent.parent / "nvidia_pytriton.libs"), str(self._libpython().parent)]
        return {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            # The stub embeds an isolated Python (it heeds no PYTHON* variable) and finds this environment through the
            # first python3 on PATH.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
            "LD_LIBRARY_PATH": os.pathsep.join(libraries),
            "LANG": "C.UTF-8",
            "HOME": str(self._folder),
            "OMP_NUM_THREADS": "1",
            "LANDSEAL_WEIGHTS": str(self._weights),
            **self._environment,
        }

    def _libpython(self) -> Path:
        return find_libpython(self._folder / "lib")

    def _ready(self, process: EngineProcess, port: int) -> bool:
        """Asks the health service, which answers only after all models were tried."""
        # Until something listens gRPC is not asked: it would back off for seconds.
        return not port_is_free(port) and self._serving(port) and process.alive()

    def _address(self, port: int) -> str:
        return f"127.0.0.1:{port}"

    def _channel(self, port: int | None = None) -> grpc.Channel:
        if port is None and self._port is None:
            raise EngineFailed("Triton was not started")
        # Channels with equal options share connections, and with them a pause after a failed one.
        options = [("grpc.use_local_subchannel_pool", 1)]
        return grpc.secure_channel(f"127.0.0.1:{port or self._port}", self._keys.credentials(), options)

    def _serving(self, port: int) -> bool:
        with self._channel(port) as channel:
            try:
                answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2.0)
            except grpc.RpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


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

    The folder is on the models' path, last: the link to this package counts only where it is not installed.

    Raises:
        EngineUnavailable: the wheel has no stub for this Python.
    """
    wheel = _wheel_folder()
    stub = "triton_python_backend_stub"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    names = ("libtriton_python.so", "triton_python_backend_utils.py")
    sources = [wheel / "backends" / "python" / name for name in names]
    sources += [wheel / "python_backend_stubs" / version / stub, _package()]
    make_folder(folder, 0o755).parent.chmod(0o755)
    for source in sources:
        if not source.exists():
            raise EngineUnavailable(f"nvidia-pytriton has no {source.name} for Python {version}")
        link = folder / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec("pytriton")
    folder = Path(spec.origin).parent / "tritonserver" if spec is not None and spec.origin else None
    if folder is None or not (folder / "bin" / "tritonserver").is_file():
        raise EngineUnavailable("Triton is missing: install nvidia-pytriton, or give the address of a server")
    return folder


def _package() -> Path:
    """The folder of this very package, ``landseal``, installed or in a working tree.

    Raises:
        EngineUnavailable: it is not to be found.
    """
    spec = importlib.util.find_spec("landseal")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise EngineUnavailable("the package landseal is missing")
    return Path(places[0]).absolute()
