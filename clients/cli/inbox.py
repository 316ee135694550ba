"""inbox: what the server told this person."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import click

from landseal.clients.cli.context import Desk, pass_desk, plainly
from landseal.clients.cli.speech import Speaker
from landseal.clients.client import LandsealClient
from landseal.inbox.v1 import inbox_pb2

_PAGE = 200


@click.command()
@click.option("--watch", is_flag=True, help="Keep listening; events arrive as they happen.")
@click.option("--all", "everything", is_flag=True, help="From the first event kept.")
@pass_desk
@plainly
def inbox(desk: Desk, watch: bool, everything: bool) -> None:
    """Show new events: codes relayed to you, transfers that moved."""
    cursor = 0 if everything else desk.folder.load().inbox_cursor
    with desk.client() as client:
        if not watch:
            last = cursor
            for event in _pages(client, cursor):
                desk.speaker.plain(line(event, desk.speaker))
                last = event.cursor
            if last > cursor:
                _seen(desk, client, last)
            return
        heard = client.inbox.watch(cursor)
        desk.speaker.say("正在等待消息，按 Ctrl-C 结束。", "Listening; Ctrl-C ends.")
        for event in heard:
            desk.speaker.plain(line(event, desk.speaker))
            _seen(desk, client, event.cursor)


def _pages(client: LandsealClient, cursor: int) -> Iterator[inbox_pb2.Event]:
    for _ in itertools.count():
        page = client.inbox.list(cursor, _PAGE)
        if not page or page[-1].cursor <= cursor:
            return
        yield from page
        cursor = page[-1].cursor


def _seen(desk: Desk, client: LandsealClient, cursor: int) -> None:
    desk.folder.save(replace(desk.folder.load(), inbox_cursor=cursor))
    client.inbox.acknowledge(cursor)


def line(event: inbox_pb2.Event, speaker: Speaker) -> str:
    """Returns one event as a line, with the command that answers it."""
    when = event.create_time.ToDatetime().strftime("%Y-%m-%d %H:%M")
    what = event.WhichOneof("what")
    if what == "code_relayed":
        held = event.code_relayed
        return f"{when} {held.masked_name}: landseal scan --payload {held.payload}"
    if what == "code_resolved":
        name = event.code_resolved.masked_name
        return f"{when} " + speaker.pick(f"{name} 读取了您的二维码", f"{name} read your code")
    if what == "transfer_moved":
        moved = event.transfer_moved
        next_step = f" -> landseal confirm {moved.transfer_id}" if moved.state == "PROPOSED" else ""
        contract = f" {moved.contract_id}" if moved.contract_id else ""
        return f"{when} {moved.transfer_id} {moved.state}{contract}{next_step}"
    return f"{when} " + speaker.pick("未知消息", "unknown event")
