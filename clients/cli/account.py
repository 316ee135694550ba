"""register, login, logout, whoami."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import click

from landseal.clients.calls import new_request_id
from landseal.clients.channel import fetch_certificate, fingerprint
from landseal.clients.cli.context import Desk, pass_desk, plainly
from landseal.clients.cli.speech import read_file
from landseal.clients.client import LandsealClient
from landseal.clients.errors import LandsealError
from landseal.clients.keyfile import save_keys
from landseal.clients.keys import DeviceKeys
from landseal.clients.localreasons import LocalReason
from landseal.clients.profile import KeptSession, Profile
from landseal.clients.session import Registration
from landseal.server.domain.idcard import normalise_id_number
from landseal.server.domain.reasons import Reason
from landseal.server.domain.signing import identity_digest

_MARKED = ("demo", "loadtest")


@click.command()
@click.option("--server", required=True, metavar="HOST:PORT")
@click.option("--login-name", required=True, help="Phone number, or a name of a-z 0-9 . _ + - @")
@click.option("--name", "legal_name", required=True, help="Legal name as on the identity card.")
@click.option("--trust-certificate", type=click.Path(path_type=Path), help="The server's certificate, handed over.")
@click.option("--trust-on-first-use", is_flag=True, help="Show the presented certificate's fingerprint and ask.")
@click.option("--tls-name", default="", help="Name in the certificate, when the server is reached by another one.")
@click.option("--allow-mark", type=click.Choice(_MARKED), default=None, help="Accept this kind of demonstration.")
@pass_desk
@plainly
def register(
    desk: Desk,
    server: str,
    login_name: str,
    legal_name: str,
    trust_certificate: Path | None,
    trust_on_first_use: bool,
    tls_name: str,
    allow_mark: str | None,
) -> None:
    """Make this device's keys and an account.

    ID number, registration code and password are asked for, or taken from LANDSEAL_ID_NUMBER,
    LANDSEAL_REGISTRATION_CODE and LANDSEAL_PASSWORD. LANDSEAL_PASSPHRASE seals the key file.
    """
    held = desk.folder.load()
    if held.account_id:
        raise LandsealError(LocalReason.PROFILE_FAULTY, detail="this profile has an account already")
    pem = _certificate(desk, server, trust_certificate, trust_on_first_use)
    with LandsealClient.connect(server, pem, allow_mark=allow_mark or "", tls_name=tls_name or None) as client:
        for notice in client.server_info().policy.notices:
            desk.speaker.warn(notice, notice)
        _check_mark(client, allow_mark or "")
        keys = _keys(desk)
        profile = Profile(
            server=server,
            certificate_pem=pem.decode("ascii"),
            server_key=client.server_key.key.hex(),
            tls_name=tls_name,
            allow_mark=allow_mark or "",
            login_name=login_name,
            register_request_id=held.register_request_id or new_request_id(),
        )
        desk.folder.save(profile)
        person = _person(desk, login_name, legal_name)
        try:
            account_id = client.session.register(person, keys, request_id=profile.register_request_id)
        except LandsealError as error:
            if not error.retryable:  # refused: the next try is another request
                desk.folder.save(replace(profile, register_request_id=""))
            raise
        mine = identity_digest(person.legal_name, person.id_number).hex()
        desk.folder.save(replace(profile, account_id=account_id, identity_digest=mine, register_request_id=""))
    desk.speaker.good(
        f"注册成功，账户 {account_id}。请运行 landseal login。", f"Registered as {account_id}. Now: landseal login"
    )


def _certificate(desk: Desk, server: str, file: Path | None, on_first_use: bool) -> bytes:
    """The certificate that this device will trust; never one that merely presented itself."""
    if file is not None:
        return read_file(file, 1 << 20)
    if not on_first_use:
        raise LandsealError(LocalReason.SERVER_NOT_TRUSTED)
    pem = fetch_certificate(server)
    desk.speaker.say(
        "服务器出示的证书指纹（SHA-256）：", "Fingerprint (SHA-256) of the certificate that the server presents:"
    )
    desk.speaker.say(fingerprint(pem), fingerprint(pem))
    if not desk.ask("与平台公布的指纹一致吗？", "Is it the one that the platform made known?"):
        raise LandsealError(LocalReason.SERVER_NOT_TRUSTED)
    return pem


def _check_mark(client: LandsealClient, allow_mark: str) -> None:
    """Refuses a server for demonstrations before it has cost the person anything."""
    policy = client.server_info().policy
    if policy.name in _MARKED and policy.name != allow_mark:
        raise LandsealError(Reason.DEMO_MARK_REFUSED, metadata={"mark": policy.name})


def _keys(desk: Desk) -> DeviceKeys:
    passphrase = os.environ.get("LANDSEAL_PASSPHRASE")
    if not desk.folder.keys_path.exists():
        save_keys(DeviceKeys.generate(), desk.folder.keys_path, passphrase)
    return desk.folder.keys(passphrase)


def _person(desk: Desk, login_name: str, legal_name: str) -> Registration:
    return Registration(
        login_name,
        desk.secret("LANDSEAL_PASSWORD", "密码（至少 8 位）", "Password (at least 8 characters)", twice=True),
        legal_name.strip(),
        normalise_id_number(desk.secret("LANDSEAL_ID_NUMBER", "身份证号", "ID number", hidden=False)),
        desk.secret("LANDSEAL_REGISTRATION_CODE", "登记码", "Registration code", hidden=False),
        device_name=socket.gethostname()[:64],
    )


@click.command()
@pass_desk
@plainly
def login(desk: Desk) -> None:
    """Log in with the password (asked for, or LANDSEAL_PASSWORD) and this device's key."""
    profile = desk.folder.load()
    if not profile.account_id:
        raise LandsealError(LocalReason.SERVER_NOT_TRUSTED)
    keys = desk.folder.keys(os.environ.get("LANDSEAL_PASSPHRASE"))
    with desk.folder.connect() as client:
        _check_mark(client, profile.allow_mark)
        password = desk.secret("LANDSEAL_PASSWORD", "密码", "Password")
        session = client.session.login(profile.login_name, password, keys, profile.account_id)
        held = client.session.credentials
        if held is not None:
            desk.folder.save_session(KeptSession(held.token, held.session_id))
    name = session.identity.masked_name
    desk.speaker.good(f"已登录：{name}。", f"Logged in as {name}.")


@click.command()
@pass_desk
@plainly
def logout(desk: Desk) -> None:
    """End the session and every receipt made in it."""
    try:
        with desk.client() as client:
            client.session.logout()
    finally:
        desk.folder.forget_session()
    desk.speaker.good("已退出登录。", "Logged out.")


@click.command()
@pass_desk
@plainly
def whoami(desk: Desk) -> None:
    """Show account, device and server as the server sees them."""
    with desk.client() as client:
        info, session = client.server_info(), client.session.get()
    rows = [
        ("account", session.account_id),
        ("name", session.identity.masked_name),
        ("ID", session.identity.masked_id_number),
        ("auth key", session.auth_key_id),
        ("sign key", session.sign_key_id),
        ("session until", session.expire_time.ToJsonString()),
        ("server", f"{desk.folder.load().server} ({info.server_key_id})"),
        ("policy", f"{info.policy.name} ({info.policy.liveness})"),
    ]
    desk.speaker.table(("", ""), rows)
