"""A thread pool that does not wait for ever for requests that never come.

grpc gives a call its thread when the headers arrive and then waits there for the message, without any limit: some
dozens of calls that never send theirs would hold every thread of a server (measured: 40 of one client stopped 24
threads until their connection grew old). Here such calls are cut, sooner the more threads they hold.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long a call may let the server wait for its request."""

    wait_s: float = 20.0
    """A chunk of 512 KiB on a slow network (256 kbit/s) takes 16 s."""
    pressed_wait_s: float = 2.0
    """The same while more than half of the threads wait."""


@dataclass(eq=False)
class _Waiting:
    cut: Callable[[], object]
    since: float = field(default_factory=time.monotonic)


class PatientPool(ThreadPoolExecutor):
    """Runs grpc's calls; whoever handles one says :meth:`arrived` first."""

    def __init__(self, workers: int, patience: Patience) -> None:
        super().__init__(workers, thread_name_prefix="call")
        self._half, self._patience = workers // 2, patience
        self._guard, self._waiting = threading.Lock(), set[_Waiting]()
        self._here = threading.local()
        watch = threading.Thread(
            target=_watch, args=(weakref.ref(self), patience.pressed_wait_s / 4), name="patience", daemon=True
        )
        watch.start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Runs a call; the call itself is found among the arguments that grpc passes (a test holds that it is)."""
        cut = next((each.call.cancel for each in args if hasattr(each, "call")), None)
        if cut is None:
            return super().submit(fn, *args, **kwargs)

        def run() -> T:
            self._here.waiting = waiting = _Waiting(cut)
            with self._guard:
                self._waiting.add(waiting)
            try:
                return fn(*args, **kwargs)
            finally:
                self.arrived()

        return super().submit(run)

    def arrived(self) -> None:
        """Tells that this thread's call has its request; from now on deadlines bound it."""
        waiting: _Waiting | None = getattr(self._here, "waiting", None)
        with self._guard:
            self._waiting.discard(waiting)
        self._here.waiting = None

    def cut_late(self) -> None:
        """Cuts the calls that have let the server wait too long."""
        with self._guard:
            pressed = len(self._waiting) > self._half
            limit = time.monotonic() - (self._patience.pressed_wait_s if pressed else self._patience.wait_s)
            late = [each for each in self._waiting if each.since < limit]
        for each in late:
            each.cut()


def _watch(of: weakref.ref[PatientPool], every_s: float) -> None:
    """Ends with its pool, which grpc drops with its server and never shuts down."""
    while (pool := of()) is not None:
        pool.cut_late()
        del pool
        time.sleep(every_s)


def patiently(behave: Callable[..., Any], arrived: Callable[[], None]) -> Callable[..., Any]:
    """Wraps a behaviour that receives a whole request, so that it tells of its arrival; keeps grpc's marks on it."""

    def tell(*args: Any) -> Any:  # noqa: ANN401 - as grpc calls it
        arrived()
        return behave(*args)

    tell.__dict__.update(behave.__dict__)
    return tell
