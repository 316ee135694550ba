"""grpc.health.v1 per service; VerificationService serves only while the inference engine does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import grpc
from grpc_health.v1 import health, health_pb2

from landseal.inference.reading import ReaderHealth
from landseal.server.rpc.servicers.serverinfo import LIVENESS_KEY
from landseal.server.rpc.services import VERIFICATION

BIOMETRIC = frozenset((VERIFICATION.full_name,))
"""Services that judge faces."""
REFRESH_S = 2.0


class _Servicer(health.HealthServicer):
    """The reference servicer, which also says in its trailing metadata what decides liveness."""

    liveness = "active"

    def Check(
        self, request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext
    ) -> health_pb2.HealthCheckResponse:
        context.set_trailing_metadata(((LIVENESS_KEY, self.liveness),))
        return super().Check(request, context)


class Health:
    """Keeps the health service up to date."""

    def __init__(self, services: Iterable[str], probe: Callable[[], ReaderHealth]) -> None:
        self.servicer = _Servicer()
        self._services, self._probe = tuple(services), probe
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="health", daemon=True)
        for name in self._services:
            self._set(name, serving=name not in BIOMETRIC)

    def start(self) -> None:
        """Asks the engine now and from then on every two seconds."""
        self.refresh()
        self._thread.start()

    def refresh(self) -> None:
        """Asks the engine once; whatever goes wrong there means not serving."""
        try:
            state = self._probe()
        except Exception:  # a probe that fails is an engine that is away
            state = ReaderHealth(ready=False, silent=False, version="")
        self.servicer.liveness = "silent+active" if state.silent else "active"
        for name in BIOMETRIC.intersection(self._services):
            self._set(name, serving=state.ready)

    def stop(self) -> None:
        """Says for good that nothing is served: load balancers send no more."""
        self._stopping.set()
        self.servicer.enter_graceful_shutdown()

    def _keep(self) -> None:
        while not self._stopping.wait(REFRESH_S):
            self.refresh()

    def _set(self, name: str, *, serving: bool) -> None:
        status = health_pb2.HealthCheckResponse
        self.servicer.set(name, status.SERVING if serving else status.NOT_SERVING)
