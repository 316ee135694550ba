"""What the server tells this person: codes relayed, transfers moved."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import grpc

from landseal.clients.calls import Calls, new_request_id
from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason
from landseal.inbox.v1 import inbox_pb2 as pb
from landseal.server.domain.reasons import Reason

_SERVICE = "/landseal.inbox.v1.InboxService/"
_PASSING = (LocalReason.SERVER_AWAY, Reason.DATABASE_AWAY, Reason.OVERLOADED, Reason.DEADLINE_EXCEEDED)
_LONGEST_PAUSE_S = 30.0


class Watch:
    """Iterates over events, each once and in order, reconnecting as long as it is not stopped.

    Iterating raises LandsealError with the session reasons (TOKEN_*, SESSION_*): then a new login is needed.
    """

    def __init__(self, calls: Calls, after_cursor: int, first_pause_s: float = 0.5) -> None:
        self.cursor = after_cursor
        self._calls = calls
        self._first_pause_s = first_pause_s
        self._stopped = threading.Event()
        self._call: grpc.Call | None = None

    def stop(self) -> None:
        """Ends the iteration, from any thread."""
        self._stopped.set()
        if self._call is not None:
            self._call.cancel()  # type: ignore[no-untyped-call]  # grpc-stubs leaves it bare

    def __iter__(self) -> Iterator[pb.Event]:
        pause = self._first_pause_s
        while not self._stopped.is_set():
            try:
                for event in self._connection():
                    pause = self._first_pause_s
                    yield event
            except LandsealError as error:
                if self._stopped.is_set():
                    return
                if error.reason not in _PASSING:
                    raise
            self._stopped.wait(pause)
            pause = min(_LONGEST_PAUSE_S, pause * 2)

    def _connection(self) -> Iterator[pb.Event]:
        request = pb.WatchEventsRequest(after_cursor=self.cursor)
        self._call, messages = self._calls.stream(_SERVICE + "WatchEvents", request, pb.WatchEventsResponse)
        if self._stopped.is_set():
            self._call.cancel()  # type: ignore[no-untyped-call]  # grpc-stubs leaves it bare
        for message in messages:
            if message.event.cursor > self.cursor:  # at least once becomes once
                self.cursor = message.event.cursor
                yield message.event


class InboxClient:
    """The noun *inbox*."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def watch(self, after_cursor: int = 0) -> Watch:
        """Returns the events after a cursor and then new ones as they happen; iterate, and ``stop()`` when done."""
        return Watch(self._calls, after_cursor)

    def list(self, after_cursor: int = 0, page_size: int = 50) -> list[pb.Event]:
        """Returns the next events after a cursor, in order; empty when there are none."""
        request = pb.ListEventsRequest(after_cursor=after_cursor, page_size=page_size)
        return list(self._calls.read(_SERVICE + "ListEvents", request, pb.ListEventsResponse).events)

    def acknowledge(self, through_cursor: int, *, request_id: str | None = None) -> int:
        """Marks events as seen and returns the last cursor seen."""
        request = pb.AcknowledgeEventsRequest(request_id=request_id or new_request_id(), through_cursor=through_cursor)
        return self._calls.change(_SERVICE + "AcknowledgeEvents", request, pb.AcknowledgeEventsResponse).seen_cursor
