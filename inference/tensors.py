"""Names, dtypes and shapes of every tensor that crosses Triton: the single Python mirror of the ``config.pbtxt`` files.

A test parses the files and finds no difference. Dimensions are as in the files: without the batch dimension where a
model batches, -1 where a length varies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_FRAMES: Final = 64
"""Images in one burst."""
MAX_SAMPLES: Final = 16
"""Frames of one burst that can be sampled; chip and mirror of each go through ``embedding`` as one batch."""
EMBEDDING_SIZE: Final = 128
LANDMARK_COUNT: Final = 468
QUALITY_FIELDS: Final = ("sharpness", "brightness", "face_px", "yaw", "pitch", "roll")
"""Order of the QUALITY tensor; the fields of :class:`landseal.inference.reading.FrameQuality`."""


@dataclass(frozen=True)
class Tensor:
    """One input or output: Triton's dtype name (``FP32``, ``UINT8``, ``BYTES`` ...) and dimensions."""

    dtype: str
    dims: tuple[int, ...]


@dataclass(frozen=True)
class Model:
    """One model's contract; ``max_batch`` 0 means that the model knows no batch dimension."""

    max_batch: int
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


_FRAME: Final = {
    "FAULT": Tensor("INT32", (1,)),
    "FACE_COUNT": Tensor("INT32", (1,)),
    "USABLE": Tensor("BOOL", (1,)),
    "SCORE": Tensor("FP32", (1,)),
    "BOX": Tensor("FP32", (4,)),
    "SIZE": Tensor("INT32", (2,)),
    "QUALITY": Tensor("FP32", (len(QUALITY_FIELDS),)),
    "HASH": Tensor("UINT64", (1,)),
    "LANDMARKS": Tensor("FP32", (LANDMARK_COUNT, 3)),
}
_CHIP: Final = Tensor("UINT8", (150, 150, 3))
_CROPS: Final = Tensor("UINT8", (2, 80, 80, 3))
_EMBEDDING: Final = Tensor("FP32", (EMBEDDING_SIZE,))
_LIVE: Final = Tensor("FP32", (1,))
_ASK: Final = {"SAMPLES": Tensor("INT32", (1,)), "SEED": Tensor("INT64", (1,))}


def _many(tensor: Tensor) -> Tensor:
    """The same tensor as a model without a batch dimension sees it."""
    return Tensor(tensor.dtype, (-1, *tensor.dims))


_BURST_IN: Final = {"IMAGES": Tensor("BYTES", (-1, 1)), **_ASK}
_BURST_OUT: Final = {
    **{name: _many(tensor) for name, tensor in _FRAME.items()},
    "SELECTED": Tensor("INT32", (-1,)),
    "EMBEDDINGS": _many(_EMBEDDING),
}

FACE_BURST: Final = "face_burst"
FACE_BURST_ACTIVE: Final = "face_burst_active"

MODELS: Final[dict[str, Model]] = {
    "frames": Model(MAX_FRAMES, {"IMAGE": Tensor("BYTES", (1,))}, _FRAME),
    "select": Model(
        0,
        {"IMAGES": Tensor("BYTES", (-1, 1)), "USABLE": _many(_FRAME["USABLE"]), "BOX": _many(_FRAME["BOX"]), **_ASK},
        {"SELECTED": Tensor("INT32", (-1,)), "CHIPS": _many(_CHIP), "CROPS": _many(_CROPS)},
    ),
    "embedding": Model(2 * MAX_SAMPLES, {"CHIP": _CHIP}, {"EMBEDDING": _EMBEDDING}),
    "liveness": Model(MAX_SAMPLES, {"CROPS": _CROPS}, {"LIVE": _LIVE}),
    FACE_BURST: Model(0, _BURST_IN, {**_BURST_OUT, "LIVE": _many(_LIVE)}),
    FACE_BURST_ACTIVE: Model(0, _BURST_IN, _BURST_OUT),
}
