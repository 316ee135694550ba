"""Fetches from outside: package files through the ordinary package client, other files by URL with resumption."""

from __future__ import annotations

import http.client
import importlib.metadata
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landseal.inference.models.errors import SourceUnavailable
from landseal.inference.models.files import is_file_with, sha256_of
from landseal.inference.models.manifest import Archive, Source
from landseal.inference.models.sources import Progress

_RAW_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_BLOCK = 1 << 16
_UNKNOWN_LIMIT = 1 << 31


@dataclass(frozen=True)
class OutsideFetcher:
    """The real fetcher. Timeouts in seconds: a whole package download, and one network step of a URL download."""

    package_timeout_s: float = 900.0
    url_timeout_s: float = 10.0

    def package(self, archive: Archive, folder: Path, progress: Progress) -> Path:
        """Downloads a package file with pip, which uses the registry the machine is configured for.

        pip checks the pinned hash before it opens the file. For a source archive it also asks the archive's own build
        script for metadata, in an isolated environment; where that environment cannot be made, the installed tools
        are tried.

        Raises:
            SourceUnavailable: pip is missing, found nothing, or took too long.
        """
        folder.mkdir(parents=True, exist_ok=True)
        pin = folder / f"{archive.file}.txt"
        pin.write_text(f"{archive.package}=={archive.version} --hash=sha256:{archive.sha256}\n", "ascii")
        words = ""
        try:
            for extra in ((), ("--no-build-isolation",)):
                words = self._pip(_pip_command(archive, folder, pin, extra), archive, progress)
                if (folder / archive.file).is_file():
                    return folder / archive.file
        finally:
            pin.unlink(missing_ok=True)
        raise SourceUnavailable(f"pip could not download {archive.package} {archive.version}: {words}")

    def _pip(self, command: Sequence[str], archive: Archive, progress: Progress) -> str:
        """Runs pip and returns its last word of complaint (empty when there was none)."""
        # The command is this interpreter's own pip with values that the manifest reader has checked.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        timer = threading.Timer(self.package_timeout_s, process.kill)
        timer.start()
        lines: deque[str] = deque(maxlen=50)
        try:
            for line in process.stdout or ():
                found = _RAW_PROGRESS.match(line)
                if found and int(found[2]) == archive.bytes:  # not the build tools that pip may fetch as well
                    progress(archive.package, int(found[1]), int(found[2]))
                lines.append(line.strip())
            code = process.wait()
        finally:
            timer.cancel()
            process.kill()
            process.wait()
        complaints = [line for line in lines if line.startswith("ERROR")] or [f"it ended with code {code}"]
        return complaints[-1] if code else ""

    def url(self, source: Source, folder: Path, progress: Progress) -> Path:
        """Downloads a URL into ``<name>.part``, going on where an earlier try stopped, and renames it when the hash
        is right.

        Raises:
            SourceUnavailable: no network, an HTTP error, or another file than the pinned one.
        """
        folder.mkdir(parents=True, exist_ok=True)
        target, part = folder / source.name, folder / f"{source.name}.part"
        if is_file_with(target, source.sha256, source.bytes):
            return target
        try:
            self._download(source, part, progress)
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            raise SourceUnavailable(f"{source.url}: {getattr(error, 'reason', error)}") from error
        if sha256_of(part) != source.sha256:
            part.unlink(missing_ok=True)
            raise SourceUnavailable(f"{source.url} gave another file than the pinned one; it was thrown away")
        return part.replace(target)

    def _download(self, source: Source, part: Path, progress: Progress) -> None:
        limit = source.bytes or _UNKNOWN_LIMIT
        have = part.stat().st_size if part.is_file() else 0
        if have >= limit:
            have = _emptied(part) if sha256_of(part) != source.sha256 else have
            if have:
                return
        headers = {"Range": f"bytes={have}-"} if have else {}
        # Only http and https pass the manifest reader, and the bytes are used only if their pinned hash is right.
        request = urllib.request.Request(source.url or "", headers=headers)  # noqa: S310 - https, by manifest
        with urllib.request.urlopen(request, timeout=self.url_timeout_s) as answer:  # noqa: S310 - as above
            have = have if answer.status == http.HTTPStatus.PARTIAL_CONTENT else _emptied(part)
            whole = have + int(answer.headers.get("Content-Length") or 0)
            with part.open("ab") as stream:
                while have <= limit and (block := answer.read(_BLOCK)):
                    stream.write(block)
                    have += len(block)
                    progress(source.name, have, source.bytes)
        if have < whole:  # what came is kept, and the next try goes on behind it
            raise ConnectionError(f"the connection broke after {have} of {whole} bytes")


def _emptied(part: Path) -> int:
    part.unlink(missing_ok=True)
    return 0


def _progress_bar() -> str:
    """Returns ``raw``, which can be read, or ``off`` for the older pip that new environments of Debian 12 come with."""
    try:
        major, minor = (int(part) for part in importlib.metadata.version("pip").split(".")[:2])
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return "off"
    return "raw" if (major, minor) >= (24, 1) else "off"


def _pip_command(archive: Archive, folder: Path, pin: Path, extra: Sequence[str]) -> list[str]:
    return [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--no-input"),
        *("--disable-pip-version-check", f"--progress-bar={_progress_bar()}", "--dest", str(folder)),
        *archive.pip_options,
        *extra,
        *("-r", str(pin)),
    ]
