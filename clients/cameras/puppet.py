"""A portrait that moves its lips on command: **an attack tool**, kept for the demo and for tests.

One photograph and its face mesh are enough to answer a lip instruction: this module does what an attacker with a stolen
portrait would do. The product marks every receipt and contract made from such frames and refuses them outside
``policy=demo``; how often the checks fail to notice is measured by :mod:`landseal.inference.challenges.evaluate`.

A head drift of a few pixels, blinks, a little turning, flicker and noise are added, so that no two frames are alike.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from landseal.clients.cameras.facewarp import FaceWarp, Grid, MouthShape

Image = NDArray[np.uint8]

_MARGIN = 48
"""Pixels kept around the canvas, so that a drifting head never shows an edge."""
_INSIDE = (112, 60, 57)
"""Colour between the lips, RGB; darker ones look false to the silent networks (measured on two portraits)."""
_GRAIN = 97
"""How many rows and columns the noise of a performance is larger than a frame."""
_TRANSITION_MS = 150.0
"""Time from one shape to the next; lips take 100 to 200 ms for it."""

MOUTH_SHAPES: Mapping[str, MouthShape] = {
    "RELAXED": MouthShape(1.0, 0.0, 0.5),
    "OPEN": MouthShape(0.94, 0.46, 0.25),
    "ROUND": MouthShape(0.62, 0.09, 0.1),
    "SPREAD": MouthShape(1.27, 0.015, 0.5),
    "CLOSED": MouthShape(1.0, 0.0, 0.1),
}
"""Targets of the warp. Chosen so that FaceMesh, which tends towards the average face, measures clear shapes."""


@dataclass(frozen=True)
class Pose:
    """How the head stands: shift in pixels, roll in radians, scale, turn (about -0.1..0.1), lids shut 0..1."""

    dx: float = 0.0
    dy: float = 0.0
    roll: float = 0.0
    scale: float = 1.0
    turn: float = 0.0
    blink: float = 0.0


@dataclass(frozen=True)
class Rendering:
    """How frames look: canvas and face in pixels, JPEG quality, noise (grey levels, sigma), blur (pixels, sigma)."""

    width: int = 640
    height: int = 480
    face_px: float = 220.0
    jpeg_quality: int = 92
    noise: float = 1.5
    blur: float = 1.4


class Puppet:
    """Animates one portrait. An attack tool for demo and tests; see the module's text."""

    def __init__(self, portrait_rgb: Image, landmarks: Grid, rendering: Rendering | None = None) -> None:
        """Takes a portrait, uint8 RGB [H, W, 3], and its FaceMesh points, float32 [468, 3] in its pixels."""
        if portrait_rgb.ndim != 3 or landmarks.shape != (468, 3) or not np.isfinite(landmarks).all():
            raise ValueError("a portrait [H, W, 3] and finite landmarks [468, 3] are needed")
        self._look = rendering or Rendering()
        self._base, points = _place(portrait_rgb, landmarks, self._look)
        self._face = FaceWarp(points)

    def render(self, weights: Mapping[str, float], pose: Pose | None = None) -> Image:
        """One frame, uint8 RGB [height, width, 3], without noise.

        ``weights`` mixes shapes of :data:`MOUTH_SHAPES` by name; what is missing to 1 is relaxed.
        """
        pose = pose or Pose()
        matrix = self._canvas(pose)
        size, how = (self._look.width, self._look.height), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        frame = cv2.warpAffine(self._base, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        rows, columns = self._face_window(pose)
        y, x = np.mgrid[rows, columns].astype(np.float32)
        (a, b, e), (c, d, f) = matrix.tolist()
        u, v = self._face.to_face(a * x + b * y + e, c * x + d * y + f)
        u, v, inside = self._face.unwarp(u, v, _mix(weights), pose.blink, pose.turn)
        face = cv2.remap(self._base, *self._face.to_pixels(u, v), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        frame[rows, columns] = _paint_mouth(np.asarray(face, np.uint8), inside, self._face.unit)
        return np.asarray(frame, np.uint8)

    def perform(
        self,
        actions: Sequence[tuple[str, int]],
        frame_times_ms: Sequence[int],
        rng: random.Random,
        lead_in_ms: int = 600,
    ) -> list[bytes]:
        """JPEG frames at the given times: a lead-in, then the actions (shape name, hold time in ms)."""
        motion = Performance.draw(actions, lead_in_ms, frame_times_ms, rng)
        grain = self._grain(np.random.default_rng(rng.getrandbits(64)))
        return [self._shoot(motion.weights(t), motion.pose(t), grain, rng) for t in frame_times_ms]

    def _grain(self, random: np.random.Generator) -> NDArray[np.int16]:
        """Sensor noise for a whole performance, int16, larger than a frame: every frame takes another part of it."""
        size = (self._look.height + _GRAIN, self._look.width + _GRAIN, 3)
        return np.asarray(np.rint(random.standard_normal(size, np.float32) * self._look.noise), np.int16)

    def _shoot(self, weights: Mapping[str, float], pose: Pose, grain: NDArray[np.int16], rng: random.Random) -> bytes:
        frame = self.render(weights, pose)
        if self._look.blur > 0:
            frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), self._look.blur), np.uint8)
        frame = np.asarray(cv2.convertScaleAbs(frame, alpha=1.0 + rng.gauss(0.0, 0.004)), np.uint8)
        top, left = rng.randrange(_GRAIN), rng.randrange(_GRAIN)
        noise = grain[top : top + frame.shape[0], left : left + frame.shape[1]]
        bgr = cv2.cvtColor(cv2.add(frame, noise, dtype=cv2.CV_8U), cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, self._look.jpeg_quality])
        if not done:
            raise ValueError("the frame could not be encoded")
        return data.tobytes()

    def _canvas(self, pose: Pose) -> NDArray[np.float64]:
        """From pixels of the frame to the placed portrait, [2, 3]: the drift of the head undone about the mouth."""
        c, s = math.cos(pose.roll) / pose.scale, math.sin(pose.roll) / pose.scale
        turn = np.array([[c, s], [-s, c]])
        shift = np.array([_MARGIN - pose.dx, _MARGIN - pose.dy])
        return np.column_stack([turn, turn @ (shift - self._face.origin) + self._face.origin])

    def _face_window(self, pose: Pose) -> tuple[slice, slice]:
        """Rows and columns of the frame outside which the warp changes nothing to be seen."""
        x, y = self._face.origin - _MARGIN + (pose.dx, pose.dy)
        reach = self._face.unit * pose.scale
        top, bottom = max(0, int(y - 2.0 * reach)), min(self._look.height, int(y + 1.8 * reach))
        return slice(top, bottom), slice(max(0, int(x - 1.7 * reach)), min(self._look.width, int(x + 1.7 * reach)))


@dataclass(frozen=True)
class Performance:
    """How one performance goes: schedule, delay behind the instruction, strength, and the head's wandering."""

    schedule: tuple[tuple[float, str, float], ...]
    """Per action: when it begins (ms), its shape, its strength (1 = the full shape)."""
    waves: tuple[tuple[float, float, float], ...]
    """Per part of the pose (dx, dy, roll, scale, turn): amplitude, period in ms, phase."""
    blinks: tuple[float, ...]
    """When the lids are shut (ms)."""

    @classmethod
    def draw(
        cls, actions: Sequence[tuple[str, int]], lead_in_ms: int, frame_times_ms: Sequence[int], rng: random.Random
    ) -> Performance:
        """Draws a performance; a person reacts 40 to 180 ms after a change that was announced by a countdown."""
        begin, schedule = lead_in_ms + rng.uniform(40, 180), []
        for shape, hold in actions:
            schedule.append((begin + rng.uniform(-30, 30), shape, rng.uniform(0.88, 1.1)))
            begin += hold
        waves = tuple(
            (size * rng.uniform(0.6, 1.4), rng.uniform(2100, 5200), rng.uniform(0, 2 * math.pi))
            for size in (3.0, 2.5, 0.012, 0.008, 0.03)
        )
        end = max(frame_times_ms, default=0)
        blinks = tuple(t + rng.uniform(-900, 900) for t in range(1500, max(1501, end), 3200))
        return cls(tuple(schedule), waves, blinks)

    def weights(self, t: float) -> dict[str, float]:
        """The shapes at a time, in shares: each new one fades in over the transition while all before fade out."""
        mixed: dict[str, float] = {}
        for begin, shape, strength in self.schedule:
            share = min(1.0, max(0.0, (t - begin) / _TRANSITION_MS))
            share = share * share * (3 - 2 * share)
            mixed = {name: weight * (1 - share) for name, weight in mixed.items()}
            mixed[shape] = mixed.get(shape, 0.0) + share * strength
        return {name: weight for name, weight in mixed.items() if weight > 0}

    def pose(self, t: float) -> Pose:
        """The head at a time."""
        dx, dy, roll, grow, turn = (a * math.sin(2 * math.pi * t / period + phase) for a, period, phase in self.waves)
        blink = max((max(0.0, 1.0 - abs(t - b) / 130.0) for b in self.blinks), default=0.0)
        return Pose(dx, dy, roll, 1.0 + grow, turn, blink)


def _place(portrait: Image, landmarks: Grid, look: Rendering) -> tuple[Image, Grid]:
    """Scales and shifts the portrait so that the face has the wanted width in the middle of canvas plus margin."""
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    if not float(high[0] - low[0]) > 1.0:
        raise ValueError("the landmarks hold no face")
    scale = look.face_px / float(high[0] - low[0])
    size = np.array([look.width, look.height], np.float32) + 2 * _MARGIN
    shift = size / 2 - (low + high) / 2 * scale
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
    how = cv2.INTER_AREA if scale < 0.7 else cv2.INTER_CUBIC
    base = cv2.warpAffine(portrait, matrix, (int(size[0]), int(size[1])), flags=how, borderMode=cv2.BORDER_REFLECT_101)
    points = landmarks * scale
    points[:, :2] += shift
    return np.asarray(base, np.uint8), points.astype(np.float32)


def _mix(weights: Mapping[str, float]) -> MouthShape:
    rest = 1.0 - sum(weights.values())
    parts = [(MOUTH_SHAPES[name], share) for name, share in weights.items()] + [(MOUTH_SHAPES["RELAXED"], rest)]
    width, gap, smile = (sum(getattr(s, name) * w for s, w in parts) for name in ("width", "gap", "smile"))
    return MouthShape(width, max(0.0, gap), max(0.0, smile))


def _paint_mouth(frame: Image, inside: Grid, unit: float) -> Image:
    """Darkens the gap between the lips (1 per pixel inside), softly at its edge, deeper towards its middle."""
    x, y, width, height = cv2.boundingRect(inside.astype(np.uint8))
    if width == 0:
        return frame
    pad = int(0.3 * unit)  # where the softened edge has faded out
    rows, columns = slice(max(0, y - pad), y + height + pad), slice(max(0, x - pad), x + width + pad)
    mouth, gap = frame[rows, columns], inside[rows, columns]
    soft = cv2.GaussianBlur(gap, (0, 0), max(0.8, 0.014 * unit))[..., None]
    deep = cv2.GaussianBlur(gap, (0, 0), max(1.0, 0.08 * unit))[..., None]
    flesh = np.array(_INSIDE, np.float32) * (1.05 - 0.3 * deep)
    frame[rows, columns] = np.clip(mouth * (1 - soft) + flesh * soft, 0, 255).astype(np.uint8)
    return frame
