"""``landseal bench``: measures what is named and writes JSON and a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from landseal.clients.bench.machine import machine
from landseal.clients.bench.p1 import BenchFailed, Plan, measure, summary
from landseal.clients.homes import models_folder
from landseal.inference.models.cli import provision_shown


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(["P1", "P2"]), required=True)
@click.option("--json", "report", type=click.Path(dir_okay=False, path_type=Path), help="Write the report here.")
@click.option("--rounds", default=Plan.rounds, show_default=True, help="Paired rounds of P1.")
@click.option("--verifications", default=Plan.verifications, show_default=True, help="In each round.")
def bench(names: tuple[str, ...], report: Path | None, rounds: int, verifications: int) -> None:
    """Measure what the server costs beside the bare networks (P1) and the embedding beside dlib (P2)."""
    models = models_folder()
    provision_shown(models)
    found: dict[str, Any] = {"machine": machine(), "results": {}}
    try:
        if "P1" in names:
            found["results"]["P1"] = summary(measure(Plan(rounds, verifications), models))
    except BenchFailed as failure:
        raise click.ClickException(str(failure)) from None
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if report:
        report.write_text(text, encoding="utf-8")
    click.echo(text)
