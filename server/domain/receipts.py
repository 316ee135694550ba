"""Identity receipts (身份识别信息): what the platform states about a living, recognised person, and for how long."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from dataclasses import dataclass, field

from landseal.server.domain.canonical import encode
from landseal.server.domain.times import millis


class Purpose(enum.IntEnum):
    """What a receipt is good for; the numbers are those of the proto."""

    UNSPECIFIED = 0
    LAND_READ = 1
    CODE = 2
    SIGN = 3


class CaptureSource(enum.IntEnum):
    """Where the frames come from, as the client states under its signature; the numbers are those of the proto."""

    UNSPECIFIED = 0
    CAMERA = 1
    FILE = 2
    PUPPET = 3


WINDOWS = {
    Purpose.LAND_READ: dt.timedelta(minutes=15),
    Purpose.CODE: dt.timedelta(minutes=10),
    Purpose.SIGN: dt.timedelta(minutes=3),
}
"""How long each kind of receipt is good (``protocol.md``, Receipts)."""


@dataclass(frozen=True)
class Binding:
    """What a verification, and so its receipt, is for."""

    transfer_id: str = ""
    contract_version: int = 0
    terms_digest: bytes = b""


@dataclass(frozen=True)
class Receipt:
    """One receipt; the platform signs :meth:`signed_bytes`."""

    receipt_id: str
    account_id: str
    session_id: str
    auth_key_id: str
    purpose: Purpose
    binding: Binding
    identity_digest: bytes
    issue_time: dt.datetime
    expire_time: dt.datetime
    calibration_id: str
    policy_id: str
    liveness: str
    mark: str
    source: CaptureSource
    server_key_id: str
    signature: bytes = field(default=b"", repr=False)

    def signed_bytes(self) -> bytes:
        """Returns the canonical bytes under the platform's signature."""
        return encode(
            "receipt",
            self.server_key_id,
            self.receipt_id,
            self.account_id,
            self.session_id,
            self.auth_key_id,
            int(self.purpose),
            self.binding.transfer_id,
            self.binding.contract_version,
            self.binding.terms_digest,
            self.identity_digest,
            millis(self.issue_time),
            millis(self.expire_time),
            self.calibration_id,
            self.policy_id,
            self.liveness,
            self.mark,
            int(self.source),
        )

    def digest(self) -> bytes:
        """Returns the SHA-256 of the signed bytes; contract signatures name the receipt by it."""
        return hashlib.sha256(self.signed_bytes()).digest()
