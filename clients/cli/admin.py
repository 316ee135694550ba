"""admin import-parcels, import-faces, issue-code: over mTLS with the certificates of LANDSEAL_HOME/tls."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from landseal.admin.v1 import admin_pb2
from landseal.clients.admin import AdminClient, PersonToImport, format_of
from landseal.clients.channel import ClientCertificate, open_channel
from landseal.clients.cli.context import Desk, pass_desk, plainly
from landseal.clients.cli.speech import REFUSED, read_file
from landseal.clients.errors import LandsealError, Violation
from landseal.clients.homes import tls_folder
from landseal.clients.localreasons import LocalReason
from landseal.server.domain.idcard import normalise_id_number

COLUMNS = ("legal_name", "id_number", "collective", "portrait")
"""Columns of the manifest of faces; ``portrait`` is a path relative to the manifest."""
_MAX_PARCELS = 64 << 20
_MAX_MANIFEST = 16 << 20
_MAX_PORTRAIT = 3 << 20


@dataclass(frozen=True)
class _Door:
    server: str
    certificate: Path
    key: Path
    authority: Path
    tls_name: str | None


@click.group()
@click.option(
    "--server", default="localhost:50444", show_default=True, envvar="LANDSEAL_ADMIN_SERVER", metavar="HOST:PORT"
)
@click.option("--certificate", type=click.Path(path_type=Path), help="Default: LANDSEAL_HOME/tls/admin.pem")
@click.option("--key", type=click.Path(path_type=Path), help="Default: LANDSEAL_HOME/tls/admin.key")
@click.option("--authority", type=click.Path(path_type=Path), help="Default: LANDSEAL_HOME/tls/ca.pem")
@click.option("--tls-name", help="Name in the server's certificate, when it is reached by another one.")
@click.pass_context
def admin(
    context: click.Context,
    server: str,
    certificate: Path | None,
    key: Path | None,
    authority: Path | None,
    tls_name: str | None,
) -> None:
    """Fill the land register and the face database (internal service, client certificate)."""
    folder = tls_folder()
    context.meta[__name__] = _Door(
        server,
        certificate or folder / "admin.pem",
        key or folder / "admin.key",
        authority or folder / "ca.pem",
        tls_name,
    )


@contextmanager
def _client() -> Iterator[AdminClient]:
    door = click.get_current_context().meta[__name__]
    own = ClientCertificate(read_file(door.certificate, 1 << 20), read_file(door.key, 1 << 20))
    client = AdminClient(
        open_channel(door.server, read_file(door.authority, 1 << 20), client=own, tls_name=door.tls_name)
    )
    try:
        yield client
    finally:
        client.close()


@admin.command("import-parcels")
@click.argument("file", type=click.Path(path_type=Path))
@pass_desk
@plainly
def import_parcels(desk: Desk, file: Path) -> None:
    """Import parcels from GeoJSON or CSV; all or nothing."""
    data = read_file(file, _MAX_PARCELS)
    with _client() as client, _bar(desk) as bar:
        task = bar.add_task(file.name, total=None)
        answer = client.import_parcels(
            data, format_of(file), lambda done, total: bar.update(task, completed=done, total=total or None)
        )
    _finish(desk, answer.faults, answer.imported, answer.done)


@admin.command("import-faces")
@click.argument("manifest", type=click.Path(path_type=Path))
@pass_desk
@plainly
def import_faces(desk: Desk, manifest: Path) -> None:
    """Import people from MANIFEST.csv: legal_name,id_number,collective,portrait (a path beside the manifest)."""
    rows = _manifest(manifest)
    with _client() as client, _bar(desk) as bar:
        task = bar.add_task(manifest.name, total=len(rows))
        people = (_person(row, manifest.parent, line) for line, row in enumerate(rows, 2))
        answer = client.import_faces(people, lambda done: bar.update(task, completed=done))
    for notice in answer.notices:
        desk.speaker.warn(notice, notice)
    _finish(desk, answer.faults, answer.imported, answer.done)


@admin.command("issue-code")
@click.argument("id_number", metavar="ID", required=False)
@pass_desk
@plainly
def issue_code(desk: Desk, id_number: str | None) -> None:
    """Print a one-time registration code for an imported person; an older unused one ends.

    Without ID it is taken from LANDSEAL_ID_NUMBER or asked for.
    """
    number = id_number or desk.secret("LANDSEAL_ID_NUMBER", "身份证号", "ID number", hidden=False)
    with _client() as client:
        desk.speaker.plain(client.issue_code(normalise_id_number(number)))


def _bar(desk: Desk) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=desk.speaker.err)


def _finish(desk: Desk, faults: Sequence[admin_pb2.RowFault], imported: int, done: bool) -> None:
    if faults:
        pick = desk.speaker.pick
        heads = (pick("行", "line"), pick("字段", "field"), pick("代码", "code"), pick("说明", "what is wrong"))
        desk.speaker.table(heads, [(str(each.line), each.field, each.code, each.text) for each in faults])
        desk.speaker.warn("有错误，没有导入任何数据。", "Rows are faulty; nothing was imported.")
        raise SystemExit(REFUSED)
    if not done:
        raise LandsealError(LocalReason.SERVER_ANSWER_ODD, detail="the import did not end")
    desk.speaker.good(f"已导入或更新 {imported} 条。", f"{imported} new or changed.")


def _manifest(path: Path) -> list[dict[str, str]]:
    """The rows of the manifest; every faulty line is listed before anything is sent."""
    data = read_file(path, _MAX_MANIFEST)
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise LandsealError(LocalReason.FILE_UNREADABLE, detail=f"{path.name} is no UTF-8 CSV") from error
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise LandsealError(LocalReason.FILE_UNREADABLE, detail="the first line must be " + ",".join(COLUMNS))
    faults = [
        Violation(f"line {line}", f"{name} is missing")
        for line, row in enumerate(rows, 2)
        for name in COLUMNS
        if not row.get(name)
    ]
    faults += [
        Violation(f"line {line}", "the portrait is no file of at most 3 MiB")
        for line, row in enumerate(rows, 2)
        if row.get("portrait") and not _is_portrait(path.parent / row["portrait"])
    ]
    if faults or not rows:
        raise LandsealError(LocalReason.FILE_UNREADABLE, detail=path.name, violations=tuple(faults[:1000]))
    return rows


def _is_portrait(path: Path) -> bool:
    return path.is_file() and 0 < path.stat().st_size <= _MAX_PORTRAIT


def _person(row: dict[str, str], folder: Path, line: int) -> PersonToImport:
    try:
        portrait = read_file(folder / row["portrait"], _MAX_PORTRAIT)
    except LandsealError as error:
        raise LandsealError(error.reason, detail=f"line {line}: {error.detail}") from error
    return PersonToImport(
        row["legal_name"].strip(), normalise_id_number(row["id_number"]), row["collective"].strip(), portrait
    )
