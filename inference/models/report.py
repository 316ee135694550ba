"""Reports as JSON, words and a DET picture, and the calibration that follows from a report."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from landseal.inference.models.calibration import Calibration, ThresholdPoint
from landseal.inference.models.evaluate import METHOD, EmbeddingReport
from landseal.inference.models.files import write_atomically
from landseal.inference.models.rates import Estimate, Operating

OPERATING_FMR = 1e-4
ONE_PERSON_FMR = 1e-3
FPIR = 1e-3


def fmr_key(fmr: float) -> str:
    """An FMR as it is written in reports: ``1e-4``."""
    mantissa, exponent = f"{fmr:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def as_json(report: EmbeddingReport) -> dict[str, Any]:
    """The report as plain numbers and words; rates are shares 0..1."""
    return {
        "accuracy": report.accuracy.value,
        "accuracy_interval": [report.accuracy.low, report.accuracy.high],
        "fnmr_at_fmr": {fmr_key(fmr): _operating(point) for fmr, point in report.operating.items()},
        "failures_to_detect": report.failures_to_detect,
        "unreadable": report.unreadable,
        "several_faces": report.several_faces,
        "images": report.images,
        "identities": report.identities,
        "pairs": report.pairs,
        "pairs_left_out": report.pairs_left_out,
        "genuine_pairs": len(report.genuine.distances),
        "impostor_pairs": report.impostor_pairs,
        "metric": report.metric.value,
        "mirror": report.mirror,
        "model_sha256": report.model_sha256,
        "method": METHOD,
    }


def _operating(point: Operating) -> dict[str, float]:
    return {
        "value": point.fnmr.value,
        "low": point.fnmr.low,
        "high": point.fnmr.high,
        "threshold": point.threshold.value,
        "threshold_low": point.threshold.low,
        "threshold_high": point.threshold.high,
        "fmr_low": point.fmr.low,
        "fmr_high": point.fmr.high,
    }


def write_json(report: EmbeddingReport, path: Path) -> None:
    """Writes the report beside its old self and renames."""
    write_atomically(path, (json.dumps(as_json(report), indent=1) + "\n").encode())


def words(report: EmbeddingReport) -> tuple[str, ...]:
    """The report in sentences for a terminal."""
    lines = [
        f"{report.images} images of {report.identities} people; {report.failures_to_detect} without a face, "
        f"{report.unreadable} unreadable, {report.several_faces} with several faces (the most central was taken)",
        f"{report.pairs} pairs ({report.pairs_left_out} left out), {report.impostor_pairs:,} cross-identity pairs",
        f"accuracy {_percent(report.accuracy)}",
    ]
    lines += [
        f"FNMR at FMR {fmr_key(fmr)}: {_percent(point.fnmr)}, threshold {point.threshold.value:.4f}"
        for fmr, point in report.operating.items()
    ]
    return tuple(lines)


def _percent(rate: Estimate) -> str:
    return f"{100 * rate.value:.2f} % (95 %: {100 * rate.low:.2f} to {100 * rate.high:.2f})"


def draw_det(report: EmbeddingReport, path: Path) -> None:
    """Draws the DET curve (FNMR over FMR, both logarithmic) with the operating points and their intervals as a PNG."""
    from matplotlib.figure import Figure  # slow to import, and only this function needs it

    figure = Figure(figsize=(7.2, 5.4), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    fmr, fnmr = np.array(report.det).T
    axes.loglog(fmr, np.maximum(fnmr, 1e-4), color="#1f4e79", linewidth=1.8)
    for rate, point in report.operating.items():
        middle = max(point.fnmr.value, 1e-4)
        bars = [[middle - max(point.fnmr.low, 1e-4)], [max(point.fnmr.high - middle, 0)]]
        axes.errorbar([rate], [middle], yerr=np.abs(bars), fmt="o", color="#b03a2e", capsize=4)
        text = f"{100 * point.fnmr.value:.1f} % at FMR {fmr_key(rate)}"
        axes.annotate(text, (rate, middle), textcoords="offset points", xytext=(-10, -15), ha="right", fontsize=9)
    axes.set_xlim(max(fmr.min(), 1e-6), 0.1)
    axes.set_ylim(1e-3, 1)
    axes.set_xlabel("false match rate (FMR)")
    axes.set_ylabel("false non-match rate (FNMR)")
    mirrored = "mirrored copy averaged in" if report.mirror else "one copy"
    axes.set_title(f"{report.metric.value}, {mirrored}; {report.identities} people, 95 % intervals", fontsize=10)
    axes.grid(visible=True, which="both", linewidth=0.4, alpha=0.5)
    figure.savefig(path, format="png")


def calibrated(report: EmbeddingReport, *, data: str, fmr: float = OPERATING_FMR, margin: float) -> Calibration:
    """The calibration that follows from a report.

    Args:
        report: what was measured.
        data: the name of the data, for receipts and people.
        fmr: the false match rate to work at.
        margin: how much nearer than anybody else in scope the claimed person must be, in units of the metric.

    Raises:
        KeyError: the report has too few impostor pairs for that rate.
    """
    point = report.operating[fmr]
    worst = max(point.fmr.high, 1e-12)
    return Calibration(
        model_sha256=report.model_sha256,
        metric=report.metric,
        data=data,
        method=METHOD,
        mirror=report.mirror,
        points={fmr_key(rate): _point(rate, found) for rate, found in report.operating.items()},
        operating=fmr_key(fmr),
        one_person=fmr_key(ONE_PERSON_FMR),
        margin=margin,
        fpir=FPIR,
        search_limit=max(1, math.floor(FPIR / fmr + 1e-9)),
        search_limit_low=max(1, math.floor(FPIR / worst)),
    )


def _point(fmr: float, found: Operating) -> ThresholdPoint:
    return ThresholdPoint(
        fmr=fmr,
        fmr_low=round(found.fmr.low, 8),
        fmr_high=round(found.fmr.high, 8),
        threshold=round(found.threshold.value - 5e-7, 6),  # rounded downwards: never a wider door than measured
        threshold_low=round(found.threshold.low, 6),
        threshold_high=round(found.threshold.high, 6),
        fnmr=round(found.fnmr.value, 6),
        fnmr_low=round(found.fnmr.low, 6),
        fnmr_high=round(found.fnmr.high, 6),
    )
