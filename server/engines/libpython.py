"""Finds the shared library of this Python, which Triton's Python stub links against.

Debian and Ubuntu package it apart from the interpreter. Where it is missing, the distribution's own package is
downloaded and unpacked into the home, which needs no root: ``apt-get download`` with lists in a folder of ours.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from landseal.server.engines.process import EngineUnavailable

_LOG = logging.getLogger(__name__)
_TIMEOUT_S = 300
_STEM = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
NAME = f"{_STEM}.so.1.0"


def find_libpython(folder: Path) -> Path:
    """Returns the library: of this interpreter, of the system, or unpacked into ``folder`` by an earlier call.

    Raises:
        EngineUnavailable: it is nowhere and could not be downloaded.
    """
    places = [sysconfig.get_config_var("LIBDIR"), f"{sys.base_prefix}/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib64"]
    for place in [Path(each) for each in places if each]:
        if (place / NAME).exists():
            return place / NAME
    if not (folder / NAME).exists():
        _LOG.warning("%s is missing; its package is downloaded into %s", NAME, folder)
        download(folder)
    return folder / NAME


def download(folder: Path) -> None:
    """Downloads and unpacks the distribution's package and leaves the library in ``folder``.

    Raises:
        EngineUnavailable: there is no apt, no such package, or no network.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise EngineUnavailable(f"{NAME} is missing, and this system has no apt to get it from")
    with tempfile.TemporaryDirectory(prefix="landseal-libpython-") as scratch:
        lists, cache = Path(scratch) / "lists", Path(scratch) / "cache"
        for part in (lists / "partial", cache / "archives" / "partial"):
            part.mkdir(parents=True)
        apt = ["apt-get", "-q", f"-oDir::State::Lists={lists}", f"-oDir::Cache={cache}", "-oAPT::Sandbox::User="]
        try:
            _run([*apt, "update"], scratch)
            _run([*apt, "download", _STEM], scratch)
            package = next(Path(scratch).glob("*.deb"))
            _run(["dpkg-deb", "-x", str(package), f"{scratch}/tree"], scratch)
            library = next(Path(scratch, "tree").rglob(NAME))
        except (OSError, subprocess.SubprocessError, StopIteration) as error:
            raise EngineUnavailable(f"{NAME} is missing (Debian and Ubuntu: apt install {_STEM})") from error
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{NAME}.part"
        shutil.copyfile(library.resolve(), partial)
        partial.chmod(0o644)
        partial.replace(folder / NAME)


def _run(command: list[str], cwd: str) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, timeout=_TIMEOUT_S)
