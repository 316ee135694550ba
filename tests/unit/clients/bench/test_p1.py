"""What makes a measurement count."""

from __future__ import annotations

import pytest

from landseal.clients.bench.generator import Attempt, Loaded
from landseal.clients.bench.p1 import BenchFailed, Plan, Round, _demand, summary
from landseal.clients.bench.statistics import ModelCount, difference, expected

PASSED = Loaded((Attempt("PASSED", 1.0), Attempt("PASSED", 3.0)), 4.0)
WANTED = expected(60, 2, 6, silent=True)
RUN = {name: ModelCount(count, 1) for name, count in WANTED.items()}


def test_one_verification_runs_frames_one_choice_and_each_network_on_its_samples() -> None:
    assert expected(31, 1, 6, silent=True) == {"frames": 31, "select": 1, "embedding": 12, "liveness": 6}
    assert expected(31, 1, 6, silent=False) == {"frames": 31, "select": 1, "embedding": 12}


def test_a_refused_verification_spoils_the_measurement_and_is_named() -> None:
    refused = Loaded((Attempt("PASSED", 1.0), Attempt("IDENTITY_CHANGED", 1.0)), 2.0)
    with pytest.raises(BenchFailed, match="'IDENTITY_CHANGED': 1"):
        _demand(refused, RUN, WANTED)


def test_an_inference_more_or_fewer_spoils_the_measurement() -> None:
    _demand(PASSED, RUN, WANTED)
    for name in RUN:
        for other in (-1, 1):
            changed = {**RUN, name: ModelCount(RUN[name].inferences + other, 1)}
            with pytest.raises(BenchFailed, match="documented"):
                _demand(PASSED, changed, WANTED)


def test_counts_are_differences() -> None:
    before = {"frames": ModelCount(10, 2, 2, 1.0)}
    after = {"frames": ModelCount(15, 3, 3, 1.5), "select": ModelCount(1, 1, 1)}
    assert difference(before, after) == {"frames": ModelCount(5, 1, 1, 0.5), "select": ModelCount(1, 1, 1)}


def test_rounds_do_not_share_bursts() -> None:
    plan = Plan(rounds=3, verifications=4, warm_up=5)
    used = [*range(5), *(index for i in range(3) for index in plan.round(i))]
    assert used == list(range(plan.total))


def test_the_ratio_is_the_median_of_the_rounds_with_its_spread() -> None:
    def one(bare: float) -> Round:
        return Round(2, 60, {"server": 1.0, "triton": 1.0}, 0.1, bare, 1.0, 1.0, (0.5, 1.5), RUN)

    found = summary([one(1.6), one(1.0), one(1.8)])
    assert (found["ratio"], found["low"], found["high"]) == (0.8, 0.5, 0.9)
    assert found["server_cpu_s_per_verification"] == 1.0
    assert found["generator_cpu_s_per_verification"] == 0.05
