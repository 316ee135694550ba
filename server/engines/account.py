"""Under whose name an engine runs, and whether that account can reach what the engine needs."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

_OVERFLOW_ID = 65534
"""The kernel's own number for nobody, where the account has no name."""


@dataclass(frozen=True)
class Account:
    """An unprivileged account."""

    uid: int
    gid: int

    def may(self, status: os.stat_result, bits: int) -> bool:
        """Whether the permission bits (as for others: 4 read, 2 write, 1 search) are granted by the file's mode."""
        if status.st_uid == self.uid:
            return (status.st_mode >> 6) & bits == bits
        if status.st_gid == self.gid:
            return (status.st_mode >> 3) & bits == bits
        return status.st_mode & bits == bits


def unprivileged() -> Account | None:
    """The account engines are given when this process is root; None when it is not, and nothing has to change.

    PostgreSQL refuses to run as root, and Triton decodes images that strangers send.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account(_OVERFLOW_ID, _OVERFLOW_ID)
    return Account(entry.pw_uid, entry.pw_gid)


def reachable(path: Path, account: Account | None) -> bool:
    """Whether the account may walk to ``path`` and read it; every folder on the way is looked at, links resolved."""
    if account is None:
        return True
    real = path.resolve()
    try:
        if not all(account.may(parent.stat(), 1) for parent in real.parents):
            return False
        status = real.stat()
    except OSError:
        return False
    return account.may(status, 5 if stat.S_ISDIR(status.st_mode) else 4)


def all_reachable(path: Path, account: Account | None) -> bool:
    """Whether the account may read this and, of a folder, everything that stands directly in it."""
    if not reachable(path, account):
        return False
    return (
        account is None
        or not path.is_dir()
        or all(account.may(child.stat(), 4) for child in path.iterdir() if child.exists())
    )


def make_folder(path: Path, mode: int) -> Path:
    """Makes the folder with exactly this mode where it is missing (parents: 0711), leaves an existing one alone."""
    if not path.is_dir():
        if not path.parent.is_dir():
            make_folder(path.parent, 0o711)
        path.mkdir(exist_ok=True)
        path.chmod(mode)
    return path
