"""The committed stubs are what the protos and the pinned tools yield."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from support.tree import ROOT


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "protos" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_stubs_regenerate_without_a_difference(generator: ModuleType, tmp_path: Path) -> None:
    generator.generate(tmp_path)
    fresh, committed = generator.stubs(tmp_path), generator.stubs(ROOT)
    assert sorted(fresh) == sorted(committed)
    assert [name for name in fresh if fresh[name] != committed[name]] == []


def test_every_noun_of_the_protos_can_be_imported(generator: ModuleType) -> None:
    nouns = {path.parts[2] for name in generator.stubs(ROOT) if (path := Path(name)).parts[0] == "protos"}
    assert sorted(noun for noun in nouns if importlib.util.find_spec(f"landseal.{noun}") is None) == []
