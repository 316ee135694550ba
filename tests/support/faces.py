"""Two well-known faces that come with libraries, and images made from them; where provisioned weights lie."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]


def weights() -> Path:
    """Folder with provisioned weights; skips the test where there is none."""
    root = Path("/var/lib/landseal") if os.geteuid() == 0 else Path.home() / ".local" / "share" / "landseal"
    folder = Path(os.environ.get("LANDSEAL_HOME", root)) / "models"
    if not (folder / "dlib_embedding.onnx").is_file():
        pytest.skip("weights are not provisioned (landseal models provision)")
    return folder


def silent_weights() -> Path:
    """The same, where the silent networks are there too."""
    folder = weights()
    if not (folder / "minifasnet_v2.onnx").is_file():
        pytest.skip("the silent networks are not provisioned")
    return folder


@cache
def astronaut() -> Rgb:
    """Eileen Collins, 512x512, public domain, from scikit-image; face about 94 pixels wide near (225, 128)."""
    return np.asarray(skimage.data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]  # has no types


@cache
def hopper() -> Rgb:
    """Grace Hopper, 512x600, public domain, from matplotlib; face about 200 pixels wide."""
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    return np.asarray(cv2.imread(str(path))[:, :, ::-1], np.uint8)


def jpeg(rgb: Rgb, quality: int = 92) -> bytes:
    """The image as JPEG."""
    return encode(rgb, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])


def encode(rgb: Rgb, kind: str, options: list[int] | None = None) -> bytes:
    """The image as ``.jpg``, ``.png`` or ``.webp``."""
    done, data = cv2.imencode(kind, rgb[:, :, ::-1], options or [])
    assert done
    return data.tobytes()


def moved(rgb: Rgb, *, degrees: float = 0.0, scale: float = 1.0, shift: tuple[float, float] = (0, 0)) -> Rgb:
    """The image turned and scaled about its centre and shifted, edges mirrored."""
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    matrix[:, 2] = matrix[:, 2] + np.array(shift)
    return np.asarray(cv2.warpAffine(rgb, matrix, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def lit(rgb: Rgb, factor: float) -> Rgb:
    """The image brighter or darker."""
    return np.clip(rgb.astype(np.float32) * factor, 0, 255).astype(np.uint8)
