"""What was expected and what came, scene by scene."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from landseal.clients.errors import LandsealError
from landseal.clients.verification import Verdict
from landseal.inference.reading import FaceReader
from landseal.server.domain.reasons import Reason


@dataclass(frozen=True)
class Scene:
    """One scene: reason names of the catalogue, PASSED for success."""

    name: str
    expected: str
    got: str
    ms: int
    inference: dict[str, dict[str, int]] | None = None
    """Triton's counts before and after, and how many frames were sent; only for scenes with a verification."""

    @property
    def as_expected(self) -> bool:
        """Whether it came as it should."""
        return self.got == self.expected

    def to_json(self) -> dict[str, Any]:
        """Returns the scene as it stands in the summary."""
        found: dict[str, Any] = {"name": self.name, "expected": self.expected, "got": self.got, "ms": self.ms}
        return found | ({"inference": self.inference} if self.inference else {})


@dataclass
class Score:
    """Collects scenes and tells them."""

    console: Console
    reader: FaceReader
    scenes: list[Scene] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Tells a line of the story."""
        self.console.print(text)

    def play(
        self, name: str, expected: Reason, act: Callable[[], Reason], *, frames: Callable[[], int] | None = None
    ) -> bool:
        """Plays a scene and notes what came; a reason raised as an error counts as what it is.

        ``frames`` tells, afterwards, how many frames a verification sent; then Triton's counts are noted.
        """
        before = self.reader.inference_counts() if frames else {}
        begin = time.perf_counter()
        got = outcome(act)
        ms = round((time.perf_counter() - begin) * 1000)
        noted = None
        if frames:
            noted = {"before": before, "after": self.reader.inference_counts(), "sent": {"frames": frames()}}
        scene = Scene(name, expected.value, got, ms, noted)
        self.scenes.append(scene)
        mark = "[green]✓[/]" if scene.as_expected else "[bold red]✗[/]"
        extra = "" if scene.as_expected else f"  [red](expected {expected.value})[/]"
        self.console.print(f"  {mark} {name:<34} {got}{extra}  [dim]{ms} ms[/]")
        return scene.as_expected

    @property
    def complete(self) -> bool:
        """Whether every scene came as it should."""
        return bool(self.scenes) and all(scene.as_expected for scene in self.scenes)


def outcome(act: Callable[[], Reason]) -> str:
    """Returns the name of the reason that an act ends with."""
    try:
        return act().value
    except LandsealError as error:
        return str(error.reason.value)


def verdict_of(attempt: Callable[[], Verdict]) -> Callable[[], Reason]:
    """Returns an act that makes a verification attempt and tells its reason."""

    def act() -> Reason:
        return Reason(attempt().reason.value)

    return act
