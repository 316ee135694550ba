"""Development certificates: made once, renewed in time, good for a real TLS handshake both ways."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from landseal.server.crypto.certificates import LEAF_LIFETIME, TlsFiles, development_tls

NOW = dt.datetime.now(dt.UTC)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def common_name(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).subject.rfc4514_string().removeprefix("CN=")


def contents(files: TlsFiles) -> list[bytes]:
    return [path.read_bytes() for path in vars(files).values()]


def handshake(files: TlsFiles, host: str, *, with_certificate: bool) -> str:
    """Connects a client to a server that demands a client certificate; returns the client's common name."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(files.authority))
    server.load_cert_chain(files.server_certificate, files.server_key)
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=str(files.authority))
    if with_certificate:
        client.load_cert_chain(files.admin_certificate, files.admin_key)
    near, far = socket.socketpair()
    names: list[str] = []

    def serve() -> None:
        try:
            with server.wrap_socket(far, server_side=True) as tls:
                names.append(common_name(tls.getpeercert(binary_form=True) or b""))
                tls.sendall(b"x")
        except (ssl.SSLError, OSError):
            pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(near, server_hostname=host) as tls:
            tls.recv(1)
    finally:
        thread.join()
    return names[0] if names else ""


def test_client_and_server_trust_each_other(tmp_path: Path) -> None:
    files = development_tls(tmp_path, NOW, ["land.example", "10.0.0.7"])
    for host in ("localhost", "127.0.0.1", "::1", "land.example", "10.0.0.7"):
        assert handshake(files, host, with_certificate=True) == "landseal-admin"
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, "elsewhere.example", with_certificate=True)
    with pytest.raises(ssl.SSLError):
        assert handshake(files, "localhost", with_certificate=False)


def test_a_second_call_changes_nothing(tmp_path: Path) -> None:
    first = contents(development_tls(tmp_path, NOW))
    assert contents(development_tls(tmp_path, NOW + dt.timedelta(days=366))) == first


def test_leaves_are_p256_last_397_days_and_are_renewed_in_time(tmp_path: Path) -> None:
    files = development_tls(tmp_path, NOW)
    before = certificate(files.server_certificate)
    assert before.not_valid_after_utc - before.not_valid_before_utc == LEAF_LIFETIME == dt.timedelta(days=397)
    key = before.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    authority = files.authority.read_bytes()
    development_tls(tmp_path, NOW + dt.timedelta(days=368))
    after = certificate(files.server_certificate)
    assert after.not_valid_after_utc > before.not_valid_after_utc
    assert after.serial_number != before.serial_number
    assert files.authority.read_bytes() == authority
    development_tls(tmp_path, NOW + dt.timedelta(days=3640))
    assert files.authority.read_bytes() != authority


def test_a_new_host_a_damaged_or_a_swapped_file_makes_a_new_certificate(tmp_path: Path) -> None:
    files = development_tls(tmp_path, NOW)
    before = files.server_certificate.read_bytes()
    development_tls(tmp_path, NOW, ["land.example"])
    named = files.server_certificate.read_bytes()
    assert named != before
    files.server_key.write_bytes(files.admin_key.read_bytes())
    development_tls(tmp_path, NOW, ["land.example"])
    whole = files.server_certificate.read_bytes()
    assert whole != named
    files.server_certificate.write_text("damaged")
    development_tls(tmp_path, NOW, ["land.example"])
    assert handshake(files, "land.example", with_certificate=True) == "landseal-admin"


def test_keys_are_private(tmp_path: Path) -> None:
    files = development_tls(tmp_path, NOW)
    for path in (files.server_key, files.admin_key, tmp_path / "tls" / "ca.key"):
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"PRIVATE KEY" in path.read_bytes()
    for path in (files.authority, files.server_certificate, files.admin_certificate):
        assert b"PRIVATE KEY" not in path.read_bytes()
