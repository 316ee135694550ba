"""A gRPC server that speaks Triton's protocol and answers what a test tells it to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc
from tritonclient.utils import np_to_triton_dtype

Tensors = dict[str, NDArray[np.generic]]


def encoded(tensors: Tensors) -> pb.ModelInferResponse:
    """The tensors as Triton sends them."""
    response = pb.ModelInferResponse()
    for name, value in tensors.items():
        response.outputs.add(name=name, datatype=np_to_triton_dtype(value.dtype), shape=value.shape)
        response.raw_output_contents.append(np.ascontiguousarray(value).tobytes())
    return response


class FakeTriton(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]  # base has no types
    """Set ``answer``, ``status``, ``delay_s`` and ``ready``; read ``requests`` and ``cancelled``."""

    def __init__(self) -> None:
        self.answer: Callable[[], pb.ModelInferResponse] = pb.ModelInferResponse
        self.status: grpc.StatusCode | None = None
        self.delay_s = 0.0
        self.ready = {"face_burst", "face_burst_active"}
        self.requests: list[pb.ModelInferRequest] = []
        self.cancelled = threading.Event()

    def ModelInfer(self, request: pb.ModelInferRequest, context: grpc.ServicerContext) -> pb.ModelInferResponse:
        self.requests.append(request)
        end = time.monotonic() + self.delay_s
        while time.monotonic() < end:
            if not context.is_active():
                self.cancelled.set()
            time.sleep(0.01)
        if self.status is not None:
            context.abort(self.status, "the engine's own words, which may hold a face")
        return self.answer()

    def ModelReady(self, request: pb.ModelReadyRequest, context: grpc.ServicerContext) -> pb.ModelReadyResponse:
        return pb.ModelReadyResponse(ready=request.name in self.ready)

    def ServerMetadata(
        self, request: pb.ServerMetadataRequest, context: grpc.ServicerContext
    ) -> pb.ServerMetadataResponse:
        return pb.ServerMetadataResponse(name="triton", version="2.51.0")

    def ModelStatistics(
        self, request: pb.ModelStatisticsRequest, context: grpc.ServicerContext
    ) -> pb.ModelStatisticsResponse:
        return pb.ModelStatisticsResponse(model_stats=[pb.ModelStatistics(name="frames", inference_count=27)])


@contextmanager
def served(fake: FakeTriton, port: int = 0, credentials: grpc.ServerCredentials | None = None) -> Iterator[str]:
    """Runs the fake on a loopback port, without TLS unless it has credentials; gives its address."""
    server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.max_receive_message_length", -1)])
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(fake, server)
    address = f"127.0.0.1:{port}"
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
