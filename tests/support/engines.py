"""How tests reach the engines: as this program does, and as a stranger would."""

from __future__ import annotations

from urllib.parse import urlsplit

import tritonclient.grpc as triton_grpc

from landseal.inference.triton import TritonFaceReader
from landseal.server.engines.tls import EngineTls
from landseal.server.engines.triton import EmbeddedTriton


def triton_client(engine: EmbeddedTriton) -> triton_grpc.InferenceServerClient:
    """Starts the engine where it does not run; Triton's own client with the engine's own keys."""
    address, tls = engine.start(), engine.tls
    return triton_grpc.InferenceServerClient(
        address, ssl=True, root_certificates=tls.root, private_key=tls.key, certificate_chain=tls.certificate
    )


def face_reader(address: str, tls: EngineTls) -> TritonFaceReader:
    """A reader that knows the engine, and that the engine knows."""
    return TritonFaceReader(address, root_certificates=tls.root, client_certificate=tls.certificate, client_key=tls.key)


def other_database(url: str, name: str) -> str:
    """The same server's URL with another database."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()
