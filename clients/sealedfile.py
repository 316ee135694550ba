"""Small private files: written whole or not at all, readable by their owner only."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason

MAX_PRIVATE_BYTES = 1 << 20
"""No private file of ours is larger."""


def write_private(path: Path, data: bytes) -> None:
    """Writes a file of mode 0600; a reader sees the old content or the new, whatever happens.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def read_private(path: Path) -> bytes:
    """Reads a private file.

    Raises:
        LandsealError: KEYS_EXPOSED when others may read it, KEYS_UNREADABLE when it is missing, no file or too large.
    """
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode) or about.st_size > MAX_PRIVATE_BYTES:
                raise LandsealError(LocalReason.KEYS_UNREADABLE, detail=f"{path.name} is no private file")
            if os.name == "posix" and about.st_mode & 0o077:
                raise LandsealError(LocalReason.KEYS_EXPOSED, detail=f"{path.name} must have mode 0600")
            return file.read()
    except OSError as error:
        raise LandsealError(LocalReason.KEYS_UNREADABLE, detail=f"{path.name}: {error.strerror}") from error
