"""TLS channels to a pinned server: nothing is trusted that was not handed over or shown first."""

from __future__ import annotations

import hashlib
import json
import ssl
from dataclasses import dataclass, field

import grpc

from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason

MAX_MESSAGE_BYTES = 4 << 20
CONTROL_TIMEOUT_S = 10.0
"""Deadline of ordinary calls."""
VERIFICATION_TIMEOUT_S = 60.0
"""Deadline of calls that wait for inference, rendering or signing."""
KEEPALIVE_S = 60.0
"""Interval of pings while a call is open; the server publishes the shortest that it tolerates."""

SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
    "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
}
"""The published retry policy (``api.md``, Safe to repeat): UNAVAILABLE only, four attempts, throttled."""


@dataclass(frozen=True)
class ClientCertificate:
    """A client's own certificate and private key in PEM, for the internal services."""

    certificate_pem: bytes
    key_pem: bytes = field(repr=False)


def open_channel(
    target: str,
    certificate_pem: bytes,
    *,
    client: ClientCertificate | None = None,
    tls_name: str | None = None,
) -> grpc.Channel:
    """Opens a channel to ``host:port`` that trusts exactly this certificate (or authority) and no other.

    ``tls_name`` is the name that the certificate bears when it is reached by another one (an address, a tunnel).

    Raises:
        LandsealError: SERVER_NOT_TRUSTED when no PEM certificate is given.
    """
    if b"-----BEGIN CERTIFICATE-----" not in certificate_pem:
        raise LandsealError(LocalReason.SERVER_NOT_TRUSTED, detail="a PEM certificate is needed")
    credentials = grpc.ssl_channel_credentials(
        root_certificates=certificate_pem,
        private_key=client.key_pem if client else None,
        certificate_chain=client.certificate_pem if client else None,
    )
    options: list[tuple[str, str | int]] = [
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", int(KEEPALIVE_S * 1000)),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.enable_retries", 1),
        ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    ]
    if tls_name:
        options.append(("grpc.ssl_target_name_override", tls_name))
    return grpc.secure_channel(target, credentials, options)


def fetch_certificate(target: str, timeout_s: float = CONTROL_TIMEOUT_S) -> bytes:
    """Returns the certificate (PEM) that ``host:port`` presents, **unchecked**: show its fingerprint to the person.

    Raises:
        LandsealError: SERVER_AWAY; PROFILE_FAULTY when the target is not ``host:port``.
    """
    host, _, port = target.rpartition(":")
    if not host or not port.isdecimal():
        raise LandsealError(LocalReason.PROFILE_FAULTY, detail="the server is written host:port")
    try:
        return ssl.get_server_certificate((host.strip("[]"), int(port)), timeout=timeout_s).encode()
    except OSError as error:
        raise LandsealError(LocalReason.SERVER_AWAY) from error


def fingerprint(certificate_pem: bytes) -> str:
    """Returns the SHA-256 of a certificate's DER form as people compare it: pairs of hex digits with colons.

    Raises:
        LandsealError: SERVER_NOT_TRUSTED when the bytes are no PEM certificate.
    """
    try:
        der = ssl.PEM_cert_to_DER_cert(certificate_pem.decode("ascii").strip())
    except ValueError as error:
        raise LandsealError(LocalReason.SERVER_NOT_TRUSTED, detail="no PEM certificate") from error
    return hashlib.sha256(der).digest().hex(":").upper()
