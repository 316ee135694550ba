"""Building, opening and draining the listeners."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from landseal.server.rpc.edge import Edge
from landseal.server.rpc.health import Health
from landseal.server.rpc.limits import MAX_MESSAGE_BYTES, MIN_KEEPALIVE_S
from landseal.server.rpc.method import Method
from landseal.server.rpc.patience import Patience, PatientPool

SPARE_THREADS = 8
"""Beyond the gate's places: they refuse what does not fit, at once."""
MAX_PENDING = 50_000
"""With the default thousands of idle watches were silently cancelled (measured)."""
MAX_STREAMS = 512
"""Calls at a time on one connection."""
_HEADER_BYTES = 16 << 10

Option = tuple[str, Any]


@dataclass(frozen=True)
class ServerOptions:
    """How a listener behaves."""

    calls: int
    """Places of the edge's gate; the pool has some threads more."""
    connection_age_s: float = 600.0
    """Connections are closed gently at this age (grpc adds a jitter of a tenth), so that load spreads anew."""
    connection_grace_s: float = 30.0
    """How long calls on a connection that has reached its age may still take."""
    patience: Patience = field(default_factory=Patience)
    """How long requests may keep the server waiting."""
    share_port: bool = False
    """Several worker processes listen on one port (SO_REUSEPORT)."""
    reflection: bool = False
    """For development only."""

    def channel_options(self) -> list[Option]:
        """Returns grpc's options."""
        return [
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_metadata_size", _HEADER_BYTES),
            ("grpc.max_concurrent_streams", MAX_STREAMS),
            ("grpc.server.max_pending_requests", MAX_PENDING),
            ("grpc.server.max_pending_requests_hard_limit", MAX_PENDING),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", round(MIN_KEEPALIVE_S * 1000)),
            ("grpc.http2.max_ping_strikes", 2),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.keepalive_time_ms", 60_000),
            ("grpc.keepalive_timeout_ms", 20_000),
            ("grpc.max_connection_age_ms", round(self.connection_age_s * 1000)),
            ("grpc.max_connection_age_grace_ms", round(self.connection_grace_s * 1000)),
            ("grpc.so_reuseport", int(self.share_port)),
        ]


def build_server(
    edge: Edge,
    methods: Sequence[Method],
    health: Health,
    options: ServerOptions,
    interceptors: Sequence[grpc.ServerInterceptor[Any, Any]] = (),
) -> grpc.Server:
    """Returns a server that answers these methods through the edge, and health; it listens nowhere yet."""
    pool = PatientPool(options.calls + SPARE_THREADS, options.patience)
    server = grpc.server(pool, interceptors=list(interceptors), options=options.channel_options())
    services: defaultdict[str, dict[str, grpc.RpcMethodHandler[Any, Any]]] = defaultdict(dict)
    for method in methods:
        service = method.name.split("/")[1]
        services[service][method.short] = edge.wrap(method, pool.arrived)
    for name, handlers in services.items():
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(name, handlers)])
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, server)
    if options.reflection:
        reflection.enable_server_reflection([*services, _HEALTH, reflection.SERVICE_NAME], server)
    return server


_HEALTH: str = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name


def listen(server: grpc.Server, address: str, credentials: grpc.ServerCredentials) -> int:
    """Binds a server to ``host:port`` (port 0: any) behind TLS and starts it; returns the port.

    Raises:
        RuntimeError: the address cannot be bound.
    """
    port = server.add_secure_port(address, credentials)
    server.start()
    return port


def drain(servers: Iterable[grpc.Server], grace_s: float) -> None:
    """Takes no new calls, lets running ones end for so long, then cuts the rest; returns when all is over.

    End watches first (``WatchHub.stop``): they would hold the drain for the whole grace.
    """
    for stopped in [server.stop(grace_s) for server in servers]:
        stopped.wait()
