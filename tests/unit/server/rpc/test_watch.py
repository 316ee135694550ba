# ruff: noqa: ANN401 - fakes take and return whatever the real ones do
"""Watches hold no thread, miss nothing, end with a reason, and no client can hold them up for others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from support import edge_samples as samples
from support.edge import Running, bearer, running, signature, told

from landseal.inbox.v1 import inbox_pb2
from landseal.server.domain.errors import DatabaseAway, Refused
from landseal.server.domain.reasons import Reason
from landseal.server.domain.records import Event
from landseal.server.rpc.watch import WatchHub, WatchLimits


class Box:
    """An inbox that grows."""

    def __init__(self) -> None:
        self.kept: list[Event] = []
        self.away = False
        self.reads = 0

    def add(self, count: int = 1) -> None:
        self.kept += samples.events(count, len(self.kept) + 1)

    def events(self, _caller: Any, after: int, limit: int) -> list[Event]:
        self.reads += 1
        if self.away:
            raise DatabaseAway
        return [event for event in self.kept if event.cursor > after][:limit]


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def edge(tmp_path: Path, box: Box) -> Iterator[Running]:
    with running(tmp_path, watch=WatchLimits(pushers=2, per_session=3, send_s=1.0, recheck_s=60)) as started:
        started.use_cases["inbox"].effects["events"] = box.events
        yield started


def _watch(edge: Running, after: int = 0, signed: tuple[Any, ...] | None = None) -> Any:
    stub = edge.channel.unary_stream(edge.method("WatchEvents").name, None, inbox_pb2.WatchEventsResponse.FromString)
    metadata = (bearer(), *((signature(),) if signed is None else signed))
    return stub(inbox_pb2.WatchEventsRequest(after_cursor=after).SerializeToString(), metadata=metadata, timeout=20)


def _take(call: Any, count: int) -> list[int]:
    return [next(call).event.cursor for _ in range(count)]


def _until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_kept_events_come_first_and_then_new_ones_in_order(edge: Running, box: Box) -> None:
    box.add(3)
    call = _watch(edge)
    assert _take(call, 3) == [1, 2, 3]
    box.add(2)
    edge.hub.wake("account-1")
    assert _take(call, 2) == [4, 5]
    call.cancel()


def test_more_than_a_page_comes_without_a_further_wake(edge: Running, box: Box) -> None:
    box.add(205)
    call = _watch(edge)
    assert _take(call, 205) == list(range(1, 206))
    call.cancel()


def test_a_watch_is_resumed_after_the_last_cursor(edge: Running, box: Box) -> None:
    box.add(5)
    call = _watch(edge, after=3)
    assert _take(call, 2) == [4, 5]
    call.cancel()


def test_nothing_is_missed_when_news_come_while_older_ones_are_sent(edge: Running, box: Box) -> None:
    call = _watch(edge)

    def grow() -> None:
        for _ in range(300):
            box.add()
            edge.hub.wake("account-1")

    thread = threading.Thread(target=grow)
    thread.start()
    assert _take(call, 300) == list(range(1, 301))
    thread.join()
    call.cancel()


@pytest.mark.parametrize("reason", [Reason.SESSION_REPLACED, Reason.SESSION_ENDED])
def test_the_end_of_the_session_ends_the_watch_with_its_reason(edge: Running, box: Box, reason: Reason) -> None:
    box.add()
    call = _watch(edge)
    assert _take(call, 1) == [1]
    edge.doorkeeper.ended = reason
    box.add()
    edge.hub.wake("account-1")
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert told(caught.value).reason == reason.value
    _until(lambda: bool(edge.lines()))
    assert edge.lines()[-1]["outcome"] == reason.value
    assert len(edge.hub) == 0


def test_a_watch_needs_a_token(edge: Running) -> None:
    stub = edge.channel.unary_stream(edge.method("WatchEvents").name, None, None)
    with pytest.raises(grpc.RpcError) as caught:
        list(stub(b"", timeout=5))
    assert told(caught.value).reason == "TOKEN_MISSING"


@pytest.mark.parametrize("signed", [(), (signature(b"bad" * 20),)], ids=["unsigned", "somebody else's"])
def test_a_stolen_token_alone_hears_nothing(edge: Running, box: Box, signed: tuple[Any, ...]) -> None:
    box.add()
    with pytest.raises(grpc.RpcError) as caught:
        list(_watch(edge, signed=signed))
    assert told(caught.value).reason == "CALL_SIGNATURE_INVALID"
    assert len(edge.hub) == box.reads == 0


def test_too_many_watches_of_one_session_are_refused(edge: Running, box: Box) -> None:
    box.add()
    calls = [_watch(edge) for _ in range(3)]
    assert [_take(call, 1) for call in calls] == [[1]] * 3
    with pytest.raises(grpc.RpcError) as caught:
        next(_watch(edge))
    assert told(caught.value).reason == "RATE_LIMITED"
    for call in calls:
        call.cancel()
    _until(lambda: len(edge.hub) == 0)


def test_a_database_that_is_away_ends_no_watch_and_loses_no_event(edge: Running, box: Box) -> None:
    box.add()
    call = _watch(edge)
    assert _take(call, 1) == [1]
    box.away = True
    box.add()
    reads = box.reads
    edge.hub.wake("account-1")
    _until(lambda: box.reads > reads)
    box.away = False
    edge.hub.wake_all()
    assert _take(call, 1) == [2]
    call.cancel()


def test_watches_hold_no_thread_and_no_place(edge: Running, box: Box) -> None:
    box.add()
    threads = threading.active_count()
    call = _watch(edge)
    assert _take(call, 1) == [1]
    for _ in range(20):
        edge.call("GetSession", samples.requests()["GetSession"])
    assert threading.active_count() <= threads + 6  # the pool's own, which grow with calls and not with watches
    call.cancel()


def test_a_draining_server_ends_watches_well(edge: Running, box: Box) -> None:
    box.add()
    call = _watch(edge)
    assert _take(call, 1) == [1]
    edge.hub.stop()
    assert list(call) == []
    assert call.code() is grpc.StatusCode.OK
    with pytest.raises(grpc.RpcError) as caught:
        next(_watch(edge))
    assert told(caught.value).reason == "OVERLOADED"


class StuckStream:
    """A client that reads nothing."""

    def __init__(self) -> None:
        self.cut = threading.Event()
        self.closed: list[Callable[[], None]] = []
        self.ended: list[Refused | None] = []

    def active(self) -> bool:
        return not self.cut.is_set()

    def send(self, _message: object) -> bool:
        self.cut.wait(10)
        return False

    def end(self, refusal: Refused | None) -> None:
        self.ended.append(refusal)

    def cancel(self) -> None:
        self.cut.set()
        for callback in self.closed:
            callback()

    def on_close(self, callback: Callable[[], None]) -> bool:
        self.closed.append(callback)
        return True


def test_clients_that_do_not_read_are_cut_off_and_others_are_served(box: Box) -> None:
    box.add()
    limits = WatchLimits(pushers=2, watchers=10, per_session=10, send_s=0.2, recheck_s=60)
    hub = WatchHub(lambda _: samples.CALLER, box, limits)
    hub.start()
    stuck = [StuckStream() for _ in range(4)]
    for stream in stuck:
        hub.open(samples.CALLER, "token", 0, stream)
    quick = StuckStream()
    sent = threading.Event()
    quick.send = lambda _message: sent.set() or True  # type: ignore[func-returns-value,method-assign]  # a short lambda
    hub.open(samples.CALLER, "token", 0, quick)
    assert sent.wait(5)
    _until(lambda: all(stream.cut.is_set() for stream in stuck))
    assert len(hub) == 1
    hub.stop()


def test_a_full_process_refuses_watches_as_overload(box: Box) -> None:
    hub = WatchHub(lambda _: samples.CALLER, box, WatchLimits(watchers=1))
    hub.open(samples.CALLER, "token", 0, StuckStream())
    with pytest.raises(Refused) as caught:
        hub.open(samples.CALLER, "token", 0, StuckStream())
    assert caught.value.reason is Reason.OVERLOADED


def test_lost_notifications_cost_at_most_one_recheck(box: Box) -> None:
    hub = WatchHub(lambda _: samples.CALLER, box, WatchLimits(pushers=1, send_s=0.4, recheck_s=0.2))
    hub.start()
    stream, sent = StuckStream(), threading.Event()
    stream.send = lambda _message: sent.set() or True  # type: ignore[func-returns-value,method-assign]  # a short lambda
    hub.open(samples.CALLER, "token", 0, stream)
    time.sleep(0.1)
    box.add()
    assert sent.wait(5)
    hub.stop()
