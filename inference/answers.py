"""Turns the tensors of one answer into a reading, after every one of them was looked at; a strange answer is no answer.

Under Triton 2.51 a Python model that runs with NumPy 2 answers with empty tensors and no error; a network can answer
NaN. Whatever is not exactly what was asked for raises, so that no later comparison can be won by rubbish.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from landseal.inference.reading import (
    BurstReading,
    FaceReaderBroken,
    FaceSample,
    FrameFault,
    FrameQuality,
    FrameReading,
)

Tensors = Mapping[str, NDArray[np.generic]]

_NOTHING = -1
_FAULTS = frozenset(fault.value for fault in FrameFault)


def burst_reading(tensors: Tensors, samples: int) -> BurstReading:
    """Builds the reading of a burst from tensors whose dtypes and shapes were checked already.

    ``LIVE`` is absent when silent liveness did not take part.

    Raises:
        FaceReaderBroken: a value is not finite or out of its range, or the tensors contradict each other.
    """
    _check_values(tensors)
    chosen = tensors["SELECTED"].tolist()
    _check_selected(chosen, tensors["USABLE"][:, 0].tolist(), samples)
    return BurstReading(
        frames=_frames(tensors),
        samples=tuple(_sample(tensors, slot, index) for slot, index in enumerate(chosen) if index != _NOTHING),
        silent="LIVE" in tensors,
    )


def _check_values(tensors: Tensors) -> None:
    for name, values in tensors.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise FaceReaderBroken(f"{name} holds values that are not finite")
    for name in ("SCORE", "LIVE"):
        if name in tensors and not _within_unit(tensors[name]):
            raise FaceReaderBroken(f"{name} is no probability")
    if not _FAULTS.issuperset(tensors["FAULT"].ravel().tolist()):
        raise FaceReaderBroken("FAULT holds an unknown number")
    one_good_face = (tensors["FAULT"] == FrameFault.NONE) & (tensors["FACE_COUNT"] == 1)
    if (tensors["USABLE"] & ~one_good_face).any():
        raise FaceReaderBroken("a frame without exactly one face is called usable")


def _within_unit(values: NDArray[np.generic]) -> bool:
    numbers = np.asarray(values, np.float32)
    return bool(((numbers >= 0) & (numbers <= 1)).all())


def _check_selected(chosen: list[int], usable: list[bool], samples: int) -> None:
    """Each slot names a usable frame of its own segment, or is empty when none there could be cut."""
    for slot, index in enumerate(chosen):
        start, end = (edge * len(usable) // samples for edge in (slot, slot + 1))
        if index != _NOTHING and not (start <= index < end and usable[index]):
            raise FaceReaderBroken("SELECTED does not follow from USABLE")


def _frames(tensors: Tensors) -> tuple[FrameReading, ...]:
    """One reading per row. Columns become lists first: reading arrays number by number takes four times as long."""
    fault, count, usable, score, phash = (
        tensors[name][:, 0].tolist() for name in ("FAULT", "FACE_COUNT", "USABLE", "SCORE", "HASH")
    )
    box, size, quality = (tensors[name].tolist() for name in ("BOX", "SIZE", "QUALITY"))
    landmarks = np.array(tensors["LANDMARKS"], np.float32)
    return tuple(
        FrameReading(
            fault=FrameFault(fault[row]),
            width=size[row][0],
            height=size[row][1],
            face_count=count[row],
            score=score[row],
            box=tuple(box[row]),
            quality=FrameQuality(*quality[row]) if usable[row] else None,
            landmarks=landmarks[row] if usable[row] else None,
            perceptual_hash=phash[row],
        )
        for row in range(len(fault))
    )


def _sample(tensors: Tensors, slot: int, index: int) -> FaceSample:
    embeddings = tensors["EMBEDDINGS"]
    pair = np.asarray(embeddings[[slot, slot + len(embeddings) // 2]], np.float32)
    if not pair.any(axis=1).all():
        raise FaceReaderBroken("an embedding is all zeros")
    live = float(tensors["LIVE"][slot, 0]) if "LIVE" in tensors else None
    return FaceSample(index=index, embedding=np.asarray(pair.mean(axis=0), np.float32), live=live)
