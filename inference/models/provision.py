"""Brings every weight file of the manifest into the models folder, once, verified, and says plainly what could not be
had.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from landseal.inference.models.converters import CONVERTERS
from landseal.inference.models.errors import HashMismatch, ModelError
from landseal.inference.models.fetch import OutsideFetcher
from landseal.inference.models.files import exclusive, sha256_of, write_atomically
from landseal.inference.models.manifest import Manifest, ModelEntry, load_manifest
from landseal.inference.models.sources import CacheFolders, Fetcher, Progress, SourceFinder, silent

MANIFEST_VARIABLE = "LANDSEAL_MODEL_MANIFEST"
CACHE_VARIABLE = "LANDSEAL_MODEL_CACHE"
_RECORD = ".provisioned.json"


class FileState(enum.Enum):
    """How one file stands after provisioning."""

    PRESENT = "already there"
    PROVISIONED = "provisioned"
    MISSING = "missing"


@dataclass(frozen=True)
class FileReport:
    """One entry of the manifest; ``detail`` says why a file is missing, in words."""

    role: str
    title: str
    file: str
    licence: str
    required: bool
    switches_off: str
    state: FileState
    detail: str = ""


@dataclass(frozen=True)
class ProvisionReport:
    """What provisioning came to."""

    folder: Path
    files: tuple[FileReport, ...]

    @property
    def missing(self) -> tuple[FileReport, ...]:
        """Entries whose file is not there."""
        return tuple(file for file in self.files if file.state is FileState.MISSING)

    @property
    def complete(self) -> bool:
        """Whether every required file is there (optional ones may be missing)."""
        return not any(file.required for file in self.missing)

    def words(self) -> tuple[str, ...]:
        """One plain sentence for each missing file: what is missing, why, and what that switches off."""
        return tuple(
            f"{file.title} ({file.file}) is missing: {file.detail}. This switches off {file.switches_off}."
            for file in self.missing
        )


def provision(
    home_models_dir: Path,
    *,
    cache_dirs: Sequence[Path] = (),
    roles: Iterable[str] | None = None,
    progress: Progress = silent,
    manifest: Manifest | None = None,
    fetcher: Fetcher | None = None,
    lock_timeout_s: float = 1800.0,
) -> ProvisionReport:
    """Makes the folder hold every chosen file of the manifest; a second run only verifies hashes.

    Args:
        home_models_dir: where the files go; made if it is not there.
        cache_dirs: folders searched for results, sources and packages before anything is fetched.
        roles: the roles wanted, all when None.
        progress: told about bytes as they come.
        manifest: the list to follow; the built-in one when None.
        fetcher: goes outside for files; the real one when None.
        lock_timeout_s: how long to wait for another provisioner of the same folder.

    Raises:
        ManifestError: an unknown role or a broken manifest.
        ProvisioningBusy: another provisioner did not finish in time.
    """
    chosen = (manifest or load_manifest()).chosen(None if roles is None else frozenset(roles))
    home_models_dir.mkdir(parents=True, exist_ok=True)
    downloads = home_models_dir / ".sources"
    finder = SourceFinder(CacheFolders(cache_dirs), downloads, fetcher or OutsideFetcher())
    with exclusive(home_models_dir / ".lock", timeout_s=lock_timeout_s):
        worker = _Worker(home_models_dir, finder, progress)
        report = ProvisionReport(home_models_dir, tuple(worker.bring(entry) for entry in chosen))
        if not report.missing:
            _clear(downloads)
    return report


def verify(home_models_dir: Path, *, manifest: Manifest | None = None) -> ProvisionReport:
    """How the folder stands, without fetching or changing anything."""
    record = _read_record(home_models_dir)
    return ProvisionReport(
        home_models_dir,
        tuple(
            _report(entry, FileState.PRESENT)
            if _is_there(home_models_dir, entry, record)
            else _report(entry, FileState.MISSING, "it was never provisioned or is not the pinned file")
            for entry in (manifest or load_manifest()).entries
        ),
    )


def settings_from(environment: Mapping[str, str], separator: str) -> tuple[Path | None, tuple[Path, ...]]:
    """The operator's manifest and the cache folders named by the environment.

    Args:
        environment: usually ``os.environ``.
        separator: usually ``os.pathsep``.
    """
    own = environment.get(MANIFEST_VARIABLE)
    folders = tuple(Path(text) for text in environment.get(CACHE_VARIABLE, "").split(separator) if text)
    return (Path(own) if own else None), folders


@dataclass(frozen=True)
class _Worker:
    folder: Path
    finder: SourceFinder
    progress: Progress

    def bring(self, entry: ModelEntry) -> FileReport:
        """One entry: verified, or found and converted, or reported missing; never raises for what one file lacks."""
        record = _read_record(self.folder)
        if _is_there(self.folder, entry, record):
            return _report(entry, FileState.PRESENT)
        try:
            data = self.finder.converted(entry) or self._converted(entry)
            write_atomically(self.folder / entry.file, data)
            self._remember(entry, data, record)
        except (ModelError, OSError) as error:
            return _report(entry, FileState.MISSING, str(error))
        return _report(entry, FileState.PROVISIONED)

    def _converted(self, entry: ModelEntry) -> bytes:
        published = self.finder.published(entry, self.progress)
        data = CONVERTERS[entry.converter](published)
        if entry.sha256 is not None and hashlib.sha256(data).hexdigest() != entry.sha256:
            raise HashMismatch(f"converting {entry.source.name} gave another file than the pinned one; it was not used")
        return data

    def _remember(self, entry: ModelEntry, data: bytes, record: dict[str, str]) -> None:
        """Records the hash of an operator's own result, whose hash no manifest pins."""
        if entry.sha256 is None:
            record[_record_key(entry)] = hashlib.sha256(data).hexdigest()
            write_atomically(self.folder / _RECORD, json.dumps(record, sort_keys=True, indent=1).encode())


def _is_there(folder: Path, entry: ModelEntry, record: Mapping[str, str]) -> bool:
    expected = entry.sha256 or record.get(_record_key(entry))
    return expected is not None and sha256_of(folder / entry.file) == expected


def _record_key(entry: ModelEntry) -> str:
    return f"{entry.file} {entry.converter} {entry.source.sha256}"


def _read_record(folder: Path) -> dict[str, str]:
    try:
        table = json.loads((folder / _RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in table.items()} if isinstance(table, dict) else {}


def _report(entry: ModelEntry, state: FileState, detail: str = "") -> FileReport:
    return FileReport(
        entry.role, entry.title, entry.file, entry.licence, entry.required, entry.switches_off, state, detail
    )


def _clear(downloads: Path) -> None:
    """Packages are large and pip keeps its own cache; once every file is in place they are not needed."""
    for path in sorted(downloads.glob("*")):
        path.unlink(missing_ok=True)
    if downloads.is_dir():
        downloads.rmdir()
