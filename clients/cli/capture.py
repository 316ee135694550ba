"""Cameras by name, and how a capture looks on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.align import Align
from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.text import Text

from landseal.clients.cameras.base import Camera, CaptureInstruction, Prompt
from landseal.clients.cli.context import Desk
from landseal.clients.cli.speech import Speaker
from landseal.clients.client import LandsealClient
from landseal.clients.verification import Watcher
from landseal.server.domain.receipts import Binding, Purpose, Receipt

NAMES = {
    "RELAXED": ("放松", "RELAX", "（·‿·）"),
    "OPEN": ("张大嘴", "OPEN WIDE", "（  O  ）"),
    "ROUND": ("嘟嘴 “呜”", "ROUND “oo”", "（  o  ）"),
    "SPREAD": ("咧嘴 “衣”", "SPREAD “ee”", "（ === ）"),
    "CLOSED": ("闭嘴", "CLOSE", "（  -  ）"),
}
"""How a shape is called and drawn, in Chinese and English."""
_REFRESH_S = 0.08


class _CameraType(click.ParamType[tuple[str, str]]):
    name = "webcam|files:DIR|puppet:IMAGE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401  # click's own signature
        kind, _, where = str(value).partition(":")
        if (kind == "webcam" and not where) or (kind in ("files", "puppet") and where):
            return (kind, where)
        self.fail("webcam, files:DIR or puppet:IMAGE", param, ctx)


def camera_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--camera`` to a command; the command receives ``camera`` for :func:`open_camera`."""
    option = click.option(
        "--camera",
        type=_CameraType(),
        default="webcam",
        show_default=True,
        envvar="LANDSEAL_CAMERA",
        help="Where frames come from; files and puppets only at servers for demonstrations.",
    )
    return option(command)


def open_camera(chosen: tuple[str, str], *, in_real_time: bool = True) -> Camera:
    """Returns the camera; CAMERA_MISSING, FILE_UNREADABLE or CAPTURE_FAILED when it cannot be used."""
    kind, where = chosen
    if kind == "files":
        from landseal.clients.cameras.files import FileCamera

        return FileCamera.folder(Path(where))
    if kind == "puppet":
        from landseal.clients.cameras.puppet_camera import PuppetCamera

        return PuppetCamera(Path(where), in_real_time=in_real_time)
    from landseal.clients.cameras.webcam import WebCamera

    webcam = WebCamera()
    webcam.probe()
    return webcam


class PromptBoard:
    """Shows prompts in big letters with a bar that fills while a shape is held, and then the upload."""

    def __init__(self, speaker: Speaker, clock: Callable[[], float] = time.monotonic) -> None:
        self._speaker = speaker
        self._clock = clock
        self._shown_at = -1.0
        self._live = Live(console=speaker.err, auto_refresh=False, transient=True)

    def watcher(self) -> Watcher:
        """Returns what a verification calls; the board must be entered."""
        return Watcher(self.on_prompt, self.on_upload, self.on_instruction)

    def __enter__(self) -> PromptBoard:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def on_instruction(self, told: CaptureInstruction) -> None:
        """Shows what is coming."""
        text = self._speaker.pick(told.text_zh, told.text_en)
        self._show(Panel(Align.center(Text(text or self._speaker.pick("请准备", "Get ready"), style="bold"))))

    def on_prompt(self, prompt: Prompt) -> None:
        """Shows one prompt."""
        now = self._clock()
        if 0 <= now - self._shown_at < _REFRESH_S:
            return
        self._shown_at = now
        zh, en, mouth = NAMES[prompt.shape]
        big = " ".join(self._speaker.pick(zh, en))
        bar = ProgressBar(total=prompt.hold_ms, completed=prompt.elapsed_ms, width=40)
        lines = (Text(), Text(mouth, style="bold yellow"), Text(big, style="bold reverse white"), Text())
        where = f"{prompt.index}/{prompt.count}"
        self._show(Panel(Group(*(Align.center(each) for each in lines), Align.center(bar)), title=where))

    def on_upload(self, sent: int, total: int) -> None:
        """Shows how much is uploaded."""
        text = Text(self._speaker.pick("正在上传并核验…", "Uploading and judging…"))
        self._show(Panel(Group(Align.center(text), Align.center(ProgressBar(total=total, completed=sent, width=40)))))

    def _show(self, panel: Panel) -> None:
        self._live.update(panel, refresh=True)


def verify_person(
    desk: Desk, client: LandsealClient, purpose: Purpose, binding: Binding, camera: tuple[str, str]
) -> Receipt:
    """Verifies the person with prompts on the terminal and returns the checked receipt."""
    taken = open_camera(camera)
    with PromptBoard(desk.speaker) as board:
        receipt = client.verification.verify(purpose, binding, taken, board.watcher())
    desk.speaker.good("本人验证通过。", "Verified: it is you.")
    if receipt.mark:
        desk.speaker.warn(f"演示标记：{receipt.mark}，没有效力。", f"Marked {receipt.mark}: without effect.")
    return receipt
