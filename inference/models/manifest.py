"""The list of weight files: what each is, where it comes from, and what its absence switches off.

The built-in list is ``manifest.toml`` beside this module. An operator's own list (environment variable
``LANDSEAL_MODEL_MANIFEST``, the same format) is merged over it: an entry with a known role replaces that entry and
keeps the file name the engine looks for, so one entry with ``role``, ``converter``, ``licence`` and a
``[model.source]`` with ``path`` and ``sha256`` puts one's own network to work.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landseal.inference.models.converters import CONVERTERS
from landseal.inference.models.errors import ManifestError

BUILT_IN = Path(__file__).with_name("manifest.toml")
FORMAT = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class Archive:
    """A package of the configured Python package registry, pinned to one file."""

    package: str
    version: str
    file: str
    sha256: str
    bytes: int
    pip_options: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Where the published file is: a member of a package, a URL, or an operator's own path. Exactly one of the three
    is set.
    """

    sha256: str
    bytes: int | None
    name: str
    archive: Archive | None = None
    member: str | None = None
    url: str | None = None
    path: Path | None = None


@dataclass(frozen=True)
class ModelEntry:
    """One file that runs. ``sha256`` is None only for an operator's own entry: the first result is then recorded and
    kept to.
    """

    role: str
    title: str
    file: str
    sha256: str | None
    converter: str
    licence: str
    origin: str
    input: str
    required: bool
    switches_off: str
    source: Source


@dataclass(frozen=True)
class Manifest:
    """All entries by role, in the order of the file."""

    entries: tuple[ModelEntry, ...]

    def chosen(self, roles: frozenset[str] | None) -> tuple[ModelEntry, ...]:
        """The entries of the given roles, all when None.

        Raises:
            ManifestError: a role that no entry has.
        """
        if roles is None:
            return self.entries
        unknown = roles - {entry.role for entry in self.entries}
        if unknown:
            raise ManifestError(f"no model has the role {', '.join(sorted(unknown))}")
        return tuple(entry for entry in self.entries if entry.role in roles)


def load_manifest(own: Path | None = None) -> Manifest:
    """The built-in list with the operator's own list merged over it.

    Raises:
        ManifestError: a list cannot be read or an entry is not complete.
    """
    entries = {entry.role: entry for entry in _entries(_read(BUILT_IN), BUILT_IN.parent, {})}
    if own is not None:
        for entry in _entries(_read(own), own.parent, entries):
            entries[entry.role] = entry
    files = [entry.file for entry in entries.values()]
    if len(set(files)) != len(files):
        raise ManifestError("two entries would write the same file")
    return Manifest(tuple(entries.values()))


def _read(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ManifestError(f"{path}: {error}") from error
    if table.get("format") != FORMAT:
        raise ManifestError(f"{path}: format must be {FORMAT}")
    return table


def _entries(table: Mapping[str, Any], folder: Path, known: Mapping[str, ModelEntry]) -> list[ModelEntry]:
    try:
        archives = {str(row["package"]): _archive(row) for row in table.get("archive", [])}
        return [_entry(row, folder, archives, known.get(str(row["role"]))) for row in table.get("model", [])]
    except KeyError as error:
        raise ManifestError(f"an entry lacks {error}") from error
    except (TypeError, ValueError) as error:
        raise ManifestError(f"an entry is malformed: {error}") from error


def _archive(row: Mapping[str, Any]) -> Archive:
    return Archive(
        package=_plain(row["package"]),
        version=_plain(row["version"]),
        file=_plain(row["file"]),
        sha256=_hash(row["sha256"]),
        bytes=int(row["bytes"]),
        pip_options=tuple(str(option) for option in row["pip_options"]),
    )


def _entry(
    row: Mapping[str, Any], folder: Path, archives: Mapping[str, Archive], replaced: ModelEntry | None
) -> ModelEntry:
    converter = str(row["converter"])
    if converter not in CONVERTERS:
        raise ManifestError(f"no converter is called {converter}; there are {', '.join(CONVERTERS)}")
    source = _source(row["source"], folder, archives)
    result = row.get("sha256", source.sha256 if converter == "copy" else None)
    if result is None and source.path is None:
        raise ManifestError(f"{row['role']}: the SHA-256 of the result is missing")
    return ModelEntry(
        role=_plain(row["role"]),
        title=str(row.get("title", row["role"])),
        file=_plain(row["file"] if replaced is None else replaced.file),
        sha256=None if result is None else _hash(result),
        converter=converter,
        licence=str(row["licence"]),
        origin=str(row.get("origin", "the operator's own file")),
        input=str(row.get("input", "" if replaced is None else replaced.input)),
        required=bool(row.get("required", True) if replaced is None else replaced.required),
        switches_off=str(row["switches_off"] if replaced is None else replaced.switches_off),
        source=source,
    )


def _source(row: Mapping[str, Any], folder: Path, archives: Mapping[str, Archive]) -> Source:
    given = [kind for kind in ("package", "url", "path") if kind in row]
    if len(given) != 1:
        raise ManifestError("a source has exactly one of package, url and path")
    sha256, size = _hash(row["sha256"]), int(row["bytes"]) if "bytes" in row else None
    if given == ["package"]:
        member = str(row["member"])
        return Source(sha256, size, Path(member).name, archive=archives[str(row["package"])], member=member)
    if given == ["path"]:
        path = folder / str(row["path"])
        return Source(sha256, size, path.name, path=path)
    url = str(row["url"])
    if not url.startswith(("https://", "http://")):
        raise ManifestError("a source URL must begin with https:// or http://")
    return Source(sha256, size, _plain(row.get("name", url.rsplit("/", 1)[-1])), url=url)


def _plain(value: object) -> str:
    """A name that cannot leave the folder it is joined to, nor be taken for an option."""
    text = str(value)
    if not _PLAIN_NAME.fullmatch(text):
        raise ManifestError(f"{text!r} is not a plain name")
    return text


def _hash(value: object) -> str:
    text = str(value).lower()
    if not _SHA256.fullmatch(text):
        raise ManifestError(f"{text!r} is not a SHA-256")
    return text
