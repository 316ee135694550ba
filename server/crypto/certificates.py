"""Development TLS: a private authority, the server's certificate and the administrator's, made at the first start.

P-256, because the clients of native platforms know it; leaves last 397 days (the longest that browsers and phones
accept) and are renewed when less than 30 are left. Production brings its own certificates.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import ipaddress
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from landseal.server.crypto.keyfiles import replace_secret

LEAF_LIFETIME = dt.timedelta(days=397)
RENEW_BEFORE = dt.timedelta(days=30)
AUTHORITY_LIFETIME = dt.timedelta(days=3650)
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
ADMIN_NAME = "landseal-admin"
"""Common name of the administrator's certificate."""
_BACKDATED = dt.timedelta(hours=1)  # for clients whose clock is slow


@dataclass(frozen=True)
class TlsFiles:
    """Where the PEM files are; keys have mode 0600."""

    authority: Path
    """Certificate that clients and the server trust."""
    server_certificate: Path
    server_key: Path
    admin_certificate: Path
    """Client certificate for internal services (mTLS)."""
    admin_key: Path


@dataclass(frozen=True)
class _Issuer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def development_tls(home: Path, now: dt.datetime, hosts: Sequence[str] = ()) -> TlsFiles:
    """Makes or renews what is missing, expires within 30 days or does not name all hosts; safe to call again.

    Args:
        home: the files go into ``home/tls``.
        now: aware, UTC.
        hosts: names and addresses of the server beside localhost, 127.0.0.1 and ::1.
    """
    folder = home / "tls"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = TlsFiles(
        folder / "ca.pem", folder / "server.pem", folder / "server.key", folder / "admin.pem", folder / "admin.key"
    )
    with _locked(folder / "lock"):
        issuer = _authority(files.authority, folder / "ca.key", now)
        names = (*LOCAL_HOSTS, *(each for each in hosts if each not in LOCAL_HOSTS))
        _leaf(files.server_certificate, files.server_key, "localhost", names, issuer, now)
        _leaf(files.admin_certificate, files.admin_key, ADMIN_NAME, (), issuer, now)
    return files


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _load(certificate: Path, key: Path) -> _Issuer | None:
    """Returns what the two files hold if they belong together; damaged files are made anew."""
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        secret = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return None
    if not isinstance(secret, ec.EllipticCurvePrivateKey) or loaded.public_key() != secret.public_key():
        return None
    return _Issuer(loaded, secret)


def _authority(certificate: Path, key: Path, now: dt.datetime) -> _Issuer:
    found = _load(certificate, key)
    if found and now + LEAF_LIFETIME < found.certificate.not_valid_after_utc:
        return found
    secret = ec.generate_private_key(ec.SECP256R1())
    name = _name("Landseal development authority")
    builder = _builder(name, name, secret, now, AUTHORITY_LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(authority=True), critical=True)
    made = _Issuer(builder.sign(secret, hashes.SHA256()), secret)
    _save(made, certificate, key)
    return made


def _leaf(certificate: Path, key: Path, name: str, hosts: Sequence[str], issuer: _Issuer, now: dt.datetime) -> None:
    found = _load(certificate, key)
    if found and _good(found.certificate, hosts, issuer, now):
        return
    secret = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_name(name), issuer.certificate.subject, secret, now, LEAF_LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(authority=False), critical=True)
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = builder.add_extension(authority_id, critical=False)
    if hosts:
        names = x509.SubjectAlternativeName([_host(each) for each in hosts])
        builder = builder.add_extension(names, critical=False)
    _save(_Issuer(builder.sign(issuer.key, hashes.SHA256()), secret), certificate, key)


def _good(certificate: x509.Certificate, hosts: Sequence[str], issuer: _Issuer, now: dt.datetime) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer.certificate)
    except Exception:  # whatever is wrong with it, a new one is made
        return False
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEW_BEFORE:
        return False
    if not hosts:
        return True
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return set(names) >= {_host(each) for each in hosts}


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: dt.datetime, lifetime: dt.timedelta
) -> x509.CertificateBuilder:
    begin = now - _BACKDATED
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=begin,
        not_valid_after=begin + lifetime,
    )
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _save(made: _Issuer, certificate: Path, key: Path) -> None:
    secret = made.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    replace_secret(key, secret)
    replace_secret(certificate, made.certificate.public_bytes(serialization.Encoding.PEM))
    certificate.chmod(0o644)
