"""What was measured about one model, in the form the server decides with."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from landseal.inference.models.errors import CalibrationError
from landseal.inference.models.metric import Metric

FORMAT = 1
FOLDER = Path(__file__).with_name("calibrations")
DEFAULT = FOLDER / "dlib-lfw-dev.json"
"""The default model, compared by :attr:`Metric.UNIT`."""
DEFAULT_EUCLIDEAN = FOLDER / "dlib-lfw-dev-euclidean.json"
"""The default model, compared by the plain distance."""


@dataclass(frozen=True)
class ThresholdPoint:
    """What one threshold is worth: rates 0..1 and distances, each with a 95 % interval."""

    fmr: float
    fmr_low: float
    fmr_high: float
    threshold: float
    threshold_low: float
    threshold_high: float
    fnmr: float
    fnmr_low: float
    fnmr_high: float


@dataclass(frozen=True)
class Calibration:
    """Thresholds of one model on one named set of data. A comparison matches when its distance is at most the
    threshold.
    """

    model_sha256: str
    """Of the ONNX file that ran."""
    metric: Metric
    data: str
    method: str
    mirror: bool
    points: Mapping[str, ThresholdPoint]
    """By the wanted FMR as it is written, for example ``1e-4``."""
    operating: str
    """The key in ``points`` that decides."""
    one_person: str
    """The key in ``points`` whose threshold two frames of one burst must keep."""
    margin: float
    """How much nearer than anybody else in scope the claimed person must be."""
    fpir: float
    """Wanted share of searches that find a stranger."""
    search_limit: int
    """Largest number of people that may be searched: floor(fpir / FMR at the threshold)."""
    search_limit_low: int
    """The same with the upper end of the FMR's interval: what can be promised with 95 % confidence."""

    @property
    def threshold(self) -> float:
        """Largest distance that counts as the same person."""
        return self.points[self.operating].threshold

    @property
    def one_person_threshold(self) -> float:
        """Largest distance between two frames of one burst."""
        return self.points[self.one_person].threshold

    @property
    def calibration_id(self) -> str:
        """The first 16 hex digits of the SHA-256 of the canonical JSON; goes into every receipt."""
        return hashlib.sha256(self.canonical()).hexdigest()[:16]

    def canonical(self) -> bytes:
        """JSON with sorted keys and no spaces, UTF-8: equal calibrations have equal bytes."""
        table = {"format": FORMAT, **asdict(self)}
        return json.dumps(table, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def load_calibration(path: Path | None = None, *, model_sha256: str | None = None) -> Calibration:
    """Reads a calibration, the default one when no path is given.

    Args:
        path: the JSON file.
        model_sha256: hash of the model that will run; the calibration must have been measured for it.

    Raises:
        CalibrationError: unreadable, malformed, not plausible, or measured for another model.
    """
    path = DEFAULT if path is None else path
    try:
        calibration = _parsed(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CalibrationError(f"{path.name} is not a calibration: {error}") from error
    if model_sha256 is not None and calibration.model_sha256 != model_sha256:
        raise CalibrationError(
            f"{path.name} was measured for the model {calibration.model_sha256[:16]}, not for {model_sha256[:16]}"
        )
    return calibration


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Writes the calibration so that people can read it; its id does not depend on the layout."""
    path.write_text(json.dumps(json.loads(calibration.canonical()), sort_keys=True, indent=1) + "\n", "utf-8")


def _parsed(table: Mapping[str, Any]) -> Calibration:
    fields = dict(table)
    if fields.pop("format") != FORMAT:
        raise ValueError("unknown format")
    fields["metric"] = Metric(fields["metric"])
    fields["points"] = {str(key): ThresholdPoint(**point) for key, point in fields["points"].items()}
    calibration = Calibration(**fields)
    _check(calibration)
    return calibration


def _check(calibration: Calibration) -> None:
    """A threshold that is not a number, or negative, must never decide anything."""
    for point in calibration.points.values():
        values = asdict(point).values()
        if not all(isinstance(value, int | float) and math.isfinite(value) and value >= 0 for value in values):
            raise ValueError("a rate or threshold is not a finite number of at least zero")
    if not {calibration.operating, calibration.one_person} <= calibration.points.keys():
        raise ValueError("the operating point was not measured")
    if not math.isfinite(calibration.margin) or calibration.margin < 0 or calibration.search_limit < 1:
        raise ValueError("the margin or the search limit is out of range")
    if not isinstance(calibration.model_sha256, str) or len(calibration.model_sha256) != 64:
        raise ValueError("the model's hash is missing")
