"""kill -9 of an engine in the middle of a verification: a typed error, recovery, nothing lost and nothing concluded."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from conftest import Engines
from support.deal import alive

from landseal.clients.cameras.base import Camera, Capture, CaptureInstruction, OnPrompt
from landseal.clients.errors import LandsealError
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose
from landseal.server.storage.fsck import fsck

from .conftest import Village

pytestmark = pytest.mark.engines
PATIENCE_S = 60.0


class Interrupted:
    """Films honestly, then does something to the engines before anything is uploaded."""

    def __init__(self, camera: Camera, then: Callable[[], None]) -> None:
        self._camera, self._then = camera, then

    def capture(self, instruction: CaptureInstruction, on_prompt: OnPrompt) -> Capture:
        taken = self._camera.capture(instruction, on_prompt)
        self._then()
        return taken


def _kill(pid: int | None, after_s: float) -> None:
    assert pid is not None
    time.sleep(after_s)
    os.kill(pid, signal.SIGKILL)


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "the engine did not come back"
        time.sleep(0.2)


def _receipts(village: Village) -> int:
    with psycopg.connect(village.stage.engines.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM receipt").fetchone()
    assert row is not None
    return int(row[0])


def test_triton_killed_while_it_reads_a_burst(village: Village, engines: Engines) -> None:
    pid = engines.triton.pid
    assert pid is not None

    def freeze_then_kill() -> None:
        # Stopped, it holds the request for sure; then it dies with the request inside.
        os.kill(pid, signal.SIGSTOP)
        threading.Thread(target=_kill, args=(pid, 3.0)).start()

    before = _receipts(village)
    with pytest.raises(LandsealError) as failure:
        village.taker.client.verification.attempt(
            Purpose.CODE, Binding(), Interrupted(village.taker.camera, freeze_then_kill)
        )
    assert failure.value.reason is Reason.FACE_ENGINE_AWAY
    assert _receipts(village) == before
    _await(lambda: village.stage.app.reader.health().ready)
    assert alive(village.taker, Purpose.CODE, Binding())
    assert fsck(village.stage.app.store) == []


def test_postgresql_killed_between_capture_and_upload(village: Village, engines: Engines) -> None:
    pid = engines.postgres.pid
    before = _receipts(village)
    try:
        verdict = village.taker.client.verification.attempt(
            Purpose.CODE, Binding(), Interrupted(village.taker.camera, lambda: _kill(pid, 0.0))
        )
        reason: object = verdict.reason
    except LandsealError as error:
        reason = error.reason
    # It restarts within the client's retries, or the client hears why; either way nothing is half there.
    assert reason in (Reason.PASSED, Reason.DATABASE_AWAY, Reason.UPLOAD_GONE)
    _await(lambda: village.stage.app.store.version() != "")
    assert _receipts(village) - before == (1 if reason is Reason.PASSED else 0)
    assert alive(village.taker, Purpose.CODE, Binding())
    assert fsck(village.stage.app.store) == []
