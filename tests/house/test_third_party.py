"""The list of third-party packages says what is pinned."""

from __future__ import annotations

import re

from support.tree import ROOT


def test_every_pinned_package_is_listed_with_its_version_and_a_licence() -> None:
    pins = re.findall(r"^([\w.-]+)==([\w.+-]+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    rows = re.findall(r"^\| ([\w.-]+) \| ([\w.+-]+) \| \S", (ROOT / "THIRD_PARTY.md").read_text(), re.MULTILINE)
    assert rows[1:] == pins  # the first is the head


def test_direct_dependencies_are_pinned_as_in_the_constraints() -> None:
    pins = set(re.findall(r"^([\w.-]+==[\w.+-]+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    direct = re.findall(
        r'^  "([\w.-]+)(?:\[\w+\])?(==[\w.+-]+)",$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert len(direct) > 30

    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    known = {plain(pin.partition("==")[0]) + "==" + pin.partition("==")[2] for pin in pins}
    assert [name + version for name, version in direct if plain(name) + version not in known] == []
