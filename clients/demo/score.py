"""What was expected and what came, scene by scene."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from landseal.clients.errors import LandsealError
from landseal.inference.reading import FaceReader
from landseal.server.domain.reasons import Reason
from landseal.server.usecases.verifications import SAMPLES


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
        """Whether it came as it should, with exactly the inference that is documented."""
        return self.got == self.expected and self._inferred_as_documented

    @property
    def _inferred_as_documented(self) -> bool:
        if self.inference is None:
            return True
        before, after = self.inference["before"], self.inference["after"]
        run = {model: after[model] - before.get(model, 0) for model in after}
        wanted = documented_inference(self.inference["sent"]["frames"], silent=run.get("liveness", 0) > 0)
        return {model: count for model, count in run.items() if count} == wanted

    def to_json(self) -> dict[str, Any]:
        """Returns the scene as it stands in the summary."""
        found: dict[str, Any] = {"name": self.name, "expected": self.expected, "got": self.got, "ms": self.ms}
        return found | ({"inference": self.inference} if self.inference else {})


def documented_inference(frames: int, *, silent: bool) -> dict[str, int]:
    """Returns what Triton runs for one verification of so many frames, as the README says; nothing for no frames."""
    if not frames:
        return {}
    counts = {"frames": frames, "select": 1, "embedding": 2 * SAMPLES}
    ensemble = "face_burst" if silent else "face_burst_active"
    return counts | {ensemble: 1} | ({"liveness": SAMPLES} if silent else {})


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
        self,
        name: str,
        expected: Reason,
        act: Callable[[], Reason],
        *,
        frames: Callable[[], int] | None = None,
        tries: int = 1,
    ) -> bool:
        """Plays a scene and notes what came; a reason raised as an error counts as what it is.

        With several ``tries`` a take that did not come as expected is told and taken again, as a person may; only the
        last one is noted.

        ``frames`` tells, afterwards, how many frames a verification sent; then Triton's counts are noted.
        """
        for left in reversed(range(tries)):
            scene = self._take(name, expected, act, frames)
            if scene.as_expected or not left:
                break
            self.console.print(f"  [yellow]·[/] {name:<34} {scene.got}  [dim]taken again[/]")
        self.scenes.append(scene)
        mark = "[green]✓[/]" if scene.as_expected else "[bold red]✗[/]"
        extra = "" if scene.as_expected else f"  [red](expected {expected.value})[/]"
        self.console.print(f"  {mark} {name:<34} {scene.got}{extra}  [dim]{scene.ms} ms[/]")
        return scene.as_expected

    def _take(self, name: str, expected: Reason, act: Callable[[], Reason], frames: Callable[[], int] | None) -> Scene:
        before = self.reader.inference_counts() if frames else {}
        begin = time.perf_counter()
        got = outcome(act)
        ms = round((time.perf_counter() - begin) * 1000)
        noted = None
        if frames:
            noted = {"before": before, "after": self.reader.inference_counts(), "sent": {"frames": frames()}}
        return Scene(name, expected.value, got, ms, noted)

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
