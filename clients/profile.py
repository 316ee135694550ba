"""What this machine keeps for one person at one server, in a folder of private files."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from landseal.clients.calls import Credentials
from landseal.clients.client import LandsealClient
from landseal.clients.counterparties import Counterparties
from landseal.clients.errors import LandsealError
from landseal.clients.keyfile import load_keys
from landseal.clients.keys import DeviceKeys
from landseal.clients.localreasons import LocalReason
from landseal.clients.sealedfile import read_private, write_private
from landseal.server.domain.keys import KeyAlgorithm, PublicKey


@dataclass(frozen=True)
class Profile:
    """The settings of a profile; everything that is trusted was pinned at the first contact."""

    server: str = ""
    """``host:port``."""
    certificate_pem: str = ""
    server_key: str = ""
    """The platform's public key, 64 hex digits."""
    tls_name: str = ""
    allow_mark: str = ""
    account_id: str = ""
    login_name: str = ""
    identity_digest: str = field(default="", repr=False)
    register_request_id: str = ""
    """Kept while a registration has no answer, so that it can be repeated safely."""
    inbox_cursor: int = 0

    @property
    def pinned_key(self) -> PublicKey:
        """Is the platform's pinned key.

        Raises:
            LandsealError: SERVER_NOT_TRUSTED when there is none, PROFILE_FAULTY when it is no key.
        """
        if not self.server_key:
            raise LandsealError(LocalReason.SERVER_NOT_TRUSTED)
        try:
            key = bytes.fromhex(self.server_key)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise LandsealError(LocalReason.PROFILE_FAULTY, detail="server_key")
        return PublicKey(KeyAlgorithm.ED25519, key)


@dataclass(frozen=True)
class KeptSession:
    """A live session, and the LAND_READ receipts made in it."""

    token: str = field(repr=False)
    session_id: str
    land_receipts: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By transfer: the receipt's id and when its window ends, ISO 8601."""


class ProfileFolder:
    """Reads and writes the files of one profile."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def keys_path(self) -> Path:
        """Is where the device's keys are kept."""
        return self.path / "keys.json"

    def load(self) -> Profile:
        """Returns the settings, empty ones when there are none; PROFILE_FAULTY when they cannot be read."""
        path = self.path / "profile.json"
        if not path.exists():
            return Profile()
        try:
            content = json.loads(path.read_text("utf-8"))
            profile = Profile(**content)
        except (OSError, ValueError, TypeError) as error:
            raise LandsealError(LocalReason.PROFILE_FAULTY, detail=path.name) from error
        if any(type(getattr(profile, each.name)) is not type(each.default) for each in fields(Profile)):
            raise LandsealError(LocalReason.PROFILE_FAULTY, detail=path.name)
        return profile

    def save(self, profile: Profile) -> None:
        """Writes the settings."""
        write_private(self.path / "profile.json", json.dumps(asdict(profile), ensure_ascii=False, indent=1).encode())

    def load_session(self) -> KeptSession | None:
        """Returns the live session; none when logged out or when its file cannot be read."""
        path = self.path / "session.json"
        if not path.exists():
            return None
        try:
            content = json.loads(read_private(path))
            receipts = {str(key): (str(held[0]), str(held[1])) for key, held in content["land_receipts"].items()}
            return KeptSession(str(content["token"]), str(content["session_id"]), receipts)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return None

    def save_session(self, session: KeptSession) -> None:
        """Writes the session with mode 0600."""
        write_private(self.path / "session.json", json.dumps(asdict(session)).encode())

    def forget_session(self) -> None:
        """Removes the session's file."""
        (self.path / "session.json").unlink(missing_ok=True)

    def keep_land_receipt(self, transfer_id: str, receipt_id: str, expire_time: dt.datetime) -> None:
        """Keeps a LAND_READ receipt's id until its window ends."""
        session = self.load_session()
        if session is not None:
            kept = {**session.land_receipts, transfer_id: (receipt_id, expire_time.isoformat())}
            self.save_session(replace(session, land_receipts=kept))

    def land_receipt(self, transfer_id: str, now: dt.datetime) -> str | None:
        """Returns the id of a LAND_READ receipt for a transfer that is good for at least another half minute."""
        session = self.load_session()
        receipt_id, until = session.land_receipts.get(transfer_id, ("", "")) if session else ("", "")
        try:
            good = bool(receipt_id) and dt.datetime.fromisoformat(until) > now + dt.timedelta(seconds=30)
        except (ValueError, TypeError):
            good = False
        return receipt_id if good else None

    def connect(self) -> LandsealClient:
        """Connects to the pinned server, without a session.

        Raises:
            LandsealError: SERVER_NOT_TRUSTED before the first contact.
        """
        profile = self.load()
        if not profile.server or not profile.certificate_pem:
            raise LandsealError(LocalReason.SERVER_NOT_TRUSTED)
        client = LandsealClient.connect(
            profile.server,
            profile.certificate_pem.encode(),
            profile.pinned_key,
            allow_mark=profile.allow_mark,
            tls_name=profile.tls_name or None,
        )
        client.transfer.counterparties = Counterparties(self.path / "transfers.json")
        if profile.identity_digest:
            client.know_identity_digest(bytes.fromhex(profile.identity_digest))
        return client

    def resume(self, passphrase: str | None = None) -> LandsealClient:
        """Connects and takes up the live session.

        Raises:
            LandsealError: NOT_LOGGED_IN, SERVER_NOT_TRUSTED, KEYS_UNREADABLE, KEYS_EXPOSED.
        """
        session, profile = self.load_session(), self.load()
        if session is None or not profile.account_id:
            raise LandsealError(LocalReason.NOT_LOGGED_IN)
        keys = self.keys(passphrase)
        client = self.connect()
        client.session.resume(Credentials(session.token, profile.account_id, session.session_id, keys))
        return client

    def keys(self, passphrase: str | None = None) -> DeviceKeys:
        """Returns the device's keys; KEYS_UNREADABLE, KEYS_EXPOSED."""
        return load_keys(self.keys_path, passphrase)
