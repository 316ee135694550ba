"""The sending side of a non-blocking stream: the handler's thread is gone, whoever has news sends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

import grpc
from google.protobuf.message import Message

from landseal.server.domain.errors import Refused
from landseal.server.rpc.call import serialise
from landseal.server.rpc.errors import grpc_status
from landseal.server.rpc.journal import CANCELLED


class Stream(Protocol):
    """One open stream to a client."""

    def active(self) -> bool:
        """Tells whether anybody still listens."""

    def send(self, message: Message) -> bool:
        """Sends and waits until it is written, which a slow client delays; tells whether anybody still listens."""

    def end(self, refusal: Refused | None) -> None:
        """Ends the stream, well or with a reason; does not wait; only the first end counts."""

    def cancel(self) -> None:
        """Cuts the stream; a send that waits returns."""

    def on_close(self, callback: Callable[[], None]) -> bool:
        """Has a callback called when the stream is over; False when it already is."""


class GrpcStream:
    """A stream of grpc's non-blocking handlers, whose third argument is ``send``: a response, or None for the end."""

    def __init__(
        self,
        context: grpc.ServicerContext,
        send: Callable[[bytes | None], None],
        language: str,
        note: Callable[[str], None],
    ) -> None:
        self._context, self._send, self._language, self._note = context, send, language, note
        self._guard, self._ended = threading.Lock(), False

    def active(self) -> bool:
        """See :class:`Stream`."""
        return self._context.is_active()

    def send(self, message: Message) -> bool:
        """See :class:`Stream`."""
        self._send(serialise(message))
        return self.active()

    def end(self, refusal: Refused | None) -> None:
        """See :class:`Stream`."""
        with self._guard:
            if self._ended:
                return
            self._ended = True
        if refusal is not None:
            self._note(refusal.reason.value)
            status = grpc_status(refusal, self._language)
            self._context.set_code(status.code)
            self._context.set_details(status.details)
            self._context.set_trailing_metadata(status.trailing_metadata)
        self._send(None)

    def cancel(self) -> None:
        """See :class:`Stream`."""
        self._note(CANCELLED)
        self._context.cancel()  # type: ignore[no-untyped-call]  # the stubs forgot its result

    def on_close(self, callback: Callable[[], None]) -> bool:
        """See :class:`Stream`."""
        return self._context.add_callback(callback)
