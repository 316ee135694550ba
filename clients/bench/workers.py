"""Processes of the benchmark that obey one command at a time."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from landseal.clients.bench.cpu import cpu_seconds

_PATIENCE_S = 900.0


class Worker:
    """A process of our own that runs ``work(*arguments, connection)``; a fresh interpreter, so that nothing is shared.

    It says ``"ready"`` first; then :meth:`ask` sends a command and :meth:`answer` waits for what it says to it.
    """

    def __init__(self, name: str, work: Callable[..., None], *arguments: object) -> None:
        context = multiprocessing.get_context("spawn")
        self._control, theirs = context.Pipe()
        self._process = context.Process(target=_guarded, args=(work, arguments, theirs), name=name, daemon=True)
        self._process.start()
        theirs.close()

    def ready(self) -> None:
        """Waits for its first word.

        Raises:
            RuntimeError: it ended instead.
        """
        self.answer()

    def ask(self, command: object) -> None:
        """Sends a command."""
        self._control.send(command)

    def answer(self) -> Any:  # noqa: ANN401 - whatever the work sends
        """Waits for the answer.

        Raises:
            RuntimeError: the process ended, or said that it failed.
        """
        try:
            if not self._control.poll(_PATIENCE_S):
                raise RuntimeError(f"{self._process.name} does not answer")
            found = self._control.recv()
        except EOFError:
            raise RuntimeError(f"{self._process.name} ended") from None
        if isinstance(found, _Failure):
            raise RuntimeError(f"{self._process.name}: {found.text}")
        return found

    def cpu_seconds(self) -> float:
        """CPU that the process has used so far."""
        return sum(cpu_seconds(self._process.pid or 0).values())

    def close(self) -> None:
        """Tells it to end and waits."""
        with contextlib.suppress(OSError):  # it has ended by itself
            self._control.send(None)
        self._process.join(10)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


class _Failure:
    """What a worker says instead of an answer."""

    def __init__(self, text: str) -> None:
        self.text = text


def _guarded(work: Callable[..., None], arguments: tuple[object, ...], control: Connection) -> None:
    try:
        work(*arguments, control)
    except BaseException as error:
        control.send(_Failure(f"{type(error).__name__}: {error}"))
        raise
