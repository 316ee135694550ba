"""The picture of a run: CPU per verification by part, and the waterfall of one verification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_COLOURS = ("#1b4965", "#5fa8d3", "#bee9e8", "#cae9ff")


def draw(report: Mapping[str, Any], path: Path) -> None:
    """Writes a PNG (or whatever the suffix says) of what the report holds."""
    figure = Figure(figsize=(10, 8), layout="constrained")  # not pyplot, which looks for a screen
    axes = figure.subplots(2, 1, height_ratios=(1, 2))
    if "P1" in report["results"]:
        _parts(axes[0], report["results"]["P1"])
    _waterfall(axes[1], report.get("waterfall", []))
    figure.suptitle(f"Landseal on {report['machine']['processor']}, {report['machine']['cores']} cores")
    figure.savefig(path, dpi=120)


def _parts(axes: Axes, result: Mapping[str, Any]) -> None:
    left = 0.0
    for number, (part, seconds) in enumerate(result["server_cpu_s_by_part"].items()):
        if seconds >= 0.001:
            axes.barh("server side", seconds * 1e3, left=left, label=part, color=colormaps["tab10"](number % 10))
            left += seconds * 1e3
    axes.barh("bare networks", result["bare_cpu_s_per_verification"] * 1e3, color="#888888")
    axes.set_xlabel("CPU per verification, ms")
    axes.set_title(f"P1 = {result['ratio']:.2f} ({result['low']:.2f} to {result['high']:.2f}); goal {result['goal']}")
    axes.legend(fontsize="small", ncols=3)


def _waterfall(axes: Axes, steps: Sequence[Mapping[str, Any]]) -> None:
    for row, step in enumerate(steps):
        colour = _COLOURS[min(int(step["depth"]), len(_COLOURS) - 1)]
        axes.barh(row, step["wall_ms"], left=step["begin_ms"], color=colour)
    axes.set_yticks(range(len(steps)), ["    " * int(step["depth"]) + str(step["step"]) for step in steps])
    for label in axes.get_yticklabels():
        label.set_horizontalalignment("right")
    axes.invert_yaxis()
    axes.set_xlabel("ms after the first call; a step that is repeated is drawn as one")
    axes.set_title("One verification, alone on the machine")
