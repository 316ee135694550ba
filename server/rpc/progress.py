"""Telling how far a long import is, while it runs."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

Result = TypeVar("Result")
Response = TypeVar("Response")
Progress = Callable[[int, int], None]
INTERVAL_S = 0.5
"""Progress is told at most so often."""


class _Abandoned(Exception):
    """The client is gone; the work stops at its next report."""


def reported(
    work: Callable[[Progress], Result], response: Callable[[int, int], Response]
) -> Generator[Response, None, Result]:
    """Runs the work in a thread, yields responses as it reports, and returns its result.

    When the generator is closed (the client went away) the next report raises inside the work: nothing is committed.

    Raises:
        Exception: whatever the work raised.
    """
    reports: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
    run = _Run(work, reports)
    thread = threading.Thread(target=run, name="import", daemon=True)
    thread.start()
    try:
        while (report := reports.get()) is not None:
            yield response(*report)
    finally:
        run.abandoned.set()
        thread.join()
    return run.result()


class _Run(Generic[Result]):
    """The work, what it reports and how it ended."""

    def __init__(self, work: Callable[[Progress], Result], reports: queue.SimpleQueue[tuple[int, int] | None]) -> None:
        self._work, self._reports = work, reports
        self._done: list[Result] = []
        self._error: BaseException | None = None
        self._next = 0.0
        self.abandoned = threading.Event()

    def __call__(self) -> None:
        try:
            self._done.append(self._work(self._report))
        except BaseException as error:  # raised again by result(), in the thread that answers
            self._error = error
        finally:
            self._reports.put(None)

    def result(self) -> Result:
        if self._error is not None:
            raise self._error
        return self._done[0]

    def _report(self, done: int, total: int) -> None:
        if self.abandoned.is_set():
            raise _Abandoned
        now = time.monotonic()
        if now >= self._next:
            self._next = now + INTERVAL_S
            self._reports.put((done, total))
