"""``landseal bench``: measures what is named and writes JSON and a picture."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from landseal.clients.bench import p1, p2, waterfall
from landseal.clients.bench.bursts import make_bursts
from landseal.clients.bench.machine import machine
from landseal.clients.bench.picture import draw
from landseal.clients.bench.workers import Worker
from landseal.clients.homes import models_folder
from landseal.inference.models.cli import provision_shown

_TRACED = 12
"""Verifications of the waterfall, the first few of them to warm up."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(["P1", "P2"]), required=True)
@click.option("--json", "report", type=click.Path(dir_okay=False, path_type=Path), help="Write the report here.")
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw it here (PNG).")
@click.option("--rounds", default=p1.Plan.rounds, show_default=True, help="Paired rounds of P1.")
@click.option("--verifications", default=p1.Plan.verifications, show_default=True, help="In each round of P1.")
def bench(names: tuple[str, ...], report: Path | None, picture: Path | None, rounds: int, verifications: int) -> None:
    """Measure what the server costs beside the bare networks (P1) and the embedding beside dlib (P2)."""
    models, console = models_folder(), Console(highlight=False)
    provision_shown(models)
    found: dict[str, Any] = {"machine": machine(), "results": {}}
    try:
        if "P1" in names:
            found["results"]["P1"] = p1.summary(p1.measure(p1.Plan(rounds, verifications), models))
            found |= _traced(models)
        if "P2" in names:
            found["results"]["P2"] = _embedding(models)
    except p1.BenchFailed as failure:
        raise click.ClickException(str(failure)) from None
    if report:
        report.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if picture:
        draw(found, picture)
    _show(console, found)


def _traced(models: Path) -> dict[str, Any]:
    bursts = make_bursts(_TRACED, models, p1.Plan.processes)
    with closing(Worker("waterfall", waterfall.trace, models, bursts)) as worker:
        steps, rows = worker.answer()
    return {"waterfall": [step.row() for step in steps], "triton": rows}


def _embedding(models: Path) -> dict[str, Any]:
    with closing(Worker("embedding", p2.measure, models)) as worker:
        return p2.summary(worker.answer())


def _show(console: Console, found: dict[str, Any]) -> None:
    for name, result in found["results"].items():
        spread = f" ({result['low']} to {result['high']})" if result["ratio"] is not None else ""
        console.print(f"[bold]{name}[/] {result['ratio']}{spread}, goal {result['goal']}")
        for key, value in result.items():
            if not isinstance(value, list) and key not in ("ratio", "low", "high", "goal"):
                console.print(f"  {key}: {value}")
    if "waterfall" in found:
        console.print(_table("One verification, alone", found["waterfall"]))
        console.print(_table("Triton, per verification", found["triton"]))


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(
            *("  " * int(row.get("depth", 0)) + str(v) if i == 0 else str(v) for i, v in enumerate(row.values()))
        )
    return table
