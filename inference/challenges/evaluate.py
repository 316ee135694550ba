"""How often lip challenges accept what they should and what they should not, with 95 % intervals.

A performer stands for a person (or for the puppet, which is an attack of its own). Every attack is made from the
performer's bursts, in the strongest form that needs no knowledge of the new instruction.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from landseal.inference.challenges.base import ChallengeVerdict
from landseal.inference.challenges.lip_instruction import HOLD_TIMES_MS, LipAction, LipInstruction, draw, plan
from landseal.inference.challenges.lip_shapes import judge
from landseal.inference.models.rates import Estimate, wilson

Points = NDArray[np.float32]
Read = Callable[[bytes], Points | None]
"""FaceMesh points, float32 [468, 3], of an encoded image with one usable face, else None."""

GENUINE = "genuine"
SPECIES = (
    GENUINE,
    "frozen",
    "frozen_moved",
    "shuffled",
    "reversed",
    "looped",
    "spliced",
    "other_instruction",
    "other_order",
    "other_hold_times",
)


class Performer(Protocol):
    """Somebody or something that follows lip actions on camera."""

    def perform(
        self,
        actions: Sequence[tuple[str, int]],
        frame_times_ms: Sequence[int],
        rng: random.Random,
        lead_in_ms: int = 600,
    ) -> list[bytes]:
        """Encoded frames at the given times."""


@dataclass(frozen=True)
class Burst:
    """Landmarks of a burst, float32 [N, 468, 3], NaN where no face was found."""

    points: Points = field(repr=False)

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which frames held a face, bool [N]."""
        return np.asarray(np.isfinite(self.points).all((1, 2)), np.bool_)

    def judged(self, instruction: LipInstruction) -> ChallengeVerdict:
        """The verdict at the planned times."""
        return judge(instruction, self.points, plan(instruction).frame_times_ms, self.valid)


@dataclass(frozen=True)
class Rate:
    """Acceptance of one species."""

    species: str
    trials: int
    accepted: int
    reasons: Mapping[str, int]
    """How often each reason refused."""

    @property
    def acceptance(self) -> Estimate:
        """Share accepted, with its 95 % interval."""
        return wilson(self.accepted, self.trials)

    def __str__(self) -> str:
        rate = self.acceptance
        reasons = ", ".join(f"{name} {count}" for name, count in sorted(self.reasons.items()))
        share = f"{self.accepted}/{self.trials} = {rate.value:.1%} [{rate.low:.1%}, {rate.high:.1%}]"
        return f"{self.species}: {share} {reasons}".rstrip()


def evaluate(
    performers: Mapping[str, Performer],
    read: Read,
    *,
    count: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Rate, ...]:
    """Judges ``count`` genuine sequences of every performer and as many of each attack.

    Args:
        performers: at least two by name, so that one can be spliced into another.
        read: the landmark reader.
        count: sequences per performer and species.
        seed: draws everything.
        progress: called with (done, total) after each instruction.
    """
    if len(performers) < 2:
        raise ValueError("two performers are needed")
    tally: dict[str, list[ChallengeVerdict]] = {species: [] for species in SPECIES}
    names = sorted(performers)
    for done, (index, name) in enumerate((i, n) for i in range(count) for n in names):
        rng = random.Random(f"{seed}/{index}/{name}")  # noqa: S311  # reproducible trials, nothing secret
        other = performers[names[(names.index(name) + 1) % len(names)]]
        for species, verdict in _trials(performers[name], other, read, rng):
            tally[species].append(verdict)
        progress(done + 1, count * len(names))
    return tuple(_rate(species, verdicts) for species, verdicts in tally.items())


def _rate(species: str, verdicts: Sequence[ChallengeVerdict]) -> Rate:
    reasons = Counter(verdict.reason.value for verdict in verdicts if verdict.reason is not None)
    return Rate(species, len(verdicts), sum(verdict.passed for verdict in verdicts), dict(reasons))


def _trials(
    performer: Performer, other: Performer, read: Read, rng: random.Random
) -> Iterator[tuple[str, ChallengeVerdict]]:
    instruction = draw(rng)
    images = _images(performer, instruction, instruction, rng)
    burst = _read(images, read)
    count = len(burst.points)
    yield GENUINE, burst.judged(instruction)
    yield "frozen", Burst(np.repeat(burst.points[:1], count, 0)).judged(instruction)
    yield "frozen_moved", _read(_moved(images[0], count, rng), read).judged(instruction)
    yield "shuffled", Burst(burst.points[rng.sample(range(count), count)]).judged(instruction)
    yield "reversed", Burst(burst.points[::-1]).judged(instruction)
    yield "looped", Burst(_noisy(burst.points[np.arange(count) % (count // 3)], rng)).judged(instruction)
    second = _read(_images(other, instruction, instruction, rng), read)
    yield (
        "spliced",
        Burst(np.concatenate([burst.points[: count // 2], second.points[count // 2 :]])).judged(instruction),
    )
    for species, performed in (
        ("other_instruction", _other_instruction(instruction, rng)),
        ("other_order", other_order(instruction, rng)),
        ("other_hold_times", other_hold_times(instruction, rng)),
    ):
        yield species, _read(_images(performer, performed, instruction, rng), read).judged(instruction)


def _images(performer: Performer, performed: LipInstruction, asked: LipInstruction, rng: random.Random) -> list[bytes]:
    """A performance of one instruction filmed for the plan of another: cut off, or its last shape held on."""
    actions = [(action.shape.value, action.hold_ms) for action in performed.actions]
    return performer.perform(actions, plan(asked).frame_times_ms, rng)


def _read(images: Sequence[bytes], read: Read) -> Burst:
    nothing = np.full((468, 3), np.nan, np.float32)
    found = [read(image) for image in images]
    return Burst(np.stack([nothing if points is None else points for points in found]))


def _moved(image: bytes, count: int, rng: random.Random) -> list[bytes]:
    """One picture shown many times: moved and tilted a little, brightened, with new noise, encoded anew."""
    picture = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    noise, frames = np.random.default_rng(rng.getrandbits(64)), []
    for _ in range(count):
        middle = (picture.shape[1] / 2, picture.shape[0] / 2)
        matrix = cv2.getRotationMatrix2D(middle, rng.uniform(-3, 3), rng.uniform(0.97, 1.03))
        matrix = matrix + np.array([[0, 0, rng.uniform(-8, 8)], [0, 0, rng.uniform(-8, 8)]])
        moved = cv2.warpAffine(picture, matrix, picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT_101)
        changed = moved * rng.uniform(0.85, 1.15) + noise.normal(0, 2, moved.shape)
        bright = np.clip(changed, 0, 255).astype(np.uint8)
        frames.append(cv2.imencode(".jpg", bright, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(70, 95)])[1].tobytes())
    return frames


def _noisy(points: Points, rng: random.Random) -> Points:
    """The same landmarks with the drift and noise that filming a replay would add."""
    noise = np.random.default_rng(rng.getrandbits(64))
    drift = np.cumsum(noise.normal(0, 0.8, (len(points), 1, 3)), 0)
    return np.asarray(points + drift + noise.normal(0, 0.4, points.shape), np.float32)


def _other_instruction(asked: LipInstruction, rng: random.Random) -> LipInstruction:
    while True:
        drawn = draw(rng)
        if [a.shape for a in drawn.actions] != [a.shape for a in asked.actions]:
            return drawn


def other_order(asked: LipInstruction, rng: random.Random) -> LipInstruction:
    """The same shapes with their hold times in another order, or, where there is none, another instruction."""
    for _ in range(200):
        actions = tuple(rng.sample(asked.actions, len(asked.actions)))
        fits = all(a.shape != b.shape for a, b in itertools.pairwise(actions))
        if fits and [a.shape for a in actions] != [a.shape for a in asked.actions]:
            return LipInstruction(actions)
    return _other_instruction(asked, rng)


def other_hold_times(asked: LipInstruction, rng: random.Random) -> LipInstruction:
    """The same shapes in the same order with hold times drawn anew, not all equal to those asked."""
    while True:
        drawn = LipInstruction(tuple(LipAction(a.shape, rng.choice(HOLD_TIMES_MS)) for a in asked.actions))
        if drawn != asked:
            return drawn


def free_speech(points: Points, fps: float, *, count: int, seed: int) -> Rate:
    """Judges a clip of free speech, float32 [N, 468, 3] at ``fps``, against ``count`` random instructions.

    A clip that is too short runs forwards and backwards, at other sampling points each time, from a random beginning.
    """
    rng = random.Random(f"{seed}")  # noqa: S311  # reproducible trials, nothing secret
    verdicts = []
    for _ in range(count):
        instruction = draw(rng)
        times = np.asarray(plan(instruction).frame_times_ms) / 1000 * fps + rng.uniform(0, len(points))
        passes = times // (len(points) - 1)
        place = np.where(passes % 2 == 0, times, -times + 2 * passes) % (len(points) - 1)
        verdicts.append(Burst(points[np.round(place).astype(int)]).judged(instruction))
    return _rate("free_speech", verdicts)
