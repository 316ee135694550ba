"""Holds what strangers read: links lead somewhere, commands and settings exist, numbers are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from support import readme
from support.tree import ROOT

from landseal.clients.cli.main import main
from landseal.clients.demo.score import documented_inference
from landseal.server.domain.reasons import Reason
from landseal.server.settings import unknown_names
from landseal.server.usecases.verifications import SAMPLES

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ELSEWHERE = ("http://", "https://", "mailto:")
_CALL = re.compile(r"(?:^|[`/\s])landseal ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
_VARIABLE = re.compile(r"\bLANDSEAL_[A-Z_]*[A-Z]\b")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _prose(path: Path) -> str:
    """Without fenced blocks, in which brackets mean other things."""
    return re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def _anchors(path: Path) -> set[str]:
    """As the usual hosts make them from headings."""
    headings = re.findall(r"^#+ +(.+?) *$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_relative_link_leads_to_a_file_and_every_anchor_to_a_heading(path: Path) -> None:
    broken = []
    for link in _LINK.findall(_prose(path)):
        if link.startswith(_ELSEWHERE):
            continue
        place, _, anchor = link.partition("#")
        target = (path.parent / place).resolve() if place else path
        inside = target.is_relative_to(ROOT) and target.exists()
        if not inside or (anchor and target.suffix == ".md" and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


def _ci_steps() -> list[str]:
    """What the checker's script runs, without what only makes it quieter."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    steps = [line.strip() for line in script.splitlines() if re.search(r"-m venv|pip install|tox run", line)]
    kept = [step.partition("|| ")[2] or step for step in steps if not step.startswith("#")]
    noise = (" --quiet", " --disable-pip-version-check", "exec ", ' "$@"')
    for word in noise:
        kept = [step.replace(word, "") for step in kept]
    return [step.replace('"$python"', "python3") for step in kept]


def test_the_test_command_of_the_readme_is_what_the_checkers_run() -> None:
    _, tests = readme.two_commands()
    assert tests == _ci_steps()


def test_both_commands_pin_what_the_project_pins() -> None:
    demo, tests = readme.two_commands()
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    tox = next(word for word in tests[1].split() if word.startswith("tox=="))
    assert f'"{tox}"' in project
    assert demo[1].split()[1:4] == ["install", "-c", "constraints.txt"]
    assert (ROOT / "constraints.txt").is_file()


def test_the_demo_command_of_the_readme_is_what_the_end_to_end_test_runs() -> None:
    assert readme.demo_arguments() == ["demo", "--json", "out.json"]
    ours = (ROOT / "tests" / "e2e" / "test_demo.py").read_text(encoding="utf-8")
    assert "readme.demo_arguments()" in ours


def _resolves(group: click.Group, name: str) -> click.Command | None:
    return group.get_command(click.Context(group), name)


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_command_that_is_named_exists(path: Path) -> None:
    missing = []
    quoted = re.findall(r"`[^`]+`|```.*?```", path.read_text(encoding="utf-8"), re.DOTALL)
    for first, second in (found for text in quoted for found in _CALL.findall(text)):
        command = _resolves(main, first)
        if command is None:
            missing.append(first)
        elif second and isinstance(command, click.Group) and _resolves(command, second) is None:
            missing.append(f"{first} {second}")
    assert missing == []


def test_the_readme_names_commands_at_all() -> None:
    found = {first for block in readme.shell_blocks() for first, _ in _CALL.findall(block)}
    assert {"demo", "serve", "models", "admin"} <= found


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(_VARIABLE.findall(path.read_text(encoding="utf-8")))
    assert unknown_names(dict.fromkeys(named, "")) == ()


def test_the_readme_counts_inferences_as_the_demo_does() -> None:
    stated = {
        name: number.strip() for name, number in re.findall(r"^\| `(\w+)` \| ([^|]+)\|", readme.text(), re.MULTILINE)
    }
    counts = documented_inference(30, silent=True)
    assert stated["frames"] == "N"
    assert {name: int(stated[name]) for name in ("select", "embedding", "liveness")} == {
        name: counts[name] for name in ("select", "embedding", "liveness")
    }
    assert (counts["frames"], counts["liveness"]) == (30, SAMPLES)


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_code_place_that_is_named_exists(path: Path) -> None:
    """Paths in backticks, as far as they look like ours."""
    rooms = ("server/", "inference/", "clients/", "protos/", "tests/", "docs/", "model_repository/")
    found = re.findall(r"`([\w./-]+\.(?:py|md|proto|json|toml|txt))`", _prose(path))
    assert [name for name in found if name.startswith(rooms) and not (ROOT / name).exists()] == []


def test_every_reason_that_the_documents_name_is_in_the_catalogue() -> None:
    """Words in capitals that look like reasons, by the catalogue's own beginnings."""
    beginnings = {reason.value.split("_")[0] for reason in Reason}
    known = {reason.value for reason in Reason}
    unknown = {
        f"{_name(path)}: {word}"
        for path in DOCUMENTS
        for word in re.findall(r"`([A-Z]+_[A-Z_]+)`", path.read_text(encoding="utf-8"))
        if word.split("_")[0] in beginnings and word not in known and not word.startswith(("REASON_", "LANDSEAL_"))
    }
    assert {each for each in unknown if not _other_enum(each)} == set()


def _other_enum(each: str) -> bool:
    """Values of other enums of the protos share beginnings with reasons."""
    word = each.rpartition(" ")[2]
    return any(
        re.search(rf"\b(\w+_)?{word}\b", path.read_text(encoding="utf-8"))
        for path in (ROOT / "protos").rglob("*.proto")
    )
