"""The seam to a camera: what a capture is told to do, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from landseal.server.domain.receipts import CaptureSource

SHAPES = {1: "OPEN", 2: "ROUND", 3: "SPREAD", 4: "CLOSED"}
"""Names of the mouth shapes by their number in the proto."""


@dataclass(frozen=True)
class CaptureInstruction:
    """What to do and when to take frames; times are milliseconds since the start of the capture."""

    lead_in_ms: int
    frame_interval_ms: int
    frame_count: int
    actions: tuple[tuple[int, int], ...]
    """Shape number of the proto and hold time in milliseconds, in order."""
    text_zh: str = ""
    text_en: str = ""

    @property
    def frame_times_ms(self) -> tuple[int, ...]:
        """When the frames are due."""
        return tuple(i * self.frame_interval_ms for i in range(self.frame_count))

    def prompt_at(self, offset_ms: int) -> Prompt:
        """Returns what to show at a time of the capture."""
        begin = self.lead_in_ms
        if offset_ms < begin:
            return Prompt("RELAXED", 0, len(self.actions), offset_ms, max(1, begin))
        for index, (shape, hold) in enumerate(self.actions):
            if offset_ms < begin + hold or index == len(self.actions) - 1:
                return Prompt(SHAPES[shape], index + 1, len(self.actions), min(hold, offset_ms - begin), max(1, hold))
            begin += hold
        return Prompt("RELAXED", 0, 0, 0, 1)


@dataclass(frozen=True)
class Prompt:
    """What the person is to do now."""

    shape: str
    """RELAXED, OPEN, ROUND, SPREAD or CLOSED."""
    index: int
    """Counts the actions from 1; 0 before the first."""
    count: int
    elapsed_ms: int
    """How long this action has been held."""
    hold_ms: int


OnPrompt = Callable[[Prompt], None]
"""Shows a prompt; is called often, and must return at once."""


@dataclass(frozen=True)
class Frame:
    """One encoded image (JPEG, PNG or WebP) and when it was taken, in milliseconds since the start."""

    image: bytes = field(repr=False)
    offset_ms: int


@dataclass(frozen=True)
class Capture:
    """The frames of one take, in order, and where they come from as the device will state under its signature."""

    frames: tuple[Frame, ...] = field(repr=False)
    source: CaptureSource


class Camera(Protocol):
    """Takes the frames of one capture."""

    def capture(self, instruction: CaptureInstruction, on_prompt: OnPrompt) -> Capture:
        """Takes the frames, showing prompts as they are due.

        Raises:
            LandsealError: CAMERA_MISSING, CAPTURE_FAILED; never returns a partial capture.
        """
        ...
