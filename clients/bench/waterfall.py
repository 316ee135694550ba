"""Where the time of one verification goes: spans of single, undisturbed verifications.

The product carries no timers: here the steps are wrapped from outside while a server runs in this process. Rendering
the burst is the camera's time and left out.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

from landseal.clients.bench.bursts import Burst
from landseal.clients.bench.generator import Crowd, Load
from landseal.clients.bench.site import opened_here
from landseal.clients.bench.statistics import ModelCount, TritonStatistics, difference
from landseal.clients.calls import Calls
from landseal.server.rpc.edge import Edge
from landseal.server.storage.captures import CaptureReads
from landseal.server.usecases import verifications
from landseal.server.usecases.verifications import Verifications

_WARM_UP = 4


@dataclass(frozen=True)
class Span:
    """One step of one verification."""

    name: str
    depth: int
    begin_s: float
    """Since the verification's first call."""
    wall_s: float
    cpu_s: float
    """Of the thread that took the step."""


@dataclass(frozen=True)
class Step:
    """A step over all verifications: means, except the begin, which is that of its first occurrence."""

    name: str
    depth: int
    times: float
    """How often it occurs in one verification."""
    begin_ms: float
    wall_ms: float
    cpu_ms: float

    def row(self) -> dict[str, Any]:
        """As it stands in the report."""
        return {
            "step": self.name,
            "depth": self.depth,
            "times": round(self.times, 2),
            "begin_ms": round(self.begin_ms, 2),
            "wall_ms": round(self.wall_ms, 2),
            "cpu_ms": round(self.cpu_ms, 2),
        }


@dataclass
class Recorder:
    """Collects spans from all threads."""

    spans: list[Span] = field(default_factory=list)
    origin: float = 0.0
    _depth: threading.local = field(default_factory=threading.local)

    def begin(self) -> None:
        """Starts a new verification."""
        self.spans, self.origin = [], time.perf_counter()

    def wrapped(self, work: Callable[..., Any], name: str | Callable[..., str], depth: int) -> Callable[..., Any]:
        """Returns ``work`` with a span around it; ``name`` may be computed from its arguments."""

        def timed(*args: object, **kwargs: object) -> object:
            begin, cpu = time.perf_counter(), time.thread_time()
            try:
                return work(*args, **kwargs)
            finally:
                called = name if isinstance(name, str) else name(*args)
                wall, used = time.perf_counter() - begin, time.thread_time() - cpu
                self.spans.append(Span(called, depth, begin - self.origin, wall, used))

        return timed


@contextmanager
def recorded(recorder: Recorder) -> Iterator[None]:
    """Wraps the steps of a verification while the block runs."""

    def of_call(_calls: object, method: str, *_rest: object) -> str:
        return "call " + method.rpartition("/")[2]

    def of_edge(_edge: object, opened: Any, *_rest: object) -> str:  # noqa: ANN401 - the edge's own, private
        return "edge " + str(opened.method.name).rpartition("/")[2]

    wraps: Sequence[tuple[Any, str, str | Callable[..., str], int]] = (
        (Calls, "change", of_call, 0),
        (Edge, "_admit", "find the caller", 1),
        (Edge, "_answer", of_edge, 1),
        (verifications, "whole_upload", "read the upload", 2),
        (CaptureReads, "upload_data", "fetch and open its pieces", 3),
        (Verifications, "_demand_signed", "check chain and signature", 2),
        (Verifications, "_judge", "judge", 2),
        (Verifications, "_evidence", "gather the evidence", 3),
        (Verifications, "_conclude", "conclude in one transaction", 2),
    )
    with ExitStack() as stack:
        for owner, attribute, name, depth in wraps:
            stack.enter_context(
                patch.object(owner, attribute, recorder.wrapped(getattr(owner, attribute), name, depth))
            )
        yield


def trace(models: Path, bursts: Sequence[Burst], control: Connection) -> None:
    """What the process runs: verifies with every burst, one after another, and sends the steps."""
    recorder, found = Recorder(), list[list[Span]]()
    with opened_here(models) as (site, app), recorded(recorder):
        reader = app.reader
        crowd = Crowd(site, bursts)
        asked = recorder.wrapped(reader.read_burst, "ask Triton", 2)
        statistics_ = TritonStatistics(site.triton_url, site.triton_tls)
        with patch.object(reader, "read_burst", asked):
            crowd.load(Load(range(_WARM_UP), 1))
            before = statistics_.read()
            for index in range(_WARM_UP, len(bursts)):
                recorder.begin()
                crowd.load(Load(range(index, index + 1), 1))
                found.append(recorder.spans)
            counts = difference(before, statistics_.read())
        statistics_.close()
        crowd.close()
    control.send((steps(found), models_rows(counts, len(found))))


def steps(verifications_: Sequence[Sequence[Span]]) -> list[Step]:
    """Means per step, in the order in which they first begin."""
    names: dict[tuple[str, int], list[Span]] = {}
    for spans in verifications_:
        for span in spans:
            names.setdefault((span.name, span.depth), []).append(span)
    count = len(verifications_)
    found = [
        Step(
            name,
            depth,
            len(spans) / count,
            statistics.median(_firsts(verifications_, name)) * 1e3,
            sum(span.wall_s for span in spans) / count * 1e3,
            sum(span.cpu_s for span in spans) / count * 1e3,
        )
        for (name, depth), spans in names.items()
    ]
    return sorted(found, key=lambda step: (step.begin_ms, step.depth))


def _firsts(verifications_: Sequence[Sequence[Span]], name: str) -> list[float]:
    return [min(span.begin_s for span in spans if span.name == name) for spans in verifications_ if spans]


def models_rows(counts: dict[str, ModelCount], verifications_: int) -> list[dict[str, Any]]:
    """What Triton says of each model, per verification in milliseconds."""
    return [
        {
            "model": name,
            "inferences": it.inferences / verifications_,
            "queue_ms": round(it.queue_s / verifications_ * 1e3, 2),
            "input_ms": round(it.input_s / verifications_ * 1e3, 2),
            "infer_ms": round(it.infer_s / verifications_ * 1e3, 2),
            "output_ms": round(it.output_s / verifications_ * 1e3, 2),
        }
        for name, it in counts.items()
    ]
