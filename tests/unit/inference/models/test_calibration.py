"""Calibrations decide who somebody is, so only whole and fitting ones are read."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landseal.inference.models.calibration import (
    DEFAULT,
    DEFAULT_EUCLIDEAN,
    load_calibration,
    save_calibration,
)
from landseal.inference.models.embed_images import Embedded, Outcome
from landseal.inference.models.errors import CalibrationError
from landseal.inference.models.evaluate import EmbeddingReport, EvaluationError, Pair, measure, read_pairs
from landseal.inference.models.manifest import load_manifest
from landseal.inference.models.metric import Metric
from landseal.inference.models.report import as_json, calibrated, draw_det, fmr_key, write_json


@pytest.mark.parametrize("path", [DEFAULT, DEFAULT_EUCLIDEAN])
def test_the_shipped_calibrations_fit_the_shipped_model(path: Path) -> None:
    (model,) = load_manifest().chosen(frozenset({"face-embedding"}))
    calibration = load_calibration(path, model_sha256=model.sha256)
    assert calibration.operating == "1e-4"
    assert 0 < calibration.threshold < calibration.one_person_threshold
    assert calibration.search_limit == 10


def test_a_calibration_for_another_model_is_refused() -> None:
    with pytest.raises(CalibrationError, match="was measured for the model"):
        load_calibration(model_sha256="0" * 64)


def test_the_id_follows_the_numbers_and_not_the_layout(tmp_path: Path) -> None:
    calibration = load_calibration()
    save_calibration(calibration, tmp_path / "a.json")
    (tmp_path / "b.json").write_text(json.dumps(json.loads((tmp_path / "a.json").read_text())))
    assert load_calibration(tmp_path / "b.json").calibration_id == calibration.calibration_id
    assert dataclasses.replace(calibration, margin=0.5).calibration_id != calibration.calibration_id


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"metric": "manhattan"},
        {"operating": "1e-9"},
        {"margin": -1},
        {"search_limit": 0},
        {"model_sha256": ""},
        {"surprise": 1},
        {"points": {}},
    ],
)
def test_a_malformed_calibration_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    table = {**json.loads(DEFAULT.read_text()), **change}
    (tmp_path / "c.json").write_text(json.dumps(table))
    with pytest.raises(CalibrationError):
        load_calibration(tmp_path / "c.json")


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, "0.3", None])
def test_a_threshold_that_is_no_number_is_refused(tmp_path: Path, value: object) -> None:
    table = json.loads(DEFAULT.read_text())
    table["points"]["1e-4"]["threshold"] = value
    (tmp_path / "c.json").write_text(json.dumps(table))
    with pytest.raises(CalibrationError):
        load_calibration(tmp_path / "c.json")


def test_a_missing_calibration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError):
        load_calibration(tmp_path / "none.json")


@pytest.fixture(scope="module")
def report() -> EmbeddingReport:
    rng = np.random.default_rng(5)
    images, pairs = [], []
    for person in range(120):
        centre = rng.normal(size=8)
        for shot in range(2):
            embedding = (centre + 0.2 * rng.normal(size=8)).astype(np.float32)
            images.append(Embedded(f"p{person}/{shot}.jpg", Outcome.ONE_FACE, embedding))
        pairs += [Pair(f"p{person}/0.jpg", f"p{person}/1.jpg", True)]
        pairs += [Pair(f"p{person}/0.jpg", f"p{(person + 1) % 120}/1.jpg", False)]
    images[0] = Embedded("p0/0.jpg", Outcome.NO_FACE, None)
    return measure(images, pairs, model_sha256="a" * 64, metric=Metric.UNIT, mirror=True, replicates=50)


def test_failures_to_detect_are_counted_apart(report: EmbeddingReport) -> None:
    table = as_json(report)
    assert (table["failures_to_detect"], table["pairs_left_out"], table["pairs"]) == (1, 2, 238)
    assert set(table["fnmr_at_fmr"]["1e-3"]) >= {"value", "low", "high", "threshold"}
    assert table["accuracy"] > 0.9


def test_a_report_becomes_a_file_a_picture_and_a_calibration(report: EmbeddingReport, tmp_path: Path) -> None:
    write_json(report, tmp_path / "r.json")
    draw_det(report, tmp_path / "det.png")
    save_calibration(calibrated(report, data="synthetic", fmr=1e-3, margin=0.01), tmp_path / "c.json")
    assert json.loads((tmp_path / "r.json").read_text())["identities"] == 120
    assert (tmp_path / "det.png").read_bytes().startswith(b"\x89PNG")
    loaded = load_calibration(tmp_path / "c.json")
    assert loaded.threshold <= report.operating[1e-3].threshold.value
    assert loaded.search_limit_low <= loaded.search_limit == 1


def test_rates_are_written_as_people_write_them() -> None:
    assert [fmr_key(fmr) for fmr in (1e-2, 1e-4, 5e-5)] == ["1e-2", "1e-4", "5e-5"]


@pytest.mark.parametrize("text", ["x,y\n1,2", "a,b,same\nq,r,maybe", ""])
def test_a_malformed_list_of_pairs_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    if text:
        with pytest.raises(EvaluationError):
            read_pairs(tmp_path / "p.csv")
    else:
        assert read_pairs(tmp_path / "p.csv") == ()
