"""``landseal demo`` as a stranger runs it: every scene as it should be, and nothing secret or alive left behind."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from support import readme
from support.processes import mentioning

from landseal.clients.demo import cast
from landseal.clients.localreasons import LocalReason
from landseal.server.domain.reasons import Reason
from landseal.server.rpc.journal import CANCELLED, OK
from landseal.server.rpc.services import TABLE

pytestmark = pytest.mark.engines
MUST_FAIL = {
    "stranger_face": "FACE_NOT_MATCHED",
    "frozen_photo": "LIP_MOTION_ABSENT",
    "shuffled_burst": "MOTION_NOT_CONTINUOUS",
    "wrong_instruction": "LIP_SHAPES_WRONG",
    "other_persons_lips": "IDENTITY_CHANGED",
    "replayed_burst": "BURST_REPLAYED",
    "query_before_notice": "NOTICE_REQUIRED",
    "query_for_other_identity": "RECEIPT_IDENTITY_MISMATCH",
    "expired_land_receipt": "RECEIPT_EXPIRED",
    "stale_code": "CODE_EXPIRED",
    "other_persons_contract": "NOT_YOURS",
    "changed_term_after_signing": "CONTRACT_ALTERED",
    "platform_alone_cannot_sign": "PARTY_SIGNATURE_INVALID",
    "puppet_under_production_policy": "",
}
"""What production says depends on whether the silent networks are there."""
PATIENCE_S = 900.0


@dataclass
class Played:
    """What one run of the demo left behind."""

    folder: Path
    home: Path
    status: int
    output: str = field(repr=False)
    journal: str = field(repr=False)
    """Kept by a second link while it ran: the demo erases its home."""
    places: list[Path]
    """The homes that it made."""

    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "out.json").read_text(encoding="utf-8"))
        return found

    def scenes(self) -> dict[str, dict[str, Any]]:
        return {scene["name"]: scene for scene in self.summary()["scenes"]}


class _Keeper(threading.Thread):
    """Links the journal of the running demo to a file of ours."""

    def __init__(self, base: Path, kept: Path) -> None:
        super().__init__(daemon=True)
        self.base, self.kept, self.places = base, kept, list[Path]()
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.05):
            for journal in self.base.glob("play-*/journal.jsonl"):
                if not self.kept.exists():
                    os.link(journal, self.kept)
                    self.places.append(journal.parent)


@pytest.fixture(scope="module")
def played(model_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("stranger")
    home = tmp_path_factory.mktemp("home")
    temporary = tmp_path_factory.mktemp("temporary")
    keeper = _Keeper(home / "demo", home / "kept.jsonl")
    keeper.start()
    environment = os.environ | {
        "LANDSEAL_HOME": str(home), "LANDSEAL_MODELS": str(model_weights), "TMPDIR": str(temporary), "COLUMNS": "200",
    }  # fmt: skip
    program = str(Path(sys.executable).parent / "landseal")
    ran = subprocess.run(
        [program, *readme.demo_arguments()],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    keeper.over.set()
    keeper.join()
    journal = keeper.kept.read_text(encoding="ascii") if keeper.kept.exists() else ""
    yield Played(folder, home, ran.returncode, ran.stdout + ran.stderr, journal, keeper.places)
    assert list(temporary.iterdir()) == []
    shutil.rmtree(home)


def test_every_scene_comes_as_it_should(played: Played) -> None:
    odd = [s for s in played.summary()["scenes"] if s["got"] != s["expected"]]
    assert odd == []
    assert (played.status, played.summary()["passed"]) == (0, True), played.output[-2000:]


def test_the_scenes_that_must_fail_are_there_with_their_reasons(played: Played) -> None:
    scenes, silent = played.scenes(), played.summary()["liveness"] == "silent+active"
    production = "CAPTURE_SOURCE_REFUSED" if silent else "SILENT_LIVENESS_REQUIRED"
    wanted = {name: reason or production for name, reason in MUST_FAIL.items()}
    assert {name: scenes[name]["got"] for name in wanted} == wanted
    assert "PASSED" not in wanted.values()


def test_all_reasons_are_of_the_catalogue_and_most_scenes_pass_beside_them(played: Played) -> None:
    told = {scene[key] for scene in played.summary()["scenes"] for key in ("expected", "got")}
    assert told <= {reason.value for reason in Reason} | {reason.value for reason in LocalReason}
    assert sum(scene["got"] == "PASSED" for scene in played.scenes().values()) >= 14
    assert len(played.scenes()) == len(played.summary()["scenes"])  # no name twice


def test_every_verification_ran_exactly_the_documented_inferences(played: Played) -> None:
    """The README's table, said once more here."""
    silent = played.summary()["liveness"] == "silent+active"
    measured = [scene["inference"] for scene in played.scenes().values() if "inference" in scene]
    assert len(measured) >= 12
    for each in measured:
        grown = {name: count - each["before"].get(name, 0) for name, count in each["after"].items()}
        frames = each["sent"]["frames"]
        assert 19 <= frames <= 44
        wanted = {"frames": frames, "select": 1, "embedding": 12, "liveness": 6 if silent else 0}
        assert {name: grown.get(name, 0) for name in wanted} == wanted
        assert grown.get("face_burst", 0) + grown.get("face_burst_active", 0) == 1


def test_the_engines_are_named_with_their_versions(played: Played) -> None:
    summary = played.summary()
    assert re.fullmatch(r"\d+\.\d+\.\d+", summary["engines"]["triton"])
    assert re.match(r"\d+\.\d+", summary["engines"]["postgresql"])
    assert (summary["policy"], summary["liveness"] in ("silent+active", "active")) == ("demo", True)


def test_the_contract_lies_there_as_a_pdf_beside_what_else_was_promised(played: Played) -> None:
    out = played.folder / "out"
    assert {path.name for path in out.iterdir()} == {
        "lease.pdf", "lease.contract", "transferee-code.png", "summary.json",
    }  # fmt: skip
    assert json.loads((out / "summary.json").read_text(encoding="utf-8")) == played.summary()
    pdf = PdfReader(played.folder / played.summary()["pdf"])
    words = "".join(page.extract_text() for page in pdf.pages)
    assert "艾林" in words
    assert "何葛丽" in words


def test_nothing_runs_or_lies_around_afterwards(played: Played) -> None:
    assert played.places, "the demo's home was never seen"
    assert mentioning(played.home) == []
    assert [path for path in (played.home / "demo").iterdir() if path.name.startswith("play-")] == []
    for place in played.places:
        region = "landseal-" + hashlib.sha256(os.fsencode(place / "triton")).hexdigest()[:12]
        assert list(Path("/dev/shm").glob(region + "*")) == []  # noqa: S108 - where Triton keeps its regions


def _secrets() -> list[str]:
    people = cast.transferor(), cast.transferee(), cast.bystander()
    return [secret for person in people for secret in (person.password, person.id_number, person.id_number[6:14])]


def test_the_journal_holds_who_what_when_and_outcome_and_nothing_else(played: Played) -> None:
    lines = [json.loads(line) for line in played.journal.splitlines()]
    assert len(lines) > 100
    methods = {f"/{service}/{short}" for service, rules in TABLE.items() for short in rules}
    outcomes = {OK, CANCELLED} | {reason.value for reason in Reason}
    for line in lines:
        assert set(line) == {"time", "method", "outcome", "ms", "peer", "account"}
        assert line["method"] in methods
        assert line["outcome"] in outcomes
        assert line["peer"] in ("ipv4", "ipv6", "unix")
        assert (
            line["account"] == "" or re.fullmatch(r"admin:[0-9a-f]{32}", line["account"]) or uuid.UUID(line["account"])
        )
    assert [secret for secret in _secrets() if secret in played.journal] == []


def test_neither_the_screen_nor_the_summary_shows_a_secret(played: Played) -> None:
    shown = played.output + (played.folder / "out.json").read_text(encoding="utf-8")
    assert [secret for secret in _secrets() if secret in shown] == []
    assert "landseal:c:" not in shown  # a code's payload
    assert "Bearer" not in shown
    assert "Traceback" not in shown
