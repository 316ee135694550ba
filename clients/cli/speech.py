"""How the command line speaks: one language at a time, tables, and refusals with a hint and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from landseal.clients.errors import LandsealError, VerificationRefused
from landseal.clients.hints import hint
from landseal.clients.localreasons import LocalReason
from landseal.clients.sealedfile import write_private
from landseal.server.domain.reasons import Reason

REFUSED, USAGE, SESSION, FACE, AWAY, DOUBT, INVALID, INTERRUPTED = 1, 2, 3, 4, 5, 6, 7, 130
"""Exit codes; see the epilog of ``landseal --help``."""

_PIPED_WIDTH = 240
"""Columns of output that no terminal shows."""
_SESSION = {
    LocalReason.NOT_LOGGED_IN, Reason.TOKEN_MISSING, Reason.TOKEN_INVALID, Reason.SESSION_EXPIRED,
    Reason.SESSION_REPLACED, Reason.SESSION_ENDED, Reason.LOGIN_REFUSED,
}  # fmt: skip
_DOUBT = {
    LocalReason.SERVER_ANSWER_ODD, LocalReason.SERVER_KEY_CHANGED, LocalReason.SERVER_NOT_TRUSTED,
    LocalReason.ACCOUNT_DIFFERS, LocalReason.INSTRUCTION_ALTERED, LocalReason.RECEIPT_NOT_AS_ASKED,
    LocalReason.NOTICE_ALTERED, LocalReason.CONTRACT_NOT_AS_ASKED, LocalReason.PDF_NOT_AS_SIGNED,
    Reason.DEMO_MARK_REFUSED, Reason.RECEIPT_SIGNATURE_INVALID, Reason.PLATFORM_SIGNATURE_INVALID,
    Reason.CONTRACT_ALTERED,
}  # fmt: skip


def language(chosen: str | None) -> str:
    """Returns ``zh`` or ``en``: as chosen, else as LC_ALL, LC_MESSAGES or LANG say, else ``zh``."""
    if chosen in ("zh", "en"):
        return chosen
    told = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "zh")
    return "zh" if told.lower().startswith("zh") else "en"


def exit_code(error: LandsealError) -> int:
    """Returns the exit code of a refusal."""
    if isinstance(error, VerificationRefused):
        return FACE
    if error.reason in _SESSION:
        return SESSION
    if error.reason in _DOUBT:
        return DOUBT
    return AWAY if error.retryable else REFUSED


class Speaker:
    """Says things to the person in their language; what other programs read goes to stdout unadorned by ``plain``."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    def pick(self, zh: str, en: str) -> str:
        """Returns the text in the person's language."""
        return zh if self.lang == "zh" else en

    def say(self, zh: str, en: str) -> None:
        """Says one sentence."""
        self.err.print(Text(self.pick(zh, en)))

    def good(self, zh: str, en: str) -> None:
        """Says that something was done."""
        self.err.print(Text("✓ " + self.pick(zh, en), style="green"))

    def warn(self, zh: str, en: str) -> None:
        """Says something that must not be overlooked."""
        self.err.print(Text("! " + self.pick(zh, en), style="bold yellow"))

    def plain(self, text: str) -> None:
        """Writes one line of result to stdout."""
        self.out.print(Text(text))

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
        """Writes a table to stdout; texts are never taken as markup."""
        table = Table(title=title or None)
        for place, head in enumerate(heads):
            table.add_column(head, overflow="fold", no_wrap=place == 0)  # nothing is cut off; ids can be copied
        for row in rows:
            table.add_row(*(Text(_printable(cell)) for cell in row))
        self.out.print(table)

    def fail(self, error: LandsealError) -> int:
        """Says why something was refused and what to do, and returns the exit code."""
        self.err.print(Text("✗ " + error.message(self.lang), style="bold red"), Text(f"[{error.reason.value}]"))
        known = [f"{key}={value}" for key, value in sorted(error.metadata.items())]
        for line in [error.detail, *known]:
            if line:
                self.err.print(Text("  " + _printable(line)))
        for violation in error.violations:
            self.err.print(Text(f"  - {_printable(violation.field)}: {_printable(violation.text)}"))
        if isinstance(error, VerificationRefused):
            self.say(
                f"  {error.hint('zh')}（剩余 {error.attempts_left} 次）",
                f"  {error.hint('en')} ({error.attempts_left} attempts left)",
            )
        if error.retry_after_s:
            self.say(f"  请在 {error.retry_after_s:.0f} 秒后再试。", f"  Try again in {error.retry_after_s:.0f} s.")
        advice = hint(error.reason, self.lang)
        if advice:
            self.err.print(Text("→ " + advice, style="cyan"))
        return exit_code(error)


def _printable(text: str) -> str:
    """Text of others without characters that move a terminal's cursor or turn its writing direction."""
    return "".join(each if each.isprintable() or each == "\n" else "·" for each in text)


def read_file(path: Path, limit: int) -> bytes:
    """Reads a file that the person named; FILE_UNREADABLE when it is missing or larger than ``limit`` bytes."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise LandsealError(LocalReason.FILE_UNREADABLE, detail=f"{path.name}: {error.strerror}") from error
    if len(data) > limit:
        raise LandsealError(LocalReason.FILE_UNREADABLE, detail=f"{path.name} is larger than {limit} bytes")
    return data


def write_file(path: Path, data: bytes) -> None:
    """Writes a file that the person asked for, readable by them only: contracts hold identity numbers.

    Raises:
        LandsealError: FILE_UNREADABLE when that is not possible.
    """
    try:
        write_private(path, data)
    except OSError as error:
        raise LandsealError(LocalReason.FILE_UNREADABLE, detail=f"{path.name}: {error.strerror}") from error
