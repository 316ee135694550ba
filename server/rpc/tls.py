"""TLS of both listeners; certificates are read again when their files change, so that they rotate without downtime."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import grpc


@dataclass(frozen=True)
class ListenerTls:
    """Where a listener's certificate chain and key lie (PEM) and, for client certificates, who may issue them."""

    certificate: Path
    key: Path
    client_roots: Path | None = None
    """With it, a client without a certificate of these roots does not even complete the handshake."""

    def credentials(self) -> grpc.ServerCredentials:
        """Returns credentials that follow the files.

        Raises:
            OSError: a file cannot be read now; a file that cannot be read later leaves the last good ones in use.
        """
        watched = _Watched(self)
        return grpc.dynamic_ssl_server_credentials(
            watched.latest,
            watched.changed,  # type: ignore[arg-type]  # grpc documents None for "unchanged"; the stubs do not
            require_client_authentication=self.client_roots is not None,
        )

    def paths(self) -> tuple[Path, ...]:
        """Returns all files."""
        return (self.certificate, self.key, *([self.client_roots] if self.client_roots else []))


class _Watched:
    def __init__(self, files: ListenerTls) -> None:
        self._files, self._guard = files, threading.Lock()
        self._stamp = self._stamps()
        self.latest = self._read()

    def changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Is called by grpc at each handshake; None means that nothing has changed."""
        with self._guard:
            try:
                stamp = self._stamps()
                if stamp == self._stamp:
                    return None
                self.latest = self._read()
            except OSError:
                return None
            self._stamp = stamp
            return self.latest

    def _stamps(self) -> tuple[tuple[int, int], ...]:
        return tuple((s.st_mtime_ns, s.st_size) for s in (path.stat() for path in self._files.paths()))

    def _read(self) -> grpc.ServerCertificateConfiguration:
        files = self._files
        roots = files.client_roots.read_bytes() if files.client_roots else None
        pair = (files.key.read_bytes(), files.certificate.read_bytes())
        return grpc.ssl_server_certificate_configuration([pair], roots)
