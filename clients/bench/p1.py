"""P1: verifications per CPU-second of the whole server side, over those of the bare networks on the same frames.

Rounds alternate: the server, saturated by its generator, then the bare loop on the very same bursts. Counted for the
server is the CPU of everything below its process: gRPC, use cases, PostgreSQL, Triton and its models. The generator's
is told apart. What the server uses while it waits (health checks, housekeeping) lies inside the measured time.
"""

from __future__ import annotations

import os
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landseal.clients.bench.bare import loop
from landseal.clients.bench.bursts import Burst, make_bursts
from landseal.clients.bench.cpu import spent
from landseal.clients.bench.generator import Load, Loaded, generate
from landseal.clients.bench.site import Site, started
from landseal.clients.bench.statistics import MODELS, ModelCount, difference, expected
from landseal.clients.bench.workers import Worker
from landseal.inference.vision.silent import WEIGHTS as SILENT_WEIGHTS
from landseal.server.usecases.verifications import SAMPLES

GOAL, BAR = 0.90, 0.75
CORES = len(os.sched_getaffinity(0))


class BenchFailed(Exception):
    """The measurement says nothing: a verification did not pass, or Triton did not run what it should have."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int = 8
    verifications: int = 8
    """In each round."""
    warm_up: int = 8
    at_once: int = 2 * CORES
    """Verifications in flight: enough that no core is ever idle."""
    processes: int = 2
    """Of the bare loop; the CPU configuration of ``frames`` has as many."""

    @property
    def total(self) -> int:
        """Bursts that are needed."""
        return self.warm_up + self.rounds * self.verifications

    def round(self, number: int) -> range:
        """The bursts of one round."""
        begin = self.warm_up + number * self.verifications
        return range(begin, begin + self.verifications)


@dataclass(frozen=True)
class Round:
    """One pair of measurements on the same bursts."""

    verifications: int
    frames: int
    server_cpu_s: dict[str, float]
    """By part."""
    generator_cpu_s: float
    bare_cpu_s: float
    server_wall_s: float
    bare_wall_s: float
    latencies_s: tuple[float, ...]
    triton: dict[str, ModelCount]

    @property
    def ratio(self) -> float:
        """Verifications per CPU-second of the server over those of the bare loop."""
        return self.bare_cpu_s / sum(self.server_cpu_s.values())


@dataclass(frozen=True)
class _Parties:
    site: Site
    generator: Worker
    bare: Sequence[Worker]


def measure(plan: Plan, models: Path) -> list[Round]:
    """Renders, starts everything, warms up and measures all rounds.

    Raises:
        BenchFailed: a verification did not pass, or the inference counts are not as documented.
    """
    bursts = make_bursts(plan.total, models, plan.processes)
    silent = all((models / name).is_file() for name in SILENT_WEIGHTS)
    with ExitStack() as stack:
        site = stack.enter_context(started(models))
        generator = stack.enter_context(closing(Worker("generator", generate, site, bursts)))
        bare = [
            stack.enter_context(closing(Worker(f"bare {i}", loop, bursts, models, SAMPLES, silent)))
            for i in range(plan.processes)
        ]
        for worker in (generator, *bare):
            worker.ready()
        parties = _Parties(site, generator, bare)
        _one_round(parties, plan, range(plan.warm_up), bursts, silent)
        return [_one_round(parties, plan, plan.round(i), bursts, silent) for i in range(plan.rounds)]


def _one_round(parties: _Parties, plan: Plan, which: range, bursts: Sequence[Burst], silent: bool) -> Round:
    site, generator = parties.site, parties.generator
    counts = _counts(generator)
    server, own = site.cpu_seconds(), generator.cpu_seconds()
    generator.ask(Load(which, plan.at_once))
    loaded: Loaded = generator.answer()
    server, own = spent(server, site.cpu_seconds()), generator.cpu_seconds() - own
    run = difference(counts, _counts(generator))
    frames = sum(len(bursts[index].images) for index in which)
    _demand(loaded, run, expected(frames, len(which), SAMPLES, silent=silent))
    bare_cpu, bare_wall = _bare(parties.bare, which)
    latencies = tuple(sorted(attempt.seconds for attempt in loaded.attempts))
    return Round(len(which), frames, server, own, bare_cpu, loaded.wall_s, bare_wall, latencies, run)


def _counts(generator: Worker) -> dict[str, ModelCount]:
    generator.ask("count")
    found: dict[str, ModelCount] = generator.answer()
    return found


def _demand(loaded: Loaded, run: dict[str, ModelCount], wanted: dict[str, int]) -> None:
    reasons = Counter(attempt.reason for attempt in loaded.attempts)
    if set(reasons) != {"PASSED"}:
        raise BenchFailed(f"not every verification passed: {dict(reasons)}")
    ran = {name: run[name].inferences for name in MODELS if name in run and run[name].inferences}
    if ran != wanted:
        raise BenchFailed(f"Triton ran {ran}, documented are {wanted}")


def _bare(workers: Sequence[Worker], which: range) -> tuple[float, float]:
    used, begin = sum(worker.cpu_seconds() for worker in workers), time.perf_counter()
    for number, worker in enumerate(workers):
        worker.ask(which[number :: len(workers)])
    for worker in workers:
        worker.answer()
    return sum(worker.cpu_seconds() for worker in workers) - used, time.perf_counter() - begin


def summary(rounds: Sequence[Round]) -> dict[str, Any]:
    """What stands in the report: medians over the rounds, with the lowest and the highest ratio."""
    ratios = [each.ratio for each in rounds]
    latencies = sorted(latency for each in rounds for latency in each.latencies_s)
    return {
        "ratio": round(statistics.median(ratios), 4),
        "low": round(min(ratios), 4),
        "high": round(max(ratios), 4),
        "goal": GOAL,
        "bar": BAR,
        "server_cpu_s_per_verification": _median([sum(it.server_cpu_s.values()) / it.verifications for it in rounds]),
        "bare_cpu_s_per_verification": _median([it.bare_cpu_s / it.verifications for it in rounds]),
        "generator_cpu_s_per_verification": _median([it.generator_cpu_s / it.verifications for it in rounds]),
        "server_cpu_s_by_part": {
            part: _median([it.server_cpu_s.get(part, 0.0) / it.verifications for it in rounds])
            for part in rounds[0].server_cpu_s
        },
        "verifications_per_s": round(statistics.median(it.verifications / it.server_wall_s for it in rounds), 3),
        "latency_s": {"median": round(statistics.median(latencies), 3), "highest": round(latencies[-1], 3)},
        "failures": {},
        "samples": SAMPLES,
        "frames_per_verification": round(sum(it.frames for it in rounds) / sum(it.verifications for it in rounds), 1),
        "inferences": {name: sum(it.triton[name].inferences for it in rounds) for name in rounds[0].triton},
        "mean_batch": {
            name: round(
                sum(it.triton[name].inferences for it in rounds)
                / max(1, sum(it.triton[name].executions for it in rounds)),
                1,
            )
            for name in rounds[0].triton
        },
        "rounds": [_row(each) for each in rounds],
    }


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 4)


def _row(it: Round) -> dict[str, Any]:
    return {
        "ratio": round(it.ratio, 4),
        "verifications": it.verifications,
        "frames": it.frames,
        "server_cpu_s": round(sum(it.server_cpu_s.values()), 3),
        "bare_cpu_s": round(it.bare_cpu_s, 3),
        "generator_cpu_s": round(it.generator_cpu_s, 3),
        "server_wall_s": round(it.server_wall_s, 3),
        "bare_wall_s": round(it.bare_wall_s, 3),
    }
