"""Mutual TLS on loopback: whoever else takes an engine's port or calls it is neither believed nor served.

Every engine object makes an authority of its own, signs one certificate for the engine and one for its clients, and
forgets the authority's key. The files are only for the engine and for other processes of this program.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from landseal.server.engines.account import Account, make_folder

LIFETIME = dt.timedelta(days=400)
"""How long a program may run on the keys of its start; every start makes new ones."""
_BACKDATED = dt.timedelta(days=1)  # for a clock that is set back
_ADDRESS = ipaddress.ip_address("127.0.0.1")


@dataclass(frozen=True)
class EngineTls:
    """PEM files with which a client knows an engine, and is known to it when it has a certificate of its own."""

    root: Path
    """Certificates of the authorities that vouch for the engine."""
    certificate: Path | None = None
    """The client's own certificate; None: the engine asks for none."""
    key: Path | None = None
    """Its private key, readable by its owner only."""

    @classmethod
    def embedded(cls, home: Path, name: str) -> EngineTls:
        """Where the embedded engine of this home and name leaves what its clients need."""
        folder = home / name / "tls"
        return cls(folder / "root.pem", folder / "client.pem", folder / "client.key")


@dataclass(frozen=True)
class EngineServerFiles:
    """PEM files that the engine itself is started with."""

    root: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class _Pair:
    certificate: bytes
    key: bytes = field(repr=False)


class EngineKeys:
    """The keys of one engine object: kept in memory, written before every start of the engine."""

    def __init__(self, home: Path, name: str, now: dt.datetime) -> None:
        """Makes P-256 keys that are valid :data:`LIFETIME` from ``now`` (aware)."""
        authority = ec.generate_private_key(ec.SECP256R1())
        root = _certificate("Landseal engine authority", authority, authority, now, None)
        self._root = root.public_bytes(serialization.Encoding.PEM)
        self._server = _signed("Landseal engine", authority, now, ExtendedKeyUsageOID.SERVER_AUTH)
        self._client = _signed("Landseal engine's client", authority, now, ExtendedKeyUsageOID.CLIENT_AUTH)
        self.client = EngineTls.embedded(home, name)
        folder = self.client.root.parent
        self.server = EngineServerFiles(self.client.root, folder / "server.pem", folder / "server.key")

    def write(self, account: Account | None) -> None:
        """Writes the files, keys with mode 0600: the engine's for its account, the client's for this process's own.

        To be called by whoever holds the engine's lock: a running engine's files are its clients' too.
        """
        folder = make_folder(self.client.root.parent, 0o711)
        for path, content in (
            (self.client.root, self._root),
            (self.server.certificate, self._server.certificate),
            (folder / "client.pem", self._client.certificate),
        ):
            _write(path, content, 0o644, None)
        _write(folder / "client.key", self._client.key, 0o600, None)
        _write(self.server.key, self._server.key, 0o600, account)

    def credentials(self) -> grpc.ChannelCredentials:
        """What a channel of this process needs to reach the engine, and nobody else."""
        return grpc.ssl_channel_credentials(self._root, self._client.key, self._client.certificate)


def _signed(name: str, authority: ec.EllipticCurvePrivateKey, now: dt.datetime, use: x509.ObjectIdentifier) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _Pair(_certificate(name, key, authority, now, use).public_bytes(serialization.Encoding.PEM), secret)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    authority: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    use: x509.ObjectIdentifier | None,
) -> x509.Certificate:
    """A certificate for the address of loopback and one ``use``, or the authority's own when there is none."""
    begin = now - _BACKDATED
    builder = x509.CertificateBuilder(
        issuer_name=_name("Landseal engine authority"),
        subject_name=_name(name),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=begin,
        not_valid_after=begin + LIFETIME,
    ).add_extension(x509.BasicConstraints(ca=use is None, path_length=0 if use is None else None), critical=True)
    if use is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(_ADDRESS)]), critical=False)
    return builder.sign(authority, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _write(path: Path, content: bytes, mode: int, account: Account | None) -> None:
    """A reader sees the old content or the new; nobody sees a key before its mode and owner are right."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            if account is not None:
                os.fchown(file.fileno(), account.uid, account.gid)
            os.fchmod(file.fileno(), mode)
            file.write(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
