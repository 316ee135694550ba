"""What every kind of active liveness has in common: an instruction, how to capture it, a verdict."""

from __future__ import annotations

import enum
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray


class ChallengeKind(enum.StrEnum):
    """Kinds of challenge; the person chooses among those that the policy allows."""

    LIP_SHAPES = "LIP_SHAPES"


class ChallengeReason(enum.StrEnum):
    """Why a burst was refused: the first check that failed, in the order in which they run."""

    TIMES_IMPLAUSIBLE = "TIMES_IMPLAUSIBLE"
    TOO_FEW_FRAMES = "TOO_FEW_FRAMES"
    LIP_MOTION_ABSENT = "LIP_MOTION_ABSENT"
    FRAMES_REPEATED = "FRAMES_REPEATED"
    MOTION_NOT_CONTINUOUS = "MOTION_NOT_CONTINUOUS"
    LIP_SHAPES_WRONG = "LIP_SHAPES_WRONG"
    LIP_ORDER_WRONG = "LIP_ORDER_WRONG"
    LIP_AMPLITUDE_TOO_SMALL = "LIP_AMPLITUDE_TOO_SMALL"


@dataclass(frozen=True)
class CapturePlan:
    """When the client takes frames, in milliseconds after the instruction began on its screen."""

    frame_times_ms: tuple[int, ...]
    duration_ms: int


@dataclass(frozen=True)
class ChallengeVerdict:
    """Four verdicts that must all be True. A check that could not run counts as failed."""

    shape: bool
    """The lips made the shapes that were asked for."""
    amplitude: bool
    """They made them far enough."""
    order: bool
    """They made them in the order and for the times that were asked for."""
    motion: bool
    """The frames are one continuous, unrepeated movement with plausible times."""
    reason: ChallengeReason | None
    """None exactly when the challenge is passed."""
    scores: Mapping[str, float] = field(default_factory=dict, repr=False, compare=False)
    """Inner measures for evaluation alone: never logged, never sent to a client, where they would teach an attacker."""

    @property
    def passed(self) -> bool:
        """Whether the challenge is met; anything but four clear yeses and no reason is a no."""
        return (
            self.shape is True
            and self.amplitude is True
            and self.order is True
            and self.motion is True
            and self.reason is None
        )


def refused(
    reason: ChallengeReason,
    scores: Mapping[str, float] | None = None,
    *,
    shape: bool = False,
    amplitude: bool = False,
    order: bool = False,
    motion: bool = False,
) -> ChallengeVerdict:
    """A verdict that fails for ``reason``; what was not reached counts as failed."""
    return ChallengeVerdict(shape, amplitude, order, motion, reason, dict(scores or {}))


class Instruction(Protocol):
    """A random, single-use order to the person."""

    @property
    def kind(self) -> ChallengeKind:
        """Which challenge gave it."""

    def entropy_bits(self) -> float:
        """How many bits were drawn: log2 of the number of equally likely instructions."""

    def encode(self) -> str:
        """One line of ASCII that the same kind decodes."""


InstructionT = TypeVar("InstructionT")


class Challenge(Protocol[InstructionT]):
    """A kind of challenge. Implementations hold no state."""

    kind: ChallengeKind

    def draw(self, rng: random.Random) -> InstructionT:
        """Draws an instruction; a server passes ``random.SystemRandom()``, a test a seeded one."""

    def decode(self, text: str) -> InstructionT:
        """Reads what ``encode`` wrote.

        Raises:
            ValueError: anything else.
        """

    def plan(self, instruction: InstructionT) -> CapturePlan:
        """When to take frames."""

    def judge(
        self,
        instruction: InstructionT,
        landmarks: NDArray[np.float32],
        times_ms: Sequence[int],
        valid: NDArray[np.bool_],
    ) -> ChallengeVerdict:
        """Judges a burst; never raises for what the burst holds."""
