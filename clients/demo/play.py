"""``landseal demo``: provisions what is missing, starts everything, plays, and leaves a PDF and a summary."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from landseal.clients.demo import attacks, cast, props, story
from landseal.clients.demo.people import Actor, enter, import_people
from landseal.clients.demo.score import Score
from landseal.clients.demo.stage import Stage, opened
from landseal.clients.homes import home, models_folder
from landseal.inference.models.cli import provision_shown


@click.command()
@click.option("--json", "summary", type=click.Path(dir_okay=False, path_type=Path), help="Write the summary here.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("out"), show_default=True,
              help="Folder for the QR code, the contract's PDF and its signatures.")  # fmt: skip
def demo(summary: Path | None, out: Path) -> None:
    """Play the whole story on real engines, then every scene that must fail.

    Exits with 0 only when every scene came as it should.
    """
    console = Console(highlight=False)
    console.print("[bold]Landseal[/]: two people, two phones, one contract — and those who must not get one.\n")
    models = models_folder()
    if not provision_shown(models).complete:
        raise click.ClickException("weights that every verification needs are missing (above)")
    out.mkdir(parents=True, exist_ok=True)
    with _fresh_home() as folder, opened(folder, models, "demo") as stage:
        score = Score(console, stage.app.reader)
        _introduce(console, stage)
        _play(stage, score, models, out)
        result = _summary(stage, score, out)
    for path in filter(None, (summary, out / "summary.json")):
        path.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    good = sum(scene.as_expected for scene in score.scenes)
    console.print(
        f"\n[bold]{good} of {len(score.scenes)} scenes came as they should.[/] Summary: {out / 'summary.json'}"
    )
    raise SystemExit(0 if score.complete else 1)


@contextmanager
def _fresh_home() -> Iterator[Path]:
    """Lends an empty home that unprivileged engines can reach, and erases it: every demo starts from nothing."""
    base = home() / "demo"
    base.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="play-", dir=base))
    os.chmod(folder, 0o711)  # noqa: S103 - the database runs under another account when we are root
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _introduce(console: Console, stage: Stage) -> None:
    info = stage.app.reader.health()
    console.print(
        f"Triton {info.version} and PostgreSQL {stage.app.store.version()} are running; policy "
        f"{stage.app.policy.name}, liveness decided by {'silent+active' if info.silent else 'active'}."
    )
    if not info.silent:
        console.print(
            "[yellow]The silent networks are missing (LANDSEAL_MODEL_CACHE); active liveness alone decides.[/]"
        )


def _play(stage: Stage, score: Score, models: Path, out: Path) -> None:
    players = cast.transferor(), cast.transferee(), cast.bystander()
    with closing(stage.admin()) as admin:
        score.tell("\n[bold]0. The administrator imports land and portraits; the collective hands out codes.[/]")
        land = admin.import_parcels(props.parcels(players[0], players[1]), props.FORMAT)
        import_people(admin, list(players))
        score.tell(f"  {land.imported} parcels, {len(players)} people")
        actors = [enter(stage, admin, player, models) for player in players]
    giver, taker, other = actors
    try:
        tale = story.tell(stage, score, giver, taker, out)
        attacks.play(stage, score, giver, taker, other, tale)
    finally:
        _leave(actors)


def _leave(actors: list[Actor]) -> None:
    for actor in actors:
        actor.client.close()


def _summary(stage: Stage, score: Score, out: Path) -> dict[str, Any]:
    info = stage.app.reader.health()
    return {
        "passed": score.complete,
        "scenes": [scene.to_json() for scene in score.scenes],
        "engines": {"triton": info.version, "postgresql": stage.app.store.version()},
        "policy": stage.app.policy.name,
        "liveness": "silent+active" if info.silent else "active",
        "pdf": str(out / "lease.pdf"),
    }
