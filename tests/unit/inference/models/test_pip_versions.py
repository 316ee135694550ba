"""Packages are fetched with the pip that a new environment brings, old or new."""

from __future__ import annotations

import importlib.metadata

import pytest

from landseal.inference.models import fetch


@pytest.mark.parametrize(
    ("version", "bar"), [("23.0.1", "off"), ("23.2.1", "off"), ("24.0", "off"), ("24.1", "raw"), ("26.3", "raw")]
)
def test_an_older_pip_is_not_asked_for_a_bar_it_does_not_know(
    version: str, bar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: version)
    assert fetch._progress_bar() == bar
