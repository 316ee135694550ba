"""terms-template, draft, propose, transfers, offers, confirm, decline, cancel."""

from __future__ import annotations

from pathlib import Path

import click

from landseal.clients import termsfile
from landseal.clients.calls import serialise
from landseal.clients.cli.capture import camera_option, verify_person
from landseal.clients.cli.context import Desk, pass_desk, plainly
from landseal.clients.cli.faces import land_receipt
from landseal.clients.cli.paper import show_body
from landseal.clients.cli.speech import read_file, write_file
from landseal.clients.client import LandsealClient
from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason
from landseal.clients.review import Review, wish
from landseal.common.v1 import common_pb2
from landseal.land.v1 import land_pb2
from landseal.server.domain.contract import Role
from landseal.server.domain.receipts import Purpose
from landseal.server.domain.terms import ContractTerms
from landseal.transfer.v1 import transfer_pb2

_transfer = click.argument("transfer_id", metavar="TRANSFER")
_terms = click.option("--terms", "terms_path", type=click.Path(path_type=Path), required=True, metavar="TERMS.json")
_parcels = click.option("--parcel", "codes", multiple=True, required=True, metavar="CODE", help="May be repeated.")
_pdf = click.option("--pdf", type=click.Path(path_type=Path), help="Where to write the contract's PDF.")


@click.command("terms-template")
def terms_template() -> None:
    """Print terms to fill in, with the names of all choices."""
    click.echo(termsfile.template(), nl=False)


@click.command()
@_transfer
@_terms
@_parcels
@_pdf
@click.option("--check", is_flag=True, help="Only check the terms; save nothing.")
@camera_option
@pass_desk
@plainly
def draft(
    desk: Desk,
    transfer_id: str,
    terms_path: Path,
    codes: tuple[str, ...],
    pdf: Path | None,
    check: bool,
    camera: tuple[str, str],
) -> None:
    """As the transferor: save terms as the next version and show the contract."""
    terms = _read_terms(terms_path)
    with desk.client() as client:
        receipt = land_receipt(desk, client, transfer_id, camera)
        if check:
            client.transfer.save_draft(transfer_id, receipt, codes, terms, validate_only=True)
            desk.speaker.good("条款完整，未保存。", "The terms are complete; nothing was saved.")
            return
        seen = _drafted(client, transfer_id, receipt, codes, terms)
        _show(desk, seen, pdf)


@click.command()
@_transfer
@_terms
@_parcels
@_pdf
@camera_option
@pass_desk
@plainly
def propose(
    desk: Desk, transfer_id: str, terms_path: Path, codes: tuple[str, ...], pdf: Path | None, camera: tuple[str, str]
) -> None:
    """As the transferor: save the terms, read the contract, verify, sign and offer it."""
    terms = _read_terms(terms_path)
    with desk.client() as client:
        seen = _drafted(client, transfer_id, land_receipt(desk, client, transfer_id, camera), codes, terms)
        _show(desk, seen, pdf)
        _ask_to_sign(desk, "向对方提出这份合同并签名吗？", "Sign this contract and offer it?")
        receipt = verify_person(desk, client, Purpose.SIGN, seen.binding, camera)
        client.transfer.propose(seen, receipt)
    desk.speaker.good("已提出，等待对方确认。", "Offered; the other side must confirm.")


@click.command()
@_transfer
@_pdf
@camera_option
@pass_desk
@plainly
def confirm(desk: Desk, transfer_id: str, pdf: Path | None, camera: tuple[str, str]) -> None:
    """As the transferee: read the offer, verify, sign; the contract is concluded and saved beside its PDF."""
    with desk.client() as client:
        seen = client.transfer.review(transfer_id)
        if seen.role is not Role.TRANSFEREE:
            raise LandsealError(LocalReason.CONTRACT_NOT_AS_ASKED, detail="it is the other side's move")
        paper = _show(desk, seen, pdf)
        _ask_to_sign(desk, "同意这份合同并签名吗？", "Do you agree, and sign?")
        receipt = verify_person(desk, client, Purpose.SIGN, seen.binding, camera)
        contract = client.transfer.confirm(seen, receipt)
    saved = paper.with_suffix(".contract")
    write_file(saved, serialise(contract))
    desk.speaker.good(f"合同成立：{contract.contract_id}", f"Concluded: {contract.contract_id}")
    desk.speaker.plain(str(saved))


@click.command()
@_transfer
@pass_desk
@plainly
def decline(desk: Desk, transfer_id: str) -> None:
    """As the transferee: decline the offer."""
    with desk.client() as client:
        if not desk.ask("谢绝这份要约吗？", "Decline this offer?"):
            raise SystemExit(1)
        client.transfer.decline(transfer_id)
    desk.speaker.good("已谢绝。", "Declined.")


@click.command()
@_transfer
@pass_desk
@plainly
def cancel(desk: Desk, transfer_id: str) -> None:
    """Call a transfer off before it is concluded."""
    with desk.client() as client:
        if not desk.ask("取消这次流转吗？", "Call this transfer off?"):
            raise SystemExit(1)
        client.transfer.cancel(transfer_id)
    desk.speaker.good("已取消。", "Called off.")


@click.command()
@pass_desk
@plainly
def transfers(desk: Desk) -> None:
    """List your transfers, the newest first."""
    with desk.client() as client:
        _list(desk, list(client.transfer.list(100).transfers))


@click.command()
@pass_desk
@plainly
def offers(desk: Desk) -> None:
    """List the offers that wait for you."""
    waiting = (transfer_pb2.Transfer.STATE_PROPOSED, common_pb2.ROLE_TRANSFEREE)
    with desk.client() as client:
        found = client.transfer.list(100).transfers
    _list(desk, [each for each in found if (each.state, each.my_role) == waiting])


def _list(desk: Desk, found: list[transfer_pb2.Transfer]) -> None:
    pick = desk.speaker.pick
    heads = (
        pick("流转", "transfer"),
        pick("状态", "state"),
        pick("您是", "you are"),
        pick("对方", "other side"),
        pick("核对号", "number"),
    )
    rows = []
    for each in found:
        giving = each.my_role == common_pb2.ROLE_TRANSFEROR
        other = each.transferee if giving else each.transferor
        state = transfer_pb2.Transfer.State.Name(each.state).removeprefix("STATE_")
        side = pick("出让方", "transferor") if giving else pick("受让方", "transferee")
        rows.append((each.transfer_id, state, side, other.masked_name, each.comparison_number))
    desk.speaker.table(heads, rows)


def _read_terms(path: Path) -> ContractTerms:
    try:
        return termsfile.parse(read_file(path, termsfile.MAX_BYTES).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise LandsealError(LocalReason.TERMS_FILE_FAULTY, detail="the file is not UTF-8") from error


def _drafted(
    client: LandsealClient, transfer_id: str, receipt: str, codes: tuple[str, ...], terms: ContractTerms
) -> Review:
    """Saves the draft and compares what came back with the terms and with the parcels as the register shows them."""
    known = {each.parcel_code: each for each in client.land.parcels(receipt)}
    client.transfer.save_draft(transfer_id, receipt, codes, terms)
    chosen: list[land_pb2.Parcel] = [known[code] for code in codes if code in known]
    return client.transfer.review(transfer_id, wish(terms, chosen))


def _show(desk: Desk, seen: Review, pdf: Path | None) -> Path:
    """Shows the contract, writes its PDF and returns where."""
    path = pdf or Path(f"landseal-{''.join(c for c in seen.body.transfer_id if c.isalnum())}-v{seen.body.version}.pdf")
    show_body(desk.speaker, seen.body, seen.digest)
    write_file(path, seen.pdf)
    desk.speaker.say(f"合同 PDF：{path}", f"PDF of the contract: {path}")
    return path


def _ask_to_sign(desk: Desk, zh: str, en: str) -> None:
    if not desk.ask(zh, en):
        desk.speaker.warn("没有签名。", "Nothing was signed.")
        raise SystemExit(1)
