"""Secret files in the home: made once, whole or not at all, readable by their owner only."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

KEYS_FOLDER = "keys"
"""Folder of the home that holds the server's secrets."""
_MAX_BYTES = 1 << 16


class KeyFileFault(Exception):
    """A secret file is damaged, or others may read it; the text names the file, never its content."""


def load_or_create(path: Path, make: Callable[[], bytes]) -> bytes:
    """Returns the file's bytes; a missing file is made with ``make()`` and mode 0600.

    Of several processes that start together one makes the file and all read the same.

    Raises:
        KeyFileFault: others may read the file, or it is no plain file.
        OSError: the folder cannot be written.
    """
    try:
        return read_secret(path)
    except FileNotFoundError:
        _create(path, make())
        return read_secret(path)


def read_secret(path: Path) -> bytes:
    """Reads a secret file.

    Raises:
        KeyFileFault: others may read the file, or it is no plain file of at most 64 KiB.
        FileNotFoundError: it does not exist.
    """
    with path.open("rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_size > _MAX_BYTES:
            raise KeyFileFault(f"{path.name} is no key file")
        if about.st_mode & 0o077:
            raise KeyFileFault(f"{path.name} must have mode 0600")
        return file.read()


def replace_secret(path: Path, data: bytes) -> None:
    """Writes the file with mode 0600; a reader sees the old content or the new, whatever happens."""
    os.replace(_draft(path, data), path)
    _sync_folder(path.parent)


def _create(path: Path, data: bytes) -> None:
    draft = _draft(path, data)
    try:
        os.link(draft, path)  # unlike a rename this never replaces what another process has just made
        _sync_folder(path.parent)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)


def _draft(path: Path, data: bytes) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
