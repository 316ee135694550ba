"""Between a stored verification, its frames and what inference works with; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landseal.inference.challenges.lip_instruction import LipAction, LipInstruction, LipShape
from landseal.inference.reading import FloatArray, FrameReading
from landseal.server.domain.records import Verification
from landseal.server.domain.signing import instruction_digest

Frames = list[tuple[bytes, int]]
"""Encoded images with their offsets in milliseconds, in order."""
_SHAPES = tuple(LipShape)
_NO_FACE = np.full((468, 3), np.nan, dtype=np.float32)


def numbered(instruction: LipInstruction) -> tuple[tuple[int, int], ...]:
    """Returns shape number (as in the proto) and hold time in milliseconds of each action."""
    return tuple((_SHAPES.index(action.shape) + 1, action.hold_ms) for action in instruction.actions)


def instruction_of(verification: Verification) -> LipInstruction:
    """Returns the instruction that was issued."""
    return LipInstruction(tuple(LipAction(_SHAPES[shape - 1], hold_ms) for shape, hold_ms in verification.actions))


def digest_of(verification: Verification) -> bytes:
    """Returns the digest of a verification's instruction, as it is signed with the capture."""
    return instruction_digest(
        verification.lead_in_ms, verification.frame_interval_ms, verification.frame_count, verification.actions
    )


def landmarks_of(readings: Sequence[FrameReading]) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Returns landmarks, float32 [N, 468, 3] (not-a-number where there are none), and which are there, bool [N]."""
    points = [_NO_FACE if reading.landmarks is None else reading.landmarks for reading in readings]
    valid = np.array([reading.landmarks is not None for reading in readings], dtype=np.bool_)
    return np.stack(points).astype(np.float32), valid


def frame_digests(frames: Frames) -> tuple[int, ...]:
    """Returns the first 8 bytes of each image's SHA-256 as signed 64-bit integers."""
    return tuple(int.from_bytes(hashlib.sha256(image).digest()[:8], "big", signed=True) for image, _ in frames)
