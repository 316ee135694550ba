"""What every command shares: the profile, the language, questions to the person, and one place for failures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import click

from landseal.clients.cli.speech import INTERRUPTED, Speaker
from landseal.clients.client import LandsealClient
from landseal.clients.errors import LandsealError
from landseal.clients.homes import profile_folder
from landseal.clients.localreasons import LocalReason
from landseal.clients.profile import ProfileFolder
from landseal.server.domain.reasons import Reason

_P = ParamSpec("_P")
_R = TypeVar("_R")
_OVER = (Reason.TOKEN_INVALID, Reason.SESSION_EXPIRED, Reason.SESSION_REPLACED, Reason.SESSION_ENDED)


@dataclass(frozen=True)
class Desk:
    """One run of the command line."""

    speaker: Speaker
    folder: ProfileFolder

    @classmethod
    def open(cls, lang: str, profile: str | None) -> Desk:
        """Opens the desk for a profile by name; see :func:`landseal.clients.homes.profile_folder`."""
        return cls(Speaker(lang), ProfileFolder(profile_folder(profile)))

    @contextmanager
    def client(self) -> Iterator[LandsealClient]:
        """A client with the live session; a session that has ended is forgotten here, too."""
        with self.folder.resume(os.environ.get("LANDSEAL_PASSPHRASE")) as client:
            client.speak(self.speaker.lang)
            try:
                yield client
            except LandsealError as error:
                if error.reason in _OVER:
                    self.folder.forget_session()
                raise

    def ask(self, zh: str, en: str) -> bool:
        """Asks yes or no; anything but a clear yes is a no, and so is a missing terminal."""
        try:
            return click.confirm(self.speaker.pick(zh, en), default=False, err=True)
        except click.Abort:
            return False

    def secret(self, variable: str, zh: str, en: str, *, twice: bool = False, hidden: bool = True) -> str:
        """Returns a secret from an environment variable or asks for it; never from the command's arguments."""
        given = os.environ.get(variable)
        if given:
            return given
        text = self.speaker.pick(zh, en)
        return str(click.prompt(text, hide_input=hidden, confirmation_prompt=twice and hidden, err=True))


def plainly(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turns refusals into a sentence and an exit code; no traceback reaches the person."""

    def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        desk = click.get_current_context().find_object(Desk)
        try:
            return command(*args, **kwargs)
        except LandsealError as error:
            raise SystemExit(desk.speaker.fail(error) if desk else 1) from None
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None
        except OSError as error:
            away = LandsealError(LocalReason.FILE_UNREADABLE, detail=error.strerror or type(error).__name__)
            raise SystemExit(desk.speaker.fail(away) if desk else 1) from None

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__dict__.update(getattr(command, "__dict__", {}))
    return run


pass_desk = click.make_pass_decorator(Desk)
