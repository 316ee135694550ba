"""Provisioning with tiny synthetic packages; nothing here goes outside but to a server on loopback."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from landseal.inference.models.errors import ManifestError, ProvisioningBusy, SourceUnavailable
from landseal.inference.models.fetch import OutsideFetcher
from landseal.inference.models.files import exclusive
from landseal.inference.models.manifest import Archive, Manifest, ModelEntry, Source, load_manifest
from landseal.inference.models.provision import FileState, provision, settings_from, verify
from landseal.inference.models.sources import Progress, silent

PUBLISHED = b"weights as published" * 1000


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel(member: str, data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(member, data)
    return packed.getvalue()


def sdist(folder: str, member: str, data: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo(f"{folder}/{member}")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def archive_of(data: bytes, file: str) -> Archive:
    return Archive("tiny", "1.0", file, sha(data), len(data), ())


def entry_of(source: Source, *, result: str | None = sha(PUBLISHED), required: bool = True) -> ModelEntry:
    return ModelEntry("a-role", "Tiny", "tiny.bin", result, "copy", "CC0-1.0", "us", "", required, "the lights", source)


class CountingFetcher:
    """Gives what it is made with, and counts."""

    def __init__(self, package: bytes | None = None) -> None:
        self.package_bytes, self.calls = package, 0

    def package(self, archive: Archive, folder: Path, progress: Progress) -> Path:
        self.calls += 1
        if self.package_bytes is None:
            raise SourceUnavailable("no network here")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / archive.file
        path.write_bytes(self.package_bytes)
        progress(archive.package, len(self.package_bytes), len(self.package_bytes))
        return path

    def url(self, source: Source, folder: Path, progress: Progress) -> Path:
        self.calls += 1
        raise SourceUnavailable("no network here")


def packaged(data: bytes, file: str, member: str = "pkg/w.bin") -> Manifest:
    source = Source(sha(PUBLISHED), len(PUBLISHED), "w.bin", archive=archive_of(data, file), member=member)
    return Manifest((entry_of(source),))


def test_a_wheel_in_a_cache_folder_is_enough(tmp_path: Path) -> None:
    data = wheel("pkg/w.bin", PUBLISHED)
    (tmp_path / "cache/deep").mkdir(parents=True)
    (tmp_path / "cache/deep/renamed.whl").write_bytes(data)
    fetcher = CountingFetcher()
    report = provision(
        tmp_path / "models", cache_dirs=[tmp_path / "cache"], manifest=packaged(data, "tiny.whl"), fetcher=fetcher
    )
    assert report.complete
    assert fetcher.calls == 0
    assert (tmp_path / "models/tiny.bin").read_bytes() == PUBLISHED


def test_a_published_file_in_a_cache_folder_is_found_by_hash_under_any_name(tmp_path: Path) -> None:
    (tmp_path / "other-name").write_bytes(PUBLISHED)
    manifest = packaged(b"never read", "tiny.whl")
    assert provision(tmp_path / "m", cache_dirs=[tmp_path], manifest=manifest, fetcher=CountingFetcher()).complete


def test_a_sdist_is_fetched_once_and_cleared_away(tmp_path: Path) -> None:
    data = sdist("tiny-1.0", "pkg/w.bin", PUBLISHED)
    fetcher = CountingFetcher(data)
    seen: list[tuple[str, int, int | None]] = []
    manifest = packaged(data, "tiny-1.0.tar.gz")
    first = provision(tmp_path, manifest=manifest, fetcher=fetcher, progress=lambda *told: seen.append(told))
    before = (tmp_path / "tiny.bin").stat().st_mtime_ns
    second = provision(tmp_path, manifest=manifest, fetcher=fetcher)
    assert [file.state for file in first.files + second.files] == [FileState.PROVISIONED, FileState.PRESENT]
    assert (fetcher.calls, seen[0][0]) == (1, "tiny")
    assert (tmp_path / "tiny.bin").stat().st_mtime_ns == before
    assert not (tmp_path / ".sources").exists()


def test_a_package_with_another_hash_is_refused_and_thrown_away(tmp_path: Path) -> None:
    manifest = packaged(wheel("pkg/w.bin", PUBLISHED), "tiny.whl")
    forged = wheel("pkg/w.bin", b"something else")
    report = provision(tmp_path, manifest=manifest, fetcher=CountingFetcher(forged))
    assert not report.complete
    assert "not the pinned file" in report.missing[0].detail
    assert not (tmp_path / "tiny.bin").exists()
    assert not (tmp_path / ".sources/tiny.whl").exists()


def test_a_result_with_another_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(PUBLISHED)
    source = Source(sha(PUBLISHED), None, "w.bin", path=tmp_path / "w.bin")
    manifest = Manifest((entry_of(source, result=sha(b"what the converter gave when it was pinned")),))
    report = provision(tmp_path / "m", manifest=manifest, fetcher=CountingFetcher())
    assert "another file than the pinned one" in report.missing[0].detail
    assert not (tmp_path / "m/tiny.bin").exists()


def test_a_changed_file_is_noticed_and_brought_again(tmp_path: Path) -> None:
    data = wheel("pkg/w.bin", PUBLISHED)
    manifest, fetcher = packaged(data, "tiny.whl"), CountingFetcher(data)
    provision(tmp_path, manifest=manifest, fetcher=fetcher)
    (tmp_path / "tiny.bin").write_bytes(b"tampered")
    assert not verify(tmp_path, manifest=manifest).complete
    assert provision(tmp_path, manifest=manifest, fetcher=fetcher).files[0].state is FileState.PROVISIONED
    assert verify(tmp_path, manifest=manifest).complete


def test_a_missing_optional_file_is_told_with_what_it_switches_off(tmp_path: Path) -> None:
    source = Source(sha(PUBLISHED), 1, "w.bin", url="https://example.invalid/w.bin")
    manifest = Manifest((entry_of(source, required=False),))
    report = provision(tmp_path, manifest=manifest, fetcher=CountingFetcher())
    assert report.complete
    assert report.words() == ("Tiny (tiny.bin) is missing: no network here. This switches off the lights.",)


def test_an_operators_own_file_without_pinned_result_is_recorded_and_kept_to(tmp_path: Path) -> None:
    (tmp_path / "own.onnx").write_bytes(PUBLISHED)
    (tmp_path / "own.toml").write_text(
        f'format = 1\n[[model]]\nrole = "face-embedding"\nconverter = "copy"\nlicence = "ours"\n'
        f'[model.source]\npath = "own.onnx"\nsha256 = "{sha(PUBLISHED)}"\n'
    )
    manifest = load_manifest(tmp_path / "own.toml")
    report = provision(tmp_path / "m", roles=["face-embedding"], manifest=manifest, fetcher=CountingFetcher())
    assert report.complete
    assert (tmp_path / "m/dlib_embedding.onnx").read_bytes() == PUBLISHED
    unpinned = Manifest(
        tuple(dataclasses.replace(e, sha256=None) for e in manifest.chosen(frozenset({"face-embedding"})))
    )
    provision(tmp_path / "n", manifest=unpinned, fetcher=CountingFetcher())
    assert verify(tmp_path / "n", manifest=unpinned).complete
    (tmp_path / "n/dlib_embedding.onnx").write_bytes(b"swapped")
    assert not verify(tmp_path / "n", manifest=unpinned).complete


def test_an_unknown_role_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no-such-role"):
        provision(tmp_path, roles=["no-such-role"], fetcher=CountingFetcher())


@pytest.mark.parametrize(
    "text",
    [
        "format = 2",
        "nonsense",
        'format = 1\n[[model]]\nrole = "x"',
        'format = 1\n[[model]]\nrole = "x"\nfile = "../up"\nconverter = "copy"\nlicence = "l"\nswitches_off = "y"\n'
        f'[model.source]\npath = "p"\nsha256 = "{"0" * 64}"',
        'format = 1\n[[model]]\nrole = "x"\nfile = "f"\nconverter = "copy"\nlicence = "l"\nswitches_off = "y"\n'
        f'[model.source]\nurl = "file:///etc/passwd"\nsha256 = "{"0" * 64}"',
    ],
)
def test_a_broken_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(ManifestError):
        load_manifest(tmp_path / "own.toml")


def test_the_built_in_manifest_is_complete() -> None:
    manifest = load_manifest()
    assert all(entry.sha256 and entry.licence and entry.switches_off for entry in manifest.entries)
    assert {entry.file for entry in manifest.entries} >= {"dlib_embedding.onnx", "dlib_five_points.npz"}


def test_settings_come_from_the_environment() -> None:
    own, caches = settings_from({"LANDSEAL_MODEL_CACHE": "/a:/b:", "LANDSEAL_MODEL_MANIFEST": "/m.toml"}, ":")
    assert (own, caches) == (Path("/m.toml"), (Path("/a"), Path("/b")))


def test_a_second_provisioner_of_one_folder_waits_and_then_says_so(tmp_path: Path) -> None:
    with exclusive(tmp_path / ".lock", timeout_s=1), pytest.raises(ProvisioningBusy):
        provision(tmp_path, manifest=Manifest(()), lock_timeout_s=0)


class _RangeServer(http.server.BaseHTTPRequestHandler):
    asked: list[str | None]
    breaks_at: int | None

    def do_GET(self) -> None:
        type(self).asked.append(self.headers.get("Range"))
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if "Range" in self.headers else 0
        body = PUBLISHED[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut, type(self).breaks_at = type(self).breaks_at, None
        self.wfile.write(body[:cut])

    def log_message(self, format: str, *args: object) -> None:
        """Tests say nothing."""


@pytest.fixture
def server() -> Iterator[tuple[str, type[_RangeServer]]]:
    handler = type("Handler", (_RangeServer,), {"asked": [], "breaks_at": None})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}/w.bin", handler
        running.shutdown()
        thread.join()


def test_a_broken_download_is_resumed_where_it_stopped(tmp_path: Path, server: tuple[str, type[_RangeServer]]) -> None:
    url, handler = server
    handler.breaks_at = 7000
    source = Source(sha(PUBLISHED), len(PUBLISHED), "w.bin", url=url)
    with pytest.raises(SourceUnavailable):
        OutsideFetcher(url_timeout_s=2).url(source, tmp_path, silent)
    assert (tmp_path / "w.bin.part").stat().st_size == 7000
    path = OutsideFetcher(url_timeout_s=2).url(source, tmp_path, silent)
    assert path.read_bytes() == PUBLISHED
    assert handler.asked == [None, "bytes=7000-"]


def test_a_download_with_another_hash_is_thrown_away(tmp_path: Path, server: tuple[str, type[_RangeServer]]) -> None:
    source = Source(sha(b"x"), len(PUBLISHED), "w.bin", url=server[0])
    with pytest.raises(SourceUnavailable, match="another file"):
        OutsideFetcher(url_timeout_s=2).url(source, tmp_path, silent)
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_address_is_said_plainly_and_at_once(tmp_path: Path) -> None:
    source = Source(sha(b"x"), 1, "w.bin", url="http://127.0.0.1:9/w.bin")
    with pytest.raises(SourceUnavailable, match="refused"):
        OutsideFetcher(url_timeout_s=1).url(source, tmp_path, silent)
