"""The watch with engines made of air: when it restarts, how it waits, how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from support.processes import eventually

from landseal.server.engines.process import EngineFailed
from landseal.server.engines.watch import EngineWatch


class Air:
    """An engine that lives and dies as it is told."""

    def __init__(self, name: str = "air") -> None:
        self.name = name
        self.living = False
        self.broken = False
        self.starts: list[float] = []
        self.stopped = threading.Event()

    def start(self) -> str:
        self.starts.append(time.monotonic())
        if self.broken:
            raise EngineFailed("broken")
        self.living = True
        return f"{self.name}:1"

    def stop(self) -> None:
        self.living = False
        self.stopped.set()

    def alive(self) -> bool:
        return self.living


@pytest.fixture
def air() -> Air:
    return Air()


@pytest.fixture
def watch(air: Air) -> Iterator[EngineWatch]:
    with EngineWatch([air], poll_s=0.01, backoff_s=0.05, backoff_max_s=0.2) as watch:
        assert watch.start() == {"air": "air:1"}
        yield watch


def test_a_living_engine_is_left_alone(air: Air, watch: EngineWatch) -> None:
    time.sleep(0.1)
    assert len(air.starts) == 1
    assert watch.restarts() == {"air": 0}


def test_a_dead_engine_is_restarted_and_counted(air: Air, watch: EngineWatch) -> None:
    for count in (1, 2, 3):
        air.living = False
        assert eventually(lambda: air.living, 5.0)
        assert eventually(lambda: sum(watch.restarts().values()) >= len(air.starts) - 1, 5.0)
        assert watch.restarts() == {"air": count}


def test_an_engine_that_cannot_start_is_tried_ever_more_slowly_and_not_given_up(air: Air, watch: EngineWatch) -> None:
    air.broken, air.living = True, False
    assert eventually(lambda: len(air.starts) >= 6, 10.0)
    pauses = [late - early for early, late in zip(air.starts[1:], air.starts[2:], strict=False)]
    assert pauses[0] < pauses[-1]
    assert watch.restarts() == {"air": 0}
    air.broken = False
    assert eventually(lambda: watch.restarts() == {"air": 1}, 5.0)


def test_closing_stops_the_engine_and_never_starts_it_again(air: Air, watch: EngineWatch) -> None:
    watch.close()
    watch.close()
    starts = len(air.starts)
    time.sleep(0.1)
    assert air.stopped.is_set()
    assert len(air.starts) == starts
    assert not air.living


def test_when_one_engine_cannot_start_the_others_are_stopped() -> None:
    good, bad = Air("good"), Air("bad")
    bad.broken = True
    with pytest.raises(EngineFailed):
        EngineWatch([good, bad]).start()
    assert good.stopped.is_set()
    assert not good.living
