"""Thousands of idle watchers, no thread each: all that is kept of one is a cursor.

Whoever has news is queued once, however much there is; a few pushers read what lies after the cursor and send it. A
client that does not read holds a pusher until it is cut off, and memory not at all: nothing is buffered here.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from landseal.server.domain.errors import DatabaseAway, Refused
from landseal.server.domain.reasons import Reason
from landseal.server.domain.records import Caller, Event
from landseal.server.rpc.convert.inbox import watched
from landseal.server.rpc.errors import describe, refusal_of
from landseal.server.rpc.stream import Stream

PAGE = 50
"""Events sent before the next watcher has its turn."""
_GOLDEN = 0.618034
_log = logging.getLogger(__name__)


class Events(Protocol):
    """What the hub needs of :class:`landseal.server.usecases.inbox.Inbox`."""

    def events(self, caller: Caller, after_cursor: int, limit: int) -> Sequence[Event]:
        """Returns the caller's events after a cursor, in order."""


@dataclass(frozen=True)
class WatchLimits:
    """How many watchers, and for how long what."""

    pushers: int = 4
    watchers: int = 20_000
    per_session: int = 4
    """More would only be leaks of a client."""
    send_s: float = 10.0
    """A send that a client lets wait longer ends its watch; it comes back with its cursor."""
    recheck_s: float = 60.0
    """Every watcher is looked at this often even without news: bounds what a lost notification can cost."""


@dataclass(eq=False)
class _Watcher:
    caller: Caller
    token: str = field(repr=False)
    cursor: int
    stream: Stream
    queued: bool = True
    """Lies in the queue or is being pushed."""
    again: bool = False
    """News came while it was being pushed."""
    sending_since: float | None = None
    recheck_at: float = 0.0


class WatchHub:
    """Holds all watchers of this process."""

    def __init__(self, authenticate: Callable[[str], Caller], inbox: Events, limits: WatchLimits) -> None:
        self._authenticate, self._inbox, self._limits = authenticate, inbox, limits
        self._guard = threading.Lock()
        self._by_account: dict[str, set[_Watcher]] = defaultdict(set)
        self._count = self._opened = 0
        self._ready: queue.SimpleQueue[_Watcher | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._push_all, name=f"pusher-{n}", daemon=True) for n in range(limits.pushers)
        ]
        self._threads.append(threading.Thread(target=self._keep_time, name="watch-clock", daemon=True))

    def __len__(self) -> int:
        return self._count

    def start(self) -> None:
        """Starts the pushers."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends all watches, well: clients come back to another process with their cursors."""
        self._stopping.set()
        with self._guard:
            watchers = [each for group in self._by_account.values() for each in group]
        for watcher in watchers:
            watcher.stream.end(None)
        for _ in range(self._limits.pushers):
            self._ready.put(None)

    def open(self, caller: Caller, token: str, cursor: int, stream: Stream) -> None:
        """Takes a stream over and sends what lies after the cursor, then whatever comes.

        Raises:
            Refused: OVERLOADED with too many watchers in this process, RATE_LIMITED with too many in this session.
        """
        watcher = _Watcher(caller, token, cursor, stream)
        with self._guard:
            if self._count >= self._limits.watchers or self._stopping.is_set():
                raise Refused(Reason.OVERLOADED, retry_after_s=2.0)
            group = self._by_account[caller.account_id]
            session_id = caller.session.session_id
            if sum(each.caller.session.session_id == session_id for each in group) >= self._limits.per_session:
                raise Refused(Reason.RATE_LIMITED, retry_after_s=self._limits.send_s)
            group.add(watcher)
            self._count, self._opened = self._count + 1, self._opened + 1
            watcher.recheck_at = self._next_check(self._opened)
        if not stream.on_close(lambda: self._forget(watcher)):
            self._forget(watcher)
            return
        self._ready.put(watcher)

    def wake(self, account_id: str) -> None:
        """Tells that the account has news, or that one of its sessions ended; cheap, never waits."""
        with self._guard:
            for watcher in self._by_account.get(account_id, ()):
                self._queue(watcher)

    def wake_all(self) -> None:
        """Tells that notifications may have been lost; every watcher is looked at."""
        with self._guard:
            for group in self._by_account.values():
                for watcher in group:
                    self._queue(watcher)

    def _queue(self, watcher: _Watcher) -> None:
        if watcher.queued:
            watcher.again = True
        else:
            watcher.queued = True
            self._ready.put(watcher)

    def _forget(self, watcher: _Watcher) -> None:
        with self._guard:
            account_id = watcher.caller.account_id
            group = self._by_account.get(account_id, set())
            if watcher in group:
                group.remove(watcher)
                self._count -= 1
            if not group:
                self._by_account.pop(account_id, None)

    def _push_all(self) -> None:
        while (watcher := self._ready.get()) is not None:
            try:
                more = self._push(watcher)
            except DatabaseAway:
                more = False  # the listener wakes everybody when the database is back; the recheck is the second net
            except Exception as error:  # one watch ends, with a typed reason; the pusher lives
                more = False
                self._end(watcher, error)
            with self._guard:
                watcher.sending_since = None
                watcher.queued = more or watcher.again
                watcher.again = False
                if watcher.queued:
                    self._ready.put(watcher)

    def _push(self, watcher: _Watcher) -> bool:
        """Sends one page; tells whether there may be more.

        The session is looked at first: whoever has logged out, or was replaced, hears no more events.
        """
        if not watcher.stream.active():
            return False
        watcher.caller = self._authenticate(watcher.token)
        events = self._inbox.events(watcher.caller, watcher.cursor, PAGE)
        for event in events:
            watcher.sending_since = time.monotonic()
            if not watcher.stream.send(watched(event)):
                return False
            watcher.cursor = event.cursor
        return len(events) == PAGE

    def _end(self, watcher: _Watcher, error: Exception) -> None:
        try:
            watcher.stream.end(refusal_of(error, spent=False))
        except Exception as failed:  # a stream that cannot even be ended is cut
            _log.error("a watch could not be ended: %s", describe(failed))
            watcher.stream.cancel()

    def _keep_time(self) -> None:
        while not self._stopping.wait(min(1.0, self._limits.send_s / 4)):
            now = time.monotonic()
            with self._guard:
                watchers = [each for group in self._by_account.values() for each in group]
                for watcher in watchers:
                    if now >= watcher.recheck_at:
                        watcher.recheck_at = now + self._limits.recheck_s
                        self._queue(watcher)
            for watcher in watchers:
                since = watcher.sending_since
                if since is not None and now - since > self._limits.send_s:
                    watcher.stream.cancel()

    def _next_check(self, number: int) -> float:
        # spread over the interval, so that rechecks come as a trickle and not as a wave
        return time.monotonic() + self._limits.recheck_s * (0.5 + (number * _GOLDEN % 1) / 2)
