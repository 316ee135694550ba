"""The real face reader: one request to a Triton server for each burst. The only module that knows tritonclient.

The address decides where inference runs: an engine beside this program, or a fleet of GPU nodes behind one name
(``dns:///faces.internal:8001`` spreads the calls over all its addresses).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias, cast

import numpy as np
import tritonclient.grpc as triton
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException, triton_to_np_dtype

from landseal.inference.answers import burst_reading
from landseal.inference.reading import (
    BurstReading,
    FaceReaderAway,
    FaceReaderBroken,
    FaceReaderError,
    FaceReaderTimeout,
    ReaderHealth,
)
from landseal.inference.tensors import FACE_BURST, FACE_BURST_ACTIVE, MAX_FRAMES, MAX_SAMPLES, MODELS, Tensor

_Foreign: TypeAlias = Any
"""An object of tritonclient or one of its messages, which carry no types."""

ASKING_S = 2.0
"""Seconds that a question about health or statistics may take."""
COUNT_TRIES, COUNT_PAUSE_S = 20, 0.05
"""How often, and how far apart in seconds, counts are compared."""
HANGING_S = 60.0
"""Seconds after its deadline at which an unanswered call is given up for good."""
CLOSING_S = 5.0
"""Seconds that closing waits for calls in flight."""
LOOK_AGAIN_S = 10.0
"""Seconds for which silent liveness is taken to be missing before the engine is asked again."""
_IMAGE_BYTES_SENT = 3 * 1024 * 1024 + 1
"""Longer images are cut off here: that is enough for the engine to see that they are too long."""
_CHANNEL_OPTIONS = (
    ("grpc.max_send_message_length", MAX_FRAMES * (_IMAGE_BYTES_SENT + 4) + 4096),
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
    # A restarted engine is found within a second; the default backs off for up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A node that vanished without closing its connection is noticed; 20 s keeps below what servers take for abuse.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_retries", 0),
    ("grpc.service_config", '{"loadBalancingConfig":[{"round_robin":{}}]}'),
)
_TIMEOUTS = frozenset({"StatusCode.DEADLINE_EXCEEDED", "StatusCode.CANCELLED"})
_BROKEN = frozenset({"StatusCode.INVALID_ARGUMENT", "StatusCode.OUT_OF_RANGE", "StatusCode.DATA_LOSS"})


class TritonFaceReader:
    """Reads bursts with the ensembles ``face_burst`` or, where silent liveness is missing, ``face_burst_active``.

    Thread-safe; calls run beside each other on one connection. Wears :class:`landseal.inference.reading.FaceReader`.
    """

    def __init__(
        self,
        url: str,
        *,
        root_certificates: Path | None = None,
        client_certificate: Path | None = None,
        client_key: Path | None = None,
        max_in_flight: int = 64,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepares the channel; nothing is sent, the engine may still be starting.

        Args:
            url: ``host:port`` or a gRPC target such as ``dns:///name:port``.
            root_certificates: PEM file of the authorities that vouch for the engine; turns TLS on.
            client_certificate: PEM file of the certificate with which this client is known to the engine.
            client_key: PEM file of its private key.
            max_in_flight: calls at once, those included whose caller has given up; further ones wait for a place.
            clock: monotonic seconds.

        Raises:
            ValueError: a client certificate without its key or without authorities, or a key without both.
            OSError: a file cannot be read.
        """
        if (client_certificate is None) != (client_key is None):
            raise ValueError("a client certificate needs its key")
        if client_certificate is not None and root_certificates is None:
            raise ValueError("a client certificate needs the authorities that vouch for the engine")
        self._client = triton.InferenceServerClient(
            url,
            ssl=root_certificates is not None,
            root_certificates=root_certificates,
            private_key=client_key,
            certificate_chain=client_certificate,
            channel_args=list(_CHANNEL_OPTIONS),
        )
        self._clock = clock
        self._max_in_flight = max_in_flight
        self._flights = threading.BoundedSemaphore(max_in_flight)
        self._model: tuple[str, float] | None = None
        """Ensemble in use, and until when that is believed; replaced as a whole, so no lock is needed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Waits :data:`CLOSING_S` for calls in flight, then closes the connection; use it no more."""
        deadline = time.monotonic() + CLOSING_S
        for _ in range(self._max_in_flight):
            self._flights.acquire(timeout=max(0.0, deadline - time.monotonic()))
        self._client.close()

    def read_burst(self, images: Sequence[bytes], *, samples: int, seed: int, timeout_s: float) -> BurstReading:
        """Reads 1 to 64 encoded images in one request; see :meth:`landseal.inference.reading.FaceReader.read_burst`.

        Raises:
            ValueError: the number of images, of samples, or the seed is out of range.
            FaceReaderAway, FaceReaderTimeout, FaceReaderBroken: no answer; the caller concludes nothing.
        """
        _check_request(images, samples, seed)
        deadline = self._clock() + timeout_s
        if timeout_s <= 0:
            raise FaceReaderTimeout("no time is left for the engine")
        model = self._ensemble(deadline)
        try:
            answer = self._infer(model, _inputs(images, samples, seed), deadline)
        except FaceReaderAway:
            self._model = None  # after a restart the engine may have other models
            raise
        return burst_reading(_tensors(answer, model, len(images), samples), samples)

    def health(self) -> ReaderHealth:
        """Asks the engine for its version and which ensemble is ready; never raises."""
        try:
            version = str(self._ask(self._client.get_server_metadata).version)
            silent, active = self._ready(FACE_BURST), self._ready(FACE_BURST_ACTIVE)
        except FaceReaderError:
            return ReaderHealth(ready=False, silent=False, version="")
        return ReaderHealth(ready=silent or active, silent=silent, version=version)

    def inference_counts(self) -> dict[str, int]:
        """Successful inferences per model since the engine started, as Triton counts batch elements.

        Triton counts a moment after it has answered: they are asked for until they stand still (at most a second).
        Behind a name with several addresses these are the counts of one of the servers.

        Raises:
            FaceReaderAway, FaceReaderTimeout: the engine did not answer.
        """
        counts = self._counts()
        for _ in range(COUNT_TRIES):
            time.sleep(COUNT_PAUSE_S)
            before, counts = counts, self._counts()
            if counts == before:
                break
        return counts

    def _counts(self) -> dict[str, int]:
        statistics = self._ask(self._client.get_inference_statistics)
        return {str(model.name): int(model.inference_count) for model in statistics.model_stats}

    def _ensemble(self, deadline: float) -> str:
        now = self._clock()
        if self._model is None or now >= self._model[1]:
            timeout_s = min(ASKING_S, deadline - now)
            if self._ready(FACE_BURST, timeout_s):
                self._model = (FACE_BURST, float("inf"))
            elif self._ready(FACE_BURST_ACTIVE, timeout_s):
                self._model = (FACE_BURST_ACTIVE, now + LOOK_AGAIN_S)
            else:
                raise FaceReaderAway("the engine has no model that reads bursts")
        return self._model[0]

    def _ready(self, model: str, timeout_s: float = ASKING_S) -> bool:
        return bool(
            self._ask(
                lambda client_timeout: self._client.is_model_ready(model, client_timeout=client_timeout), timeout_s
            )
        )

    def _ask(self, question: Callable[..., Any], timeout_s: float = ASKING_S) -> _Foreign:
        try:
            return question(client_timeout=timeout_s)
        except InferenceServerException as error:
            raise _fault(error) from None

    def _infer(self, model: str, inputs: list[Any], deadline: float) -> _Foreign:
        """Sends the request and waits until the deadline; the engine stops by itself soon after it.

        The call itself is never cancelled: a cancelled inference can crash Triton 2.51 (issue 8034), and then one
        caller's impatience would end everybody's call. Its gRPC deadline lies far behind, for an engine that hangs.
        """
        answers: queue.SimpleQueue[tuple[Any, Any]] = queue.SimpleQueue()

        def ended(result: _Foreign, error: _Foreign) -> None:
            self._flights.release()
            answers.put((result, error))

        if not self._flights.acquire(timeout=max(0.0, deadline - self._clock())):
            raise FaceReaderAway("too many calls are in flight")
        left_s = max(deadline - self._clock(), 1e-3)
        try:
            self._client.async_infer(
                model,
                inputs,
                callback=ended,
                client_timeout=left_s + HANGING_S,
                timeout=int(left_s * 1e6),  # microseconds; the engine's queues and models keep it
            )
        except Exception:
            self._flights.release()
            raise FaceReaderAway("the call could not be sent") from None
        try:
            result, error = answers.get(timeout=left_s)
        except queue.Empty:
            raise FaceReaderTimeout("the engine did not answer in time") from None
        if error is not None:
            raise _fault(error, late=self._clock() >= deadline)
        return result.get_response()


def _check_request(images: Sequence[bytes], samples: int, seed: int) -> None:
    if not 1 <= len(images) <= MAX_FRAMES:
        raise ValueError(f"a burst has 1 to {MAX_FRAMES} images")
    if not 1 <= samples <= MAX_SAMPLES:
        raise ValueError(f"a burst gives 1 to {MAX_SAMPLES} samples")
    if not -(2**63) <= seed < 2**63:
        raise ValueError("the seed has 64 bits")


def _inputs(images: Sequence[bytes], samples: int, seed: int) -> list[Any]:
    column = np.empty((len(images), 1), np.object_)
    column[:, 0] = [bytes(image[:_IMAGE_BYTES_SENT]) for image in images]
    values = {"IMAGES": column, "SAMPLES": np.array([samples], np.int32), "SEED": np.array([seed], np.int64)}
    return [
        triton.InferInput(name, values[name].shape, tensor.dtype).set_data_from_numpy(values[name])
        for name, tensor in MODELS[FACE_BURST].inputs.items()
    ]


def _tensors(answer: _Foreign, model: str, frames: int, samples: int) -> Mapping[str, NDArray[np.generic]]:
    """Reads the outputs that the model promises, each with exactly the dtype, shape and number of bytes expected."""
    contents = dict(zip((out.name for out in answer.outputs), answer.raw_output_contents, strict=False))
    headers = {out.name: out for out in answer.outputs}
    rows = {"SELECTED": samples, "EMBEDDINGS": 2 * samples, "LIVE": samples}
    return {
        name: _tensor(name, promised, headers.get(name), contents.get(name), rows.get(name, frames))
        for name, promised in MODELS[model].outputs.items()
    }


def _tensor(name: str, promised: Tensor, header: _Foreign, content: bytes | None, rows: int) -> NDArray[np.generic]:
    shape = (rows, *promised.dims[1:])
    dtype = np.dtype(triton_to_np_dtype(promised.dtype))
    if header is None or content is None:
        raise FaceReaderBroken(f"{name} is missing from the answer")
    if header.datatype != promised.dtype or tuple(header.shape) != shape:
        raise FaceReaderBroken(f"{name} has another dtype or shape than promised")
    if len(content) != dtype.itemsize * int(np.prod(shape)):
        raise FaceReaderBroken(f"{name} has another length than its shape says")
    return cast("NDArray[np.generic]", np.frombuffer(content, dtype).reshape(shape))


def _fault(error: _Foreign, *, late: bool = False) -> FaceReaderError:
    """Names the status only: the engine's own text may speak of what was in the request."""
    status = str(error.status())
    if late or status in _TIMEOUTS:
        return FaceReaderTimeout(f"the engine did not answer in time ({status})")
    if status in _BROKEN:
        return FaceReaderBroken(f"the engine does not understand its own contract ({status})")
    return FaceReaderAway(f"the engine gave no answer ({status})")
