"""The load generator: many accounts that verify at the same time, in a process of its own so that its CPU is apart."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from landseal.clients.admin import AdminClient, PersonToImport
from landseal.clients.bench.bursts import Burst, portraits
from landseal.clients.bench.site import Site
from landseal.clients.bench.statistics import ModelCount, TritonStatistics
from landseal.clients.cameras.base import Capture, CaptureInstruction, OnPrompt
from landseal.clients.channel import ClientCertificate, open_channel
from landseal.clients.client import LandsealClient
from landseal.clients.errors import LandsealError
from landseal.clients.keys import DeviceKeys
from landseal.clients.session import Registration
from landseal.clients.verification import Watcher
from landseal.server.domain.idcard import check_digit
from landseal.server.domain.receipts import Binding, Purpose

PASSWORD = "mountain-river-field-load"  # noqa: S105 - of invented accounts that live for one run


@dataclass(frozen=True)
class Attempt:
    """How one verification ended, and how long it took from its first call to its last."""

    reason: str
    seconds: float


@dataclass(frozen=True)
class Load:
    """One command to the generator: which bursts, and how many at a time."""

    bursts: range
    at_once: int


@dataclass(frozen=True)
class Loaded:
    """What became of it."""

    attempts: tuple[Attempt, ...]
    wall_s: float


class _Stock:
    """A camera that has the right take already."""

    def __init__(self, burst: Burst) -> None:
        self._burst = burst

    def capture(self, instruction: CaptureInstruction, _on_prompt: OnPrompt) -> Capture:
        if instruction.frame_count != len(self._burst.images):
            raise ValueError("the server issued another instruction than the known one; is somebody else using it?")
        return self._burst.capture()


class Crowd:
    """The accounts and their connections. Bursts must be sent in order: the server issues its instructions in turn."""

    def __init__(self, site: Site, bursts: Sequence[Burst]) -> None:
        """Imports, registers and logs in as many people as the bursts need, each in a collective of their own."""
        self._bursts = bursts
        self._order = threading.Lock()
        with _Administrator(site) as admin:
            self._clients = _entered(site, admin, 1 + max(burst.account for burst in bursts))

    def load(self, command: Load) -> Loaded:
        """Sends the bursts, so many at a time, each as soon as another has ended (closed loop)."""
        waiting = iter(command.bursts)
        begin = time.perf_counter()
        with ThreadPoolExecutor(command.at_once) as pool:
            done = list(pool.map(lambda _: list(self._work(waiting)), range(command.at_once)))
        return Loaded(tuple(each for worker in done for each in worker), time.perf_counter() - begin)

    def _work(self, waiting: Iterator[int]) -> Iterator[Attempt]:
        while True:
            self._order.acquire()
            index = next(waiting, None)
            if index is None:
                self._order.release()
                return
            yield self._attempt(self._bursts[index])

    def _attempt(self, burst: Burst) -> Attempt:
        """Verifies once; enters holding the lock, which is let go once the instruction is known."""
        held = [self._order]

        def let_go(_instruction: CaptureInstruction | None = None) -> None:
            if held:
                held.pop().release()

        begin = time.perf_counter()
        try:
            verdict = self._clients[burst.account].verification.attempt(
                Purpose.CODE, Binding(), _Stock(burst), Watcher(on_instruction=let_go)
            )
            reason = verdict.reason.value
        except LandsealError as error:
            reason = str(error.reason.value)
        finally:
            let_go()
        return Attempt(reason, time.perf_counter() - begin)

    def close(self) -> None:
        """Closes all connections."""
        for client in self._clients:
            client.close()


class _Administrator:
    """The administrator's connection, with the certificate that the server made at its start."""

    def __init__(self, site: Site) -> None:
        tls = site.home / "tls"
        certificate = ClientCertificate((tls / "admin.pem").read_bytes(), (tls / "admin.key").read_bytes())
        self._client = AdminClient(
            open_channel(f"localhost:{site.admin_port}", _authority(site.home), client=certificate)
        )

    def __enter__(self) -> AdminClient:
        return self._client

    def __exit__(self, *_exc: object) -> None:
        self._client.close()


def _authority(home: Path) -> bytes:
    return (home / "tls" / "ca.pem").read_bytes()


def _entered(site: Site, admin: AdminClient, accounts: int) -> list[LandsealClient]:
    people = [_person(number) for number in range(accounts)]
    answer = admin.import_faces(people)
    if answer.faults or not answer.done:
        raise RuntimeError(f"the portraits were refused: {[fault.code for fault in answer.faults]}")
    return [_enter(site, admin, number, person) for number, person in enumerate(people)]


def _person(number: int) -> PersonToImport:
    player = portraits()[number % len(portraits())]
    first17 = f"110101{19500101 + number // 999}{number % 999 + 1:03d}"
    return PersonToImport(player.legal_name, first17 + check_digit(first17), f"collective {number}", player.enrolled)


def _enter(site: Site, admin: AdminClient, number: int, person: PersonToImport) -> LandsealClient:
    client = LandsealClient.connect(f"localhost:{site.port}", _authority(site.home), allow_mark="loadtest")
    keys, name = DeviceKeys.generate(), f"1390000{number:04d}"
    code = admin.issue_code(person.id_number)
    account = client.session.register(Registration(name, PASSWORD, person.legal_name, person.id_number, code), keys)
    client.know_identity(person.legal_name, person.id_number)
    client.session.login(name, PASSWORD, keys, account)
    return client


def generate(site: Site, bursts: Sequence[Burst], control: Connection) -> None:
    """What the process runs: enters everybody, then obeys :class:`Load` and ``"count"`` until ``None`` comes."""
    crowd, statistics = Crowd(site, bursts), TritonStatistics(site.triton_url, site.triton_tls)
    control.send("ready")
    while (command := control.recv()) is not None:
        answer: Loaded | dict[str, ModelCount]
        answer = crowd.load(command) if isinstance(command, Load) else statistics.read()
        control.send(answer)
    crowd.close()
    statistics.close()
