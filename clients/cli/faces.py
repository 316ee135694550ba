"""verify, code, scan, parcels: what needs a face, and the way from a code to a transfer."""

from __future__ import annotations

from pathlib import Path

import click

from landseal.clients.cli.capture import camera_option, verify_person
from landseal.clients.cli.context import Desk, pass_desk, plainly
from landseal.clients.cli.speech import read_file, write_file
from landseal.clients.client import LandsealClient
from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason
from landseal.land.v1 import land_pb2
from landseal.server.domain.qrcodes import QrFault, parse_transferee_payload
from landseal.server.domain.receipts import Binding, Purpose
from landseal.server.domain.times import utc_now

_IMAGE_BYTES = 10 << 20


@click.command()
@click.option("--purpose", type=click.Choice(["land", "code", "sign"]), required=True)
@click.option("--transfer", "transfer_id", default="", help="The transfer (land and sign).")
@camera_option
@pass_desk
@plainly
def verify(desk: Desk, purpose: str, transfer_id: str, camera: tuple[str, str]) -> None:
    """Prove that it is you, and show the receipt; code, parcels, propose and confirm do this by themselves."""
    if (purpose == "code") == bool(transfer_id):
        raise click.UsageError("--transfer is needed for land and sign, and only there")
    with desk.client() as client:
        if purpose == "land":
            land_receipt(desk, client, transfer_id, camera, anew=True)
            return
        binding = client.transfer.review(transfer_id).binding if purpose == "sign" else Binding()
        receipt = verify_person(desk, client, Purpose.SIGN if purpose == "sign" else Purpose.CODE, binding, camera)
    desk.speaker.plain(f"{receipt.receipt_id} {receipt.expire_time.isoformat()}")


@click.command()
@click.option("--png", type=click.Path(path_type=Path), help="Also write the code as an image.")
@click.option("--send", "address", help="Also send it to the transferor with this login name.")
@camera_option
@pass_desk
@plainly
def code(desk: Desk, png: Path | None, address: str | None, camera: tuple[str, str]) -> None:
    """As the transferee: verify, then show a code for the transferor to scan."""
    from landseal.clients.qr import qr_png, qr_terminal

    with desk.client() as client:
        receipt = verify_person(desk, client, Purpose.CODE, Binding(), camera)
        made = client.transfer.create_code(receipt)
        try:
            click.echo(qr_terminal(made.payload), err=True)
            if png:
                write_file(png, qr_png(made.payload))
        except QrFault as error:
            raise LandsealError(LocalReason.SERVER_ANSWER_ODD, detail="the code cannot be drawn") from error
        if address:
            client.transfer.send_code(made.payload, address)
            desk.speaker.good("已发送（若该地址存在）。", "Sent, if the address exists.")
    desk.speaker.plain(made.payload)
    until = made.expire_time.ToDatetime().strftime("%H:%M UTC")
    desk.speaker.say(f"有效期至 {until}，只能使用一次。", f"Good once, until {until}.")


@click.command()
@click.argument("image", type=click.Path(path_type=Path), required=False)
@click.option("--payload", help="The text of the code, instead of an image.")
@pass_desk
@plainly
def scan(desk: Desk, image: Path | None, payload: str | None) -> None:
    """As the transferor: read a code, confirm both identities, begin the transfer."""
    if (image is None) == (payload is None):
        raise click.UsageError("an image or --payload is needed")
    text = payload if payload is not None else _read_image(image)
    try:
        parse_transferee_payload(text)
    except QrFault as error:
        raise LandsealError(LocalReason.FILE_UNREADABLE, detail="this is no transferee's code") from error
    with desk.client() as client:
        notice = client.transfer.resolve_code(text)
        sides = [
            (desk.speaker.pick("出让方（您）", "transferor (you)"), *notice.transferor),
            (desk.speaker.pick("受让方", "transferee"), *notice.transferee),
        ]
        desk.speaker.table(("", desk.speaker.pick("姓名", "name"), desk.speaker.pick("身份证号", "ID")), sides)
        if not desk.ask("双方身份都正确吗？", "Are both identities right?"):
            desk.speaker.warn("未确认，没有建立流转。", "Not confirmed; nothing was begun.")
            raise SystemExit(1)
        transfer = client.transfer.confirm_notice(notice)
    desk.speaker.plain(transfer.transfer_id)
    number = transfer.comparison_number
    desk.speaker.say(
        f"核对号 {number}：请与对方屏幕上的比对。", f"Comparison number {number}: compare it with the other screen."
    )


def _read_image(image: Path | None) -> str:
    from landseal.clients.qr import read_qr

    if image is None:
        raise LandsealError(LocalReason.FILE_UNREADABLE)
    try:
        return read_qr(read_file(image, _IMAGE_BYTES))
    except QrFault as error:
        raise LandsealError(LocalReason.FILE_UNREADABLE, detail=str(error)) from error


@click.command()
@click.argument("transfer_id", metavar="TRANSFER")
@camera_option
@pass_desk
@plainly
def parcels(desk: Desk, transfer_id: str, camera: tuple[str, str]) -> None:
    """Show your own parcels; verifies you first unless you did in the last quarter of an hour."""
    with desk.client() as client:
        found = client.land.parcels(land_receipt(desk, client, transfer_id, camera))
    pick = desk.speaker.pick
    heads = (
        pick("地块代码", "code"),
        pick("名称", "name"),
        pick("面积 m²", "m²"),
        pick("用途", "use"),
        pick("四至", "bounds"),
    )
    desk.speaker.table(heads, [_row(each) for each in found])


def _row(parcel: land_pb2.Parcel) -> tuple[str, ...]:
    bounds = (parcel.bound_east, parcel.bound_south, parcel.bound_west, parcel.bound_north)
    use = land_pb2.LandUse.Name(parcel.land_use).removeprefix("LAND_USE_")
    return (parcel.parcel_code, parcel.name, str(parcel.area_m2), use, " / ".join(bounds))


def land_receipt(
    desk: Desk, client: LandsealClient, transfer_id: str, camera: tuple[str, str], *, anew: bool = False
) -> str:
    """Returns the id of a LAND_READ receipt inside its window, verifying the person if there is none."""
    kept = None if anew else desk.folder.land_receipt(transfer_id, utc_now())
    if kept is not None:
        return kept
    receipt = verify_person(desk, client, Purpose.LAND_READ, Binding(transfer_id), camera)
    desk.folder.keep_land_receipt(transfer_id, receipt.receipt_id, receipt.expire_time)
    return receipt.receipt_id
