"""Commands about models, mounted by the operator's command line as ``landseal models``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from landseal.inference.models import provision as provisioning
from landseal.inference.models.calibration import save_calibration
from landseal.inference.models.errors import ModelError
from landseal.inference.models.evaluate import evaluate_embedding
from landseal.inference.models.manifest import load_manifest
from landseal.inference.models.metric import Metric
from landseal.inference.models.provision import FileState, ProvisionReport
from landseal.inference.models.report import calibrated, draw_det, words, write_json
from landseal.inference.models.sources import Progress as Told

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_STYLE = {FileState.PRESENT: "green", FileState.PROVISIONED: "green", FileState.MISSING: "red"}


def default_models_dir() -> Path:
    """Where weights live: below LANDSEAL_HOME, for root below /var/lib, else in the user's data folder."""
    if home := os.environ.get("LANDSEAL_HOME"):
        return Path(home) / "models"
    if os.geteuid() == 0:
        return Path("/var/lib/landseal/models")
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local/share") / "landseal/models"


@click.group()
def models() -> None:
    """Weights and what they were measured to do."""


@models.command("provision")
@click.option("--folder", type=_FOLDER, default=None, help="Where the files go; below LANDSEAL_HOME when not given.")
@click.option("--role", "roles", multiple=True, help="Only files of this role; may be given several times.")
def provision_command(folder: Path | None, roles: tuple[str, ...]) -> None:
    """Bring every weight file into place, verified; what is there already stays."""
    with _plain_errors():
        report = provision_shown(folder or default_models_dir(), roles)
    if not report.complete:
        raise SystemExit(1)


def provision_shown(folder: Path, roles: tuple[str, ...] = ()) -> ProvisionReport:
    """Provisions with progress bars as the environment says, and shows what came of it; raises ModelError."""
    own, caches = provisioning.settings_from(os.environ, os.pathsep)
    with _bars() as told:
        report = provisioning.provision(
            folder, cache_dirs=caches, roles=roles or None, progress=told, manifest=load_manifest(own)
        )
    _show(report)
    return report


@models.command("check")
@click.option("--folder", type=_FOLDER, default=None, help="The models folder; below LANDSEAL_HOME when not given.")
def check_command(folder: Path | None) -> None:
    """Verify the hashes of all files without fetching anything."""
    own, _ = provisioning.settings_from(os.environ, os.pathsep)
    with _plain_errors():
        report = provisioning.verify(folder or default_models_dir(), manifest=load_manifest(own))
    _show(report)
    if not report.complete:
        raise SystemExit(1)


@models.group("evaluate")
def evaluate() -> None:
    """Measure a model on the operator's own labelled data."""


@evaluate.command("embedding")
@click.option("--pairs", required=True, type=_FILE, help="CSV with the columns a, b, same.")
@click.option("--images", required=True, type=_FOLDER, help="One folder per person.")
@click.option("--weights", type=_FOLDER, default=None, help="The models folder; below LANDSEAL_HOME when not given.")
@click.option("--json", "json_path", type=_FILE, default=None, help="Write the report here.")
@click.option("--picture", type=_FILE, default=None, help="Draw the DET curve here, as PNG.")
@click.option("--calibration", type=_FILE, default=None, help="Write the calibration here.")
@click.option("--data-name", default="operator's data", show_default=True, help="Name of the data in the calibration.")
@click.option("--margin", type=click.FloatRange(0), default=0.02, show_default=True, help="To the second nearest.")
@click.option("--metric", type=click.Choice([metric.value for metric in Metric]), default=Metric.UNIT.value)
@click.option("--mirror/--no-mirror", default=True, show_default=True, help="Average in the mirrored copy.")
@click.option("--processes", type=click.IntRange(1), default=2, show_default=True)
def evaluate_embedding_command(
    *,
    pairs: Path,
    images: Path,
    weights: Path | None,
    json_path: Path | None,
    picture: Path | None,
    calibration: Path | None,
    data_name: str,
    margin: float,
    metric: str,
    mirror: bool,
    processes: int,
) -> None:
    """Accuracy, FNMR at chosen FMRs with intervals, failures to detect, DET curve, calibration."""
    folder = weights or default_models_dir()
    with _plain_errors(), _bars() as told:
        report = evaluate_embedding(
            pairs, images, folder, mirror=mirror, metric=Metric(metric), processes=processes, progress=told
        )
    for line in words(report):
        click.echo(line)
    if json_path:
        write_json(report, json_path)
    if picture:
        draw_det(report, picture)
    if calibration:
        try:
            save_calibration(calibrated(report, data=data_name, margin=margin), calibration)
        except KeyError as error:
            raise click.ClickException("too few cross-identity pairs for the operating false match rate") from error


def _show(report: ProvisionReport) -> None:
    table = Table("role", "file", "licence", "state")
    for file in report.files:
        table.add_row(file.role, file.file, file.licence, f"[{_STYLE[file.state]}]{file.state.value}[/]")
    Console().print(table)
    for line in report.words():
        click.echo(line, err=True)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Errors in words and not as a traceback."""
    try:
        yield
    except (ModelError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _bars() -> Iterator[Told]:
    """One bar for each thing that is told about, on standard error."""
    percentage = TextColumn("{task.percentage:>3.0f} %")
    columns = (TextColumn("{task.description}"), BarColumn(), percentage, TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def told(label: str, done: int, total: int | None) -> None:
            if label not in tasks:
                tasks[label] = bars.add_task(label, total=total)
            bars.update(tasks[label], completed=done, total=total)

        yield told
