"""Spans become steps, and the picture can be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from landseal.clients.bench.p2 import Speeds
from landseal.clients.bench.p2 import summary as embedding_summary
from landseal.clients.bench.picture import draw
from landseal.clients.bench.waterfall import Recorder, Span, steps


def test_steps_are_means_in_the_order_in_which_they_begin() -> None:
    first = [Span("b", 1, 0.2, 0.1, 0.05), Span("a", 0, 0.1, 0.3, 0.1), Span("b", 1, 0.3, 0.1, 0.05)]
    second = [Span("a", 0, 0.1, 0.5, 0.3), Span("b", 1, 0.4, 0.2, 0.1)]
    one, two = steps([first, second])
    assert (one.name, one.times, round(one.wall_ms), round(one.cpu_ms)) == ("a", 1.0, 400, 200)
    assert (two.name, two.times, round(two.wall_ms), round(two.begin_ms)) == ("b", 1.5, 200, 300)


def test_a_step_is_recorded_even_when_it_fails() -> None:
    recorder = Recorder()

    def fails() -> None:
        raise ValueError("as it should")

    timed = recorder.wrapped(fails, "a step", 1)
    with pytest.raises(ValueError, match="as it should"):
        timed()
    assert [span.name for span in recorder.spans] == ["a step"]


def test_a_report_is_drawn(tmp_path: Path) -> None:
    report = {
        "machine": {"processor": "a processor", "cores": 2},
        "results": {
            "P1": {
                **{"ratio": 0.8, "low": 0.7, "high": 0.9, "goal": 0.9, "bare_cpu_s_per_verification": 0.4},
                "server_cpu_s_by_part": {"server": 0.1, "triton/frames": 0.4},
            }
        },
        "waterfall": [step.row() for step in steps([[Span("a", 0, 0.0, 0.5, 0.1), Span("b", 1, 0.1, 0.2, 0.1)]])],
    }
    draw(report, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_without_dlib_nothing_is_claimed() -> None:
    found = embedding_summary(Speeds((0.005,), (), 0.0, 0.0, "not asked for"))
    assert found["ratio"] is None
    assert found["why_not"] == "not asked for"


def test_beside_dlib_the_ratio_is_that_of_each_round() -> None:
    found = embedding_summary(Speeds((0.005, 0.010, 0.005), (0.07, 0.07, 0.08), 1e-6, 1e-7))
    assert (found["low"], found["ratio"], found["high"]) == (7.0, 14.0, 16.0)
