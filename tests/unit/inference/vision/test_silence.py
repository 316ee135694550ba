"""Nothing that reads faces talks to anybody else, or leaves an id of the machine in files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.tree import imports, modules

_PROGRAM = """
import psutil
import landseal.inference.vision.embedder, landseal.inference.vision.silent
import onnxruntime
assert onnxruntime.SessionOptions()
assert psutil.Process().net_connections() == []
"""


def test_onnx_runtime_sends_nothing_and_keeps_no_id(tmp_path: Path) -> None:
    """Its telemetry is on unless it is told otherwise before it is loaded; its session file is the sign of it."""
    silenced = ("ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "CI", "TF_BUILD", "GITHUB_ACTIONS")
    kept = {name: value for name, value in os.environ.items() if name not in silenced}
    places = {name: str(tmp_path) for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=kept | places, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_onnx_runtime_is_loaded_in_one_place_only() -> None:
    """Elsewhere it could be loaded before it is silenced."""
    found = {
        each.path
        for each in modules("server", "inference", "clients", "model_repository")
        for _, name in imports(each)
        if name.partition(".")[0] == "onnxruntime"
    }
    assert found == {"inference/vision/sessions.py"}
