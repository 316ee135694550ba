"""contract list, show, download, verify."""

from __future__ import annotations

from pathlib import Path

import click

from landseal.clients.cli.context import Desk, pass_desk, plainly
from landseal.clients.cli.paper import show_body
from landseal.clients.cli.speech import INVALID, read_file, write_file
from landseal.clients.contract import SavedContract
from landseal.clients.contract_check import Report, check_contract_file
from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason
from landseal.common.v1 import common_pb2
from landseal.server.domain.keys import KeyAlgorithm, PublicKey

_MAX_CONTRACT = 4 << 20


@click.group()
def contract() -> None:
    """Concluded contracts."""


@contract.command("list")
@pass_desk
@plainly
def list_contracts(desk: Desk) -> None:
    """List your contracts, the newest first."""
    with desk.client() as client:
        found = client.contract.list(100).contracts
    pick = desk.speaker.pick
    rows = [
        (
            each.contract_id,
            each.contract_number,
            pick("出让方", "transferor")
            if each.my_role == common_pb2.ROLE_TRANSFEROR
            else pick("受让方", "transferee"),
            each.other_party.masked_name,
            each.conclude_time.ToJsonString(),
        )
        for each in found
    ]
    heads = (
        "id",
        pick("编号", "number"),
        pick("您是", "you are"),
        pick("对方", "other side"),
        pick("成立", "concluded"),
    )
    desk.speaker.table(heads, rows)


@contract.command()
@click.argument("contract_id", metavar="CONTRACT")
@pass_desk
@plainly
def show(desk: Desk, contract_id: str) -> None:
    """Show a contract and check it."""
    with desk.client() as client:
        saved = client.contract.download(contract_id)
    held = saved.report.contract
    if held is not None:
        show_body(desk.speaker, held.body, held.body.digest())
    _tell(desk, saved.report)


@contract.command()
@click.argument("contract_id", metavar="CONTRACT")
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@pass_desk
@plainly
def download(desk: Desk, contract_id: str, folder: Path) -> None:
    """Save a contract (.contract) and its PDF; both are needed to verify it later, without any server."""
    with desk.client() as client:
        saved = client.contract.download(contract_id)
    _save(desk, saved, folder)
    _tell(desk, saved.report)


def _save(desk: Desk, saved: SavedContract, folder: Path) -> None:
    paper = folder / saved.file_name
    write_file(paper, saved.pdf)
    write_file(paper.with_suffix(".contract"), saved.contract_bytes)
    desk.speaker.plain(str(paper.with_suffix(".contract")))


@contract.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--pdf", type=click.Path(path_type=Path), help="The PDF; default: beside FILE, with its name.")
@click.option("--server-key", metavar="HEX", help="The platform's public key that you trust; default: the pinned one.")
@click.option("--allow-mark", type=click.Choice(["demo", "loadtest"]), help="Accept this kind of demonstration.")
@pass_desk
@plainly
def verify(desk: Desk, file: Path, pdf: Path | None, server_key: str | None, allow_mark: str | None) -> None:
    """Verify a saved contract without any server."""
    key = _key(server_key) if server_key else desk.folder.load().pinned_key
    data = read_file(file, _MAX_CONTRACT)
    paper = read_file(pdf or file.with_suffix(".pdf"), _MAX_CONTRACT)
    _tell(desk, check_contract_file(data, paper, key, allow_mark=allow_mark or ""))


def _key(text: str) -> PublicKey:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise LandsealError(LocalReason.SERVER_NOT_TRUSTED, detail="--server-key has 64 hex digits")
    return PublicKey(KeyAlgorithm.ED25519, key)


def _tell(desk: Desk, report: Report) -> None:
    for each in report.checks:
        desk.speaker.plain(f"{'✓' if each.passed else '✗'} {desk.speaker.pick(each.zh, each.en)} ({each.name})")
    desk.speaker.plain(f"{report.message(desk.speaker.lang)} [{report.reason.value}]")
    if not report.passed:
        raise SystemExit(INVALID)
