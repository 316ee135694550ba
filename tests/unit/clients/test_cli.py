"""The command line against a fake platform (``tests/support/fake_platform.py``): sentences, exit codes, secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner, Result
from support.fake_platform import TERMS, FakePlatform
from support.land import OTHER, OWNER, parcel

from landseal.clients import termsfile
from landseal.clients.cli.main import main
from landseal.clients.cli.speech import AWAY, DOUBT, FACE, INVALID, SESSION
from landseal.clients.profile import ProfileFolder
from landseal.server.domain.reasons import Reason

DEMO = ("--allow-mark", "demo")


@dataclass
class Terminal:
    """One person's terminal: a profile of their own and five frames."""

    platform: FakePlatform
    folder: Path
    legal_name: str
    id_number: str

    def run(self, *words: str, answer: str = "y\n", lang: str = "en") -> Result:
        frames = self.folder / "frames"
        frames.mkdir(exist_ok=True)
        for number in range(5):
            (frames / f"{number}.jpg").write_bytes(b"frame %d" % number)
        secrets = {
            "LANDSEAL_PASSWORD": "a long password", "LANDSEAL_ID_NUMBER": self.id_number,
            "LANDSEAL_REGISTRATION_CODE": "CODE-1234", "LANDSEAL_CAMERA": f"files:{frames}",
        }  # fmt: skip
        profile = str(self.folder / "profile")
        return CliRunner(env=secrets).invoke(main, ["--lang", lang, "--profile", profile, *words], input=answer)

    def join(self, login_name: str, *more: str) -> None:
        pem = self.folder / "server.pem"
        pem.write_bytes(self.platform.certificate_pem)
        words = ("--server", self.platform.target, "--login-name", login_name, "--name", self.legal_name)
        assert self.run("register", *words, "--trust-certificate", str(pem), *DEMO, *more).exit_code == 0
        assert self.run("login").exit_code == 0


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    held = FakePlatform("demo")  # frames come from files
    yield held
    held.stop()


@pytest.fixture
def giver(platform: FakePlatform, tmp_path: Path) -> Terminal:
    (tmp_path / "giver").mkdir()
    terminal = Terminal(platform, tmp_path / "giver", "王大山", OWNER)
    terminal.join("13800001111")
    return terminal


@pytest.fixture
def taker(platform: FakePlatform, tmp_path: Path, giver: Terminal) -> Terminal:
    (tmp_path / "taker").mkdir()
    terminal = Terminal(platform, tmp_path / "taker", "欧阳春梅", OTHER)
    terminal.join("13900002222")
    return terminal


def _proposed(giver: Terminal, taker: Terminal) -> None:
    payload = taker.run("code").stdout.split()[-1]
    assert giver.run("scan", "--payload", payload).exit_code == 0
    assert parcel(1).code in giver.run("parcels", "tr-1").stdout
    terms = giver.folder / "terms.json"
    terms.write_text(termsfile.dump(TERMS), "utf-8")
    pdf = str(giver.folder / "offer.pdf")
    made = giver.run("propose", "tr-1", "--terms", str(terms), "--parcel", parcel(1).code, "--pdf", pdf)
    assert made.exit_code == 0, made.output


def test_two_terminals_conclude_a_contract_that_verifies_offline(giver: Terminal, taker: Terminal) -> None:
    _proposed(giver, taker)
    done = taker.run("confirm", "tr-1", "--pdf", str(taker.folder / "c.pdf"))
    assert done.exit_code == 0, done.output
    giver.platform.stop()
    saved = str(taker.folder / "c.contract")
    checked = giver.run("contract", "verify", saved, *DEMO)
    assert checked.exit_code == 0, checked.output
    *lines, last = checked.stdout.splitlines()
    assert (len(lines), {line[0] for line in lines}) == (13, {"✓"})
    assert "[PASSED]" in last
    (taker.folder / "c.pdf").write_bytes(b"another")
    refused = taker.run("contract", "verify", saved, *DEMO)
    assert refused.exit_code == INVALID
    assert [line[0] for line in refused.stdout.splitlines()[:-1]] == ["✓", "✓", "✓", "✗"]
    assert "[CONTRACT_ALTERED]" in refused.stdout


def test_a_demonstration_is_not_valid_unless_asked_for_by_name(giver: Terminal, taker: Terminal) -> None:
    _proposed(giver, taker)
    taker.run("confirm", "tr-1", "--pdf", str(taker.folder / "c.pdf"))
    refused = taker.run("contract", "verify", str(taker.folder / "c.contract"))
    assert (refused.exit_code, refused.stdout.splitlines()[-2][0]) == (INVALID, "✗")
    assert "[DEMO_MARK_REFUSED]" in refused.stdout


@pytest.mark.parametrize("data", [b"", b"no contract", b"\xff" * 40])
def test_a_file_that_is_no_contract_is_not_valid(giver: Terminal, data: bytes) -> None:
    (giver.folder / "c.contract").write_bytes(data)
    (giver.folder / "c.pdf").write_bytes(b"%PDF")
    refused = giver.run("contract", "verify", str(giver.folder / "c.contract"))
    assert (refused.exit_code, refused.stdout[0]) == (INVALID, "✗")


def _known(giver: Terminal) -> Path:
    return giver.folder / "profile" / "transfers.json"


def test_a_later_process_still_knows_whom_the_person_confirmed(giver: Terminal, taker: Terminal) -> None:
    _proposed(giver, taker)
    assert _known(giver).stat().st_mode & 0o077 == 0
    assert OTHER not in _known(giver).read_text("utf-8")
    review = ("verify", "--purpose", "sign", "--transfer", "tr-1")
    assert giver.run(*review).exit_code == 0
    other = json.loads(_known(giver).read_text("utf-8"))
    other["tr-1"][2] = "赵*"
    _known(giver).write_text(json.dumps(other), "utf-8")
    refused = giver.run(*review)
    assert refused.exit_code == DOUBT
    assert "the other party is not the one known" in refused.stderr


@pytest.mark.parametrize("text", ["", "[]", '{"tr-1": ["one"]}'])
def test_a_faulty_file_of_counterparties_stops_everything(giver: Terminal, taker: Terminal, text: str) -> None:
    _proposed(giver, taker)
    _known(giver).write_text(text, "utf-8")
    assert "[PROFILE_FAULTY]" in giver.run("verify", "--purpose", "sign", "--transfer", "tr-1").stderr


def test_without_a_clear_yes_nothing_is_signed(giver: Terminal, taker: Terminal) -> None:
    _proposed(giver, taker)
    for answer in ("n\n", ""):
        assert taker.run("confirm", "tr-1", "--pdf", str(taker.folder / "c.pdf"), answer=answer).exit_code == 1
    assert "ConfirmContract" not in giver.platform.calls


def test_identities_that_are_not_confirmed_begin_nothing(giver: Terminal, taker: Terminal) -> None:
    payload = taker.run("code").stdout.split()[-1]
    refused = giver.run("scan", "--payload", payload, answer="n\n")
    assert refused.exit_code == 1
    assert "欧***" in refused.stdout
    assert OTHER not in refused.output
    assert "CreateTransfer" not in giver.platform.calls


def test_a_server_is_not_trusted_without_a_certificate_or_a_clear_yes(platform: FakePlatform, tmp_path: Path) -> None:
    terminal = Terminal(platform, tmp_path, "王大山", OWNER)
    words = ("register", "--server", platform.target, "--login-name", "abc", "--name", "王大山", *DEMO)
    assert terminal.run(*words).exit_code == DOUBT
    refused = terminal.run(*words, "--trust-on-first-use", answer="n\n")
    assert refused.exit_code == DOUBT
    assert platform.calls == []
    assert terminal.run(*words, "--trust-on-first-use").exit_code == 0


def test_a_demonstration_server_is_refused_unless_named(tmp_path: Path) -> None:
    platform = FakePlatform("demo")
    terminal = Terminal(platform, tmp_path, "王大山", OWNER)
    (tmp_path / "pem").write_bytes(platform.certificate_pem)
    words = ("register", "--server", platform.target, "--login-name", "abc", "--name", "王大山", "--trust-certificate")
    refused = terminal.run(*words, str(tmp_path / "pem"))
    assert refused.exit_code == DOUBT
    assert "--allow-mark demo" in refused.stderr
    assert terminal.run(*words, str(tmp_path / "pem"), "--allow-mark", "demo").exit_code == 0
    platform.stop()


def test_a_lost_answer_to_a_registration_is_asked_for_again_with_the_same_request(
    platform: FakePlatform, tmp_path: Path
) -> None:
    terminal = Terminal(platform, tmp_path, "王大山", OWNER)
    platform.failures["RegisterAccount after"] = [grpc.StatusCode.DEADLINE_EXCEEDED]
    with pytest.raises(AssertionError):
        terminal.join("13800001111")
    terminal.join("13800001111")
    assert platform.calls.count("RegisterAccount") == 2
    assert len(platform.accounts) == 1


def test_no_secret_reaches_the_screen_or_the_arguments(giver: Terminal) -> None:
    keys = json.loads((giver.folder / "profile" / "keys.json").read_text())
    session = json.loads((giver.folder / "profile" / "session.json").read_text())
    shown = "".join(
        giver.run(*words).output for words in (("whoami",), ("transfers",), ("verify", "--purpose", "code"))
    )
    for secret in (keys["secret"], session["token"], "a long password", OWNER):
        assert secret not in shown
    help_text = giver.run("register", "--help").output + giver.run("login", "--help").output
    assert "--password" not in help_text
    assert [path.stat().st_mode & 0o077 for path in (giver.folder / "profile").iterdir()] == [0, 0, 0]


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Reason.SESSION_REPLACED, SESSION),
        (Reason.OVERLOADED, AWAY),
        (Reason.NOT_YOURS, 1),
        (grpc.StatusCode.DEADLINE_EXCEEDED, AWAY),
    ],
)
def test_every_refusal_has_its_exit_code_and_no_traceback(
    giver: Terminal, failure: Reason | grpc.StatusCode, code: int
) -> None:
    giver.platform.failures["GetSession"] = [failure]
    refused = giver.run("whoami")
    assert refused.exit_code == code
    assert "Traceback" not in refused.output
    assert "[" in refused.stderr


def test_a_session_used_elsewhere_is_forgotten_here(giver: Terminal) -> None:
    giver.platform.failures["GetSession"] = [Reason.SESSION_REPLACED]
    assert "Your account was used elsewhere." in giver.run("whoami").stderr
    assert ProfileFolder(giver.folder / "profile").load_session() is None
    assert "NOT_LOGGED_IN" in giver.run("whoami").stderr


def test_a_server_that_is_gone_is_told_plainly_in_both_languages(giver: Terminal) -> None:
    giver.platform.stop()
    assert giver.run("logout").exit_code == AWAY
    assert "无法连接服务器。" in giver.run("login", lang="zh").stderr
    assert "The server cannot be reached." in giver.run("login").stderr


def test_a_refused_face_ends_with_its_own_code_and_the_hint(giver: Terminal) -> None:
    giver.platform.verdict = Reason.FACE_TOO_SMALL
    refused = giver.run("verify", "--purpose", "code")
    assert refused.exit_code == FACE
    assert "closer (2 attempts left)" in refused.stderr


def test_terms_with_faults_are_refused_with_all_of_them(giver: Terminal, tmp_path: Path) -> None:
    (tmp_path / "terms.json").write_text('{"kind": "GIFT", "rent_fen": -5, "colour": 1, "start_date": "soon"}')
    refused = giver.run("propose", "tr-1", "--terms", str(tmp_path / "terms.json"), "--parcel", "1")
    assert refused.exit_code == 1
    assert all(name in refused.stderr for name in ("kind", "rent_fen", "colour", "start_date", "TERMS_FILE_FAULTY"))


def test_help_names_every_exit_code(giver: Terminal) -> None:
    text = giver.run("--help").output
    assert all(f"  {code}  " in text for code in (0, 1, 2, 3, 4, 5, 6, 7, 130))
