"""The shared library of Python is found, or fetched without root."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from landseal.server.engines import libpython
from landseal.server.engines.process import EngineUnavailable


def test_the_library_of_this_interpreter_is_found_or_fetched(tmp_path: Path) -> None:
    assert libpython.find_libpython(tmp_path).name == libpython.NAME


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="downloads with apt")
@pytest.mark.skipif(not sysconfig.get_config_var("DEBIAN_PYTHON") and libpython.NAME != "libpython3.11.so.1.0",
                    reason="this distribution packages another Python")  # fmt: skip
def test_a_missing_library_is_unpacked_from_the_distributions_package(tmp_path: Path) -> None:
    try:
        libpython.download(tmp_path / "lib")
    except EngineUnavailable as error:
        if isinstance(error.__cause__, subprocess.CalledProcessError) and "update" in error.__cause__.cmd:
            pytest.skip("the distribution's packages cannot be reached from here")
        raise
    found = (tmp_path / "lib" / libpython.NAME).read_bytes()
    assert found.startswith(b"\x7fELF")


def test_without_apt_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineUnavailable, match="no apt"):
        libpython.download(tmp_path / "lib")


def test_a_download_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_command: list[str], _cwd: str) -> None:
        raise subprocess.CalledProcessError(100, "apt-get")

    monkeypatch.setattr(libpython, "_run", fails)
    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/true")
    with pytest.raises(EngineUnavailable, match="apt install"):
        libpython.download(tmp_path / "lib")
    assert not (tmp_path / "lib").exists()
