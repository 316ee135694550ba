"""Hears of new inbox events in every process: one LISTEN connection, outside the pool."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import psycopg

from landseal.server.storage.channel import CHANNEL

OnNews = Callable[[str, int], object]
"""Called with the account and the cursor of each new event, from the listener's thread."""
OnGap = Callable[[], object]
"""Called when news may have been missed: everybody should look what lies after their cursor."""

_POLL_S = 0.5
"""How soon a close is noticed."""
_SILENCE_POLLS = 20
"""After so many polls without news the server is asked whether it is still there."""
_CONNECT_S = 3
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_log = logging.getLogger(__name__)


class InboxListener:
    """Listens from :meth:`start` to :meth:`close`; comes back after any loss and then reports a gap.

    A notification is only a hint to look: it may come twice, and around a lost connection not at all.
    """

    def __init__(self, url: str, *, on_news: OnNews, on_gap: OnGap) -> None:
        self._url, self._on_news, self._on_gap = url, on_news, on_gap
        self._stop = threading.Event()
        self._connected = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox-listener", daemon=True)

    def start(self) -> None:
        """Starts the thread; does not wait for the database."""
        self._thread.start()

    def wait_connected(self, timeout_s: float) -> bool:
        """Waits until it listens; False when it does not within the time."""
        return self._connected.wait(timeout_s)

    def close(self) -> None:
        """Stops listening and waits for the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stop.is_set():
            try:
                self._listen()
            except (psycopg.OperationalError, psycopg.InterfaceError):
                pause_s = _FIRST_PAUSE_S if self._connected.is_set() else min(2 * pause_s, _LONGEST_PAUSE_S)
                self._connected.clear()
                _log.info("the inbox listener lost the database and will come back")
                self._stop.wait(pause_s)

    def _listen(self) -> None:
        with psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=_CONNECT_S,
            application_name="landseal-inbox",
            tcp_user_timeout=10_000,
        ) as connection:
            connection.execute(f"LISTEN {CHANNEL}".encode())
            self._connected.set()
            self._tell(self._on_gap)  # what was committed before the LISTEN was not heard
            silent = 0
            while not self._stop.is_set():
                heard = list(connection.notifies(timeout=_POLL_S, stop_after=1))
                for notice in heard:
                    self._news(notice.payload)
                silent = 0 if heard else silent + 1
                if silent >= _SILENCE_POLLS:
                    connection.execute(b"SELECT 1")
                    silent = 0

    def _news(self, payload: str) -> None:
        account_id, _, cursor = payload.rpartition(":")
        if account_id and cursor.isdecimal():
            self._tell(lambda: self._on_news(account_id, int(cursor)))

    @staticmethod
    def _tell(call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:  # a listener that dies silently would be worse than one lost hint
            _log.error("an inbox watcher failed: %s", type(error).__name__)
