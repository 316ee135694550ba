"""Generates the Python stubs of every proto, beside the proto: ``python protos/generate.py``.

Needs the ``dev`` extra (grpcio-tools and mypy-protobuf, pinned: the stubs' text depends on their versions).
``tests/house/test_stubs.py`` runs the same functions into a temporary folder and compares with what is committed.
"""

from __future__ import annotations

import argparse
import importlib.resources
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

OURS = "protos"
"""Folder of our own protos; services get grpc stubs."""

VENDORED = "third_party"
"""Folder of vendored protos; only messages."""

_STUB_SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")
_BUF_IMPORT = re.compile(rb"^(from |import )buf\.", re.MULTILINE)
_BUF_NAME = re.compile(rb"(?<![\w./\"])buf\.validate\.validate_pb2")


def _protos(folder: str) -> list[str]:
    return sorted(path.relative_to(ROOT / folder).as_posix() for path in (ROOT / folder).rglob("*.proto"))


def _protoc(files: list[str], out: Path, *, services: bool) -> None:
    includes = [
        ROOT / OURS,
        ROOT / VENDORED,
        Path(str(importlib.resources.files("grpc_tools") / "_proto")),
        Path(sysconfig.get_path("purelib")),  # google/{api,rpc,type} from googleapis-common-protos
    ]
    outputs = [f"--python_out={out}", f"--mypy_out=quiet,readable_stubs:{out}"]
    if services:
        outputs += [f"--grpc_python_out={out}", f"--mypy_grpc_out=quiet:{out}"]
    scripts = sysconfig.get_path("scripts")
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", *(f"-I{path}" for path in includes), *outputs, *files],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PATH": scripts + os.pathsep + os.environ.get("PATH", "")},
    )


def _rehome_buf(out: Path) -> None:
    """Points imports of ``buf`` to ``landseal.buf``, the only place where the vendored stubs live."""
    for path in sorted(out.rglob("*_pb2*.py*")):
        text = path.read_bytes()
        moved = _BUF_NAME.sub(rb"landseal.buf.validate.validate_pb2", _BUF_IMPORT.sub(rb"\1landseal.buf.", text))
        if moved != text:
            path.write_bytes(moved)


def _drop_empty_services(out: Path) -> None:
    """Removes grpc stubs of protos that declare no service: they would be modules without a name in them."""
    for path in sorted(out.rglob("*_pb2_grpc.py")):
        if b"class " not in path.read_bytes():
            path.unlink()
            path.with_suffix(".pyi").unlink(missing_ok=True)


def generate(out: Path) -> None:
    """Writes all stubs below ``out``, in ``protos/`` and ``third_party/`` as in the repository.

    Raises:
        subprocess.CalledProcessError: protoc refused a proto; its message went to stderr.
    """
    for folder, services in ((OURS, True), (VENDORED, False)):
        files = _protos(folder)
        (out / folder).mkdir(parents=True, exist_ok=True)
        if files:
            _protoc(files, out / folder, services=services)
            _rehome_buf(out / folder)
            _drop_empty_services(out / folder)


def stubs(root: Path) -> dict[str, bytes]:
    """All stubs below ``root`` by their path relative to it."""
    found = (path for folder in (OURS, VENDORED) for path in (root / folder).rglob("*_pb2*"))
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(found) if p.name.endswith(_STUB_SUFFIXES)}


def main() -> None:
    """Generates into the repository, or into ``--out``; removes stubs whose proto is gone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT, help="folder to write into (default: the repository)")
    out: Path = parser.parse_args().out
    for name in stubs(out):
        (out / name).unlink()
    generate(out)
    print(f"{len(stubs(out))} stubs written")


if __name__ == "__main__":
    main()
