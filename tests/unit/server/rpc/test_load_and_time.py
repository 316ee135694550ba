# ruff: noqa: ANN401 - fakes take and return whatever the real ones do
"""Deadlines become budgets; overload and the departed cost nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from support import edge_samples as samples
from support.edge import Running, bearer, running, signature

from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason
from landseal.server.rpc.gate import Gate, Gates
from landseal.server.rpc.patience import Patience


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("edge"), calls=4, heavy_calls=2, max_deadline_s=5.0) as started:
        yield started


def _budget_of(edge: Running, timeout: float | None) -> float:
    left: list[float] = []

    def append(_caller: Any, _id: Any, _offset: Any, _data: Any, budget: Any) -> Any:
        left.append(budget.left_s())
        return samples.UPLOAD

    edge.use_cases["capture"].effects["append"] = append
    edge.call("UploadChunk", samples.requests()["UploadChunk"], timeout=timeout)
    return left[0]


def test_a_missing_deadline_is_capped(edge: Running) -> None:
    assert 4.0 < _budget_of(edge, None) <= 5.0


def test_a_long_deadline_is_cut(edge: Running) -> None:
    assert 4.0 < _budget_of(edge, 3600.0) <= 5.0


def test_a_short_deadline_is_handed_down(edge: Running) -> None:
    assert 0.5 < _budget_of(edge, 1.0) <= 1.1  # grpc rounds on the wire


def test_more_calls_than_places_are_refused_at_once_with_a_time_to_come_back(edge: Running) -> None:
    hold, inside = threading.Event(), threading.Semaphore(0)

    def slow(*_: Any) -> Any:
        inside.release()
        hold.wait(10)
        return samples.UPLOAD

    edge.use_cases["capture"].effects["get"] = slow
    request = samples.requests()["GetUpload"]
    with futures.ThreadPoolExecutor(4) as clients:
        try:
            held = [clients.submit(edge.call, "GetUpload", request) for _ in range(4)]
            for _ in range(4):
                assert inside.acquire(timeout=5)
            began = time.monotonic()
            refusal = edge.refusal("GetSession", samples.requests()["GetSession"])
            took = time.monotonic() - began
        finally:
            hold.set()
        assert [each.result() for each in held]
    assert refusal.reason == "OVERLOADED"
    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refusal.retry_s is not None
    assert 0.5 <= refusal.retry_s <= 1.5
    assert took < 1.0
    edge.call("GetSession", samples.requests()["GetSession"])


@pytest.mark.parametrize(("full", "other"), [(Gate.INFERENCE, Gate.PASSWORD), (Gate.PASSWORD, Gate.INFERENCE)])
def test_costly_calls_leave_places_for_light_ones_and_for_the_other_kind(full: Gate, other: Gate) -> None:
    gates = Gates(calls=4, heavy_calls=1, password_calls=1)
    with gates.passed(full):
        with pytest.raises(Refused) as caught, gates.passed(full):
            pass
        assert caught.value.reason is Reason.OVERLOADED
        with gates.passed(other), gates.passed(Gate.NONE), gates.passed(Gate.NONE):
            pass
    with gates.passed(full):
        pass


def test_strangers_logins_do_not_crowd_out_verifications(tmp_path: Path) -> None:
    hold, inside = threading.Event(), threading.Semaphore(0)

    def slow(*_: Any) -> Any:
        inside.release()
        hold.wait(10)
        return samples.RESULTS["start_login"]

    with running(tmp_path, calls=4, heavy_calls=1, password_calls=2) as edge, futures.ThreadPoolExecutor(2) as clients:
        edge.use_cases["session"].effects["start_login"] = slow
        try:
            held = [clients.submit(edge.call, "StartLogin", samples.requests()["StartLogin"]) for _ in range(2)]
            for _ in range(2):
                assert inside.acquire(timeout=5)
            for name in ("StartLogin", "RegisterAccount"):
                assert edge.refusal(name, samples.requests()[name]).reason == "OVERLOADED"
            edge.call("SubmitVerification", samples.requests()["SubmitVerification"])
        finally:
            hold.set()
        assert [each.result() for each in held]


def test_a_call_whose_client_left_is_journalled_as_cancelled(edge: Running) -> None:
    inside, hold = threading.Event(), threading.Event()

    def slow(*_: Any) -> Any:
        inside.set()
        hold.wait(10)
        return samples.UPLOAD

    edge.use_cases["capture"].effects["get"] = slow
    method = edge.method("GetUpload")
    raw = samples.requests()["GetUpload"].SerializeToString()
    call = edge.channel.unary_unary(method.name, None, None).future(raw, metadata=(bearer(), signature()))
    assert inside.wait(5)
    before = len(edge.lines())
    call.cancel()  # type: ignore[no-untyped-call]  # the stubs forgot its result
    time.sleep(0.3)
    hold.set()
    until = time.monotonic() + 5
    while len(edge.lines()) == before and time.monotonic() < until:
        time.sleep(0.02)
    assert edge.lines()[-1]["outcome"] == "CANCELLED"


def _headers_only(edge: Running, count: int, stop: threading.Event) -> list[Any]:
    def never() -> Iterator[bytes]:
        stop.wait(30)
        yield from ()

    stub = edge.channel.stream_unary(edge.method("GetSession").name, None, None)
    return [stub.future(never(), metadata=(bearer(),)) for _ in range(count)]


def test_calls_that_never_send_their_request_cannot_hold_the_server(tmp_path: Path) -> None:
    stop, patience = threading.Event(), Patience(wait_s=30.0, pressed_wait_s=0.4)
    with running(tmp_path, calls=4, patience=patience) as edge:
        edge.call("GetSession", samples.requests()["GetSession"])
        held = _headers_only(edge, 40, stop)
        time.sleep(0.2)
        edge.call("GetSession", samples.requests()["GetSession"], timeout=20)
        assert any(call.done() for call in held)
        stop.set()


def test_a_slow_request_is_waited_for_while_there_is_room_but_not_for_ever(tmp_path: Path) -> None:
    stop, patience = threading.Event(), Patience(wait_s=1.0, pressed_wait_s=0.2)
    with running(tmp_path, calls=4, patience=patience) as edge:
        (slow,) = _headers_only(edge, 1, stop)
        time.sleep(0.6)
        assert not slow.done()
        with pytest.raises(grpc.RpcError):
            slow.result(timeout=5)
        stop.set()


def test_a_long_call_that_has_its_request_is_left_alone(tmp_path: Path) -> None:
    patience = Patience(wait_s=0.2, pressed_wait_s=0.1)
    with running(tmp_path, calls=1, patience=patience) as edge:

        def slow(*_: Any) -> Any:
            time.sleep(1.0)
            return samples.UPLOAD

        edge.use_cases["capture"].effects["get"] = slow
        edge.call("GetUpload", samples.requests()["GetUpload"])
