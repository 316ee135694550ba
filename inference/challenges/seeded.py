"""Instructions that are known beforehand: for load tests alone, whose bursts are rendered before the measurement."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from landseal.inference.challenges.base import CapturePlan, Challenge, ChallengeVerdict

InstructionT = TypeVar("InstructionT")


def seeded_instructions(challenge: Challenge[InstructionT], seed: int, count: int) -> tuple[InstructionT, ...]:
    """The first ``count`` instructions that a generator with this seed draws: known to whoever knows the seed."""
    rng = random.Random(seed)  # noqa: S311 - predictable on purpose
    return tuple(challenge.draw(rng) for _ in range(count))


class UnsafeSeededChallenge(Generic[InstructionT]):
    """A challenge that issues a few known instructions in turn, and judges as the one inside does.

    **Unsafe**: who knows the seed needs no living face in front of a camera, only time to render. The server builds it
    under ``policy=loadtest`` and refuses to start with its setting under any other. Thread-safe.
    """

    def __init__(self, inside: Challenge[InstructionT], seed: int, count: int) -> None:
        """Draws ``count`` instructions, at least 1, from ``seed``."""
        self._inside = inside
        self.kind = inside.kind
        self._turns = itertools.cycle(seeded_instructions(inside, seed, count))
        self._guard = threading.Lock()

    def draw(self, rng: random.Random) -> InstructionT:
        """The next instruction; ``rng`` is not asked."""
        with self._guard:
            return next(self._turns)

    def decode(self, text: str) -> InstructionT:
        """As the challenge inside."""
        return self._inside.decode(text)

    def plan(self, instruction: InstructionT) -> CapturePlan:
        """As the challenge inside."""
        return self._inside.plan(instruction)

    def judge(
        self,
        instruction: InstructionT,
        landmarks: NDArray[np.float32],
        times_ms: Sequence[int],
        valid: NDArray[np.bool_],
    ) -> ChallengeVerdict:
        """As the challenge inside."""
        return self._inside.judge(instruction, landmarks, times_ms, valid)
