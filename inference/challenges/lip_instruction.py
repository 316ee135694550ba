"""The lip instruction: a relaxed lead-in, then five mouth shapes, each held for a drawn time."""

from __future__ import annotations

import enum
import itertools
import math
import random
from dataclasses import dataclass

from landseal.inference.challenges.base import CapturePlan, ChallengeKind

LEAD_IN_MS = 600
"""Relaxed mouth before the first action: the person's own baseline is measured here."""
ACTIONS = 5
HOLD_TIMES_MS = (600, 800, 1000, 1200, 1400, 1600)
FRAME_EVERY_MS = 200
_FORMAT = "lips1"


class LipShape(enum.StrEnum):
    """Mouth shapes that every language has and that need no reading."""

    OPEN = "OPEN"
    ROUND = "ROUND"
    SPREAD = "SPREAD"
    CLOSED = "CLOSED"


@dataclass(frozen=True)
class LipAction:
    """One mouth shape and how long it is held, in milliseconds."""

    shape: LipShape
    hold_ms: int


@dataclass(frozen=True)
class LipInstruction:
    """Five actions after the lead-in, no shape directly after itself.

    Raises:
        ValueError: the actions are not such as :func:`draw` draws.
    """

    actions: tuple[LipAction, ...]

    def __post_init__(self) -> None:
        if len(self.actions) != ACTIONS or any(action.hold_ms not in HOLD_TIMES_MS for action in self.actions):
            raise ValueError("a lip instruction has five actions with known hold times")
        if any(a.shape == b.shape for a, b in itertools.pairwise(self.actions)):
            raise ValueError("a lip instruction never repeats a shape at once")

    @property
    def kind(self) -> ChallengeKind:
        """Always LIP_SHAPES."""
        return ChallengeKind.LIP_SHAPES

    @property
    def duration_ms(self) -> int:
        """Lead-in and all actions."""
        return LEAD_IN_MS + sum(action.hold_ms for action in self.actions)

    def starts_ms(self) -> tuple[int, ...]:
        """When each action begins, after the beginning of the lead-in."""
        holds = [action.hold_ms for action in self.actions]
        return tuple(itertools.accumulate(holds[:-1], initial=LEAD_IN_MS))

    def entropy_bits(self) -> float:
        """log2 of the number of instructions: 4 x 3^4 orders times 6^5 hold times, 21.3 bits.

        What an attacker must hit is less, since hold times are judged with a tolerance: one in 33 (puppet) to
        71 (simulated) draws of other hold times for the right shapes passed, so that 13 to 14 bits remain. For others,
        :mod:`landseal.inference.challenges.evaluate` measures it.
        """
        shapes = len(LipShape)
        return math.log2(shapes * (shapes - 1) ** (ACTIONS - 1) * len(HOLD_TIMES_MS) ** ACTIONS)

    def encode(self) -> str:
        """For example ``lips1:OPEN600,ROUND1200,CLOSED800,OPEN600,SPREAD1600``."""
        return f"{_FORMAT}:" + ",".join(f"{action.shape.value}{action.hold_ms}" for action in self.actions)

    @classmethod
    def decode(cls, text: str) -> LipInstruction:
        """Reads what :meth:`encode` wrote, and nothing else.

        Raises:
            ValueError: anything else.
        """
        head, _, body = text.partition(":")
        if head != _FORMAT:
            raise ValueError("not a lip instruction")
        instruction = cls(tuple(_action(part) for part in body.split(",")))
        if instruction.encode() != text:
            raise ValueError("not the canonical form of a lip instruction")
        return instruction


def _action(part: str) -> LipAction:
    for shape in LipShape:
        hold = part.removeprefix(shape.value)
        if hold != part and hold.isascii() and hold.isdigit() and len(hold) <= 4:
            return LipAction(shape, int(hold))
    raise ValueError("not a lip action")


def draw(rng: random.Random) -> LipInstruction:
    """Draws an instruction, all equally likely. A server passes ``random.SystemRandom()``."""
    shapes = [rng.choice(list(LipShape))]
    while len(shapes) < ACTIONS:
        shapes.append(rng.choice([shape for shape in LipShape if shape != shapes[-1]]))
    return LipInstruction(tuple(LipAction(shape, rng.choice(HOLD_TIMES_MS)) for shape in shapes))


def plan(instruction: LipInstruction) -> CapturePlan:
    """A frame every 200 ms from the beginning of the lead-in to the end of the last action: 19 to 44 frames."""
    duration = instruction.duration_ms
    return CapturePlan(tuple(range(0, duration + 1, FRAME_EVERY_MS)), duration)
