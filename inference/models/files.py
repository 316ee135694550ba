"""Small file operations that provisioning rests on: hashes, atomic writes, one writer at a time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from landseal.inference.models.errors import ProvisioningBusy


def sha256_of(path: Path) -> str | None:
    """The hex SHA-256 of a file, None when it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def is_file_with(path: Path, sha256: str, size: int | None = None) -> bool:
    """Whether the path is a file with that hash; a known size saves hashing others."""
    try:
        fits = path.is_file() and size in (None, path.stat().st_size)
    except OSError:
        return False
    return fits and sha256_of(path) == sha256


def write_atomically(path: Path, data: bytes) -> None:
    """Writes beside the path, flushes to the disk and renames, so that a reader sees the old file or the whole new
    one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(0o644)  # the inference engine runs under an account of its own
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def exclusive(
    lock: Path,
    *,
    timeout_s: float,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Holds an advisory lock on a file that stays; the system frees it when the process ends.

    Raises:
        ProvisioningBusy: another process held it for the whole time.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as stream:
        deadline = clock() + timeout_s
        while not _try_lock(stream.fileno()):
            if clock() >= deadline:
                raise ProvisioningBusy(f"another process has been provisioning {lock.parent} for {timeout_s:.0f} s")
            pause(0.2)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
