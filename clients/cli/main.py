"""The command ``landseal``: puts the families of commands together."""

from __future__ import annotations

import importlib

import click

from landseal.clients.cli import account, admin, contracts, faces, inbox, transfers
from landseal.clients.cli.context import Desk
from landseal.clients.cli.speech import language

EXIT_CODES = """\b
Exit codes:
  0  done
  1  refused by the server or by you
  2  wrong use of the command
  3  log in (again)
  4  the face was judged and did not pass
  5  away or busy: try again later
  6  stopped by this side: something is not what it should be
  7  a contract was checked and is not valid
  130  interrupted"""

_LATER = {
    "models": "landseal.inference.models.cli:models",
    "demo": "landseal.clients.demo.play:demo",
    "bench": "landseal.clients.bench.command:bench",
}
"""Commands that need the server's or the inference rooms; they are found where they live when they are called."""


class _Commands(click.Group):
    """Imports the heavy commands only when they are called, so that the others start at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_LATER])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _LATER:
            return super().get_command(ctx, cmd_name)
        module, _, name = _LATER[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        return command if isinstance(command, click.Command) else None


@click.group(cls=_Commands, epilog=EXIT_CODES)
@click.option("--lang", type=click.Choice(["zh", "en"]), envvar="LANDSEAL_LANG", help="Default: as LANG says.")
@click.option("--profile", envvar="LANDSEAL_PROFILE", help="Name below the config folder, or a folder.")
@click.version_option(package_name="landseal")
@click.pass_context
def main(context: click.Context, lang: str | None, profile: str | None) -> None:
    """Landseal: land transfer contracts, concluded by two living, recognised people."""
    context.obj = Desk.open(language(lang), profile)


@main.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(arguments: tuple[str, ...]) -> None:
    """Start the server with everything it needs; arguments are passed on to it."""
    import sys

    # started as a program, not imported as a library: clients know nothing of the server's rooms
    start = importlib.import_module("landseal.server.__main__").main
    sys.argv = ["landseal serve", *arguments]
    raise SystemExit(start())


for _command in (
    account.register, account.login, account.logout, account.whoami,
    faces.verify, faces.code, faces.scan, faces.parcels,
    transfers.terms_template, transfers.draft, transfers.propose, transfers.transfers, transfers.offers,
    transfers.confirm, transfers.decline, transfers.cancel,
    inbox.inbox, contracts.contract, admin.admin,
):  # fmt: skip
    main.add_command(_command)


if __name__ == "__main__":
    main()
