"""Logins: whose failures slow down whom, what a stranger learns, what a token is worth without its device."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from landseal.server.crypto.signing import SigningKey, verify
from landseal.server.domain.budget import Budget
from landseal.server.domain.doors import Sealer, Store
from landseal.server.domain.errors import Refused
from landseal.server.domain.machinery import Tokens
from landseal.server.domain.once import Once
from landseal.server.domain.reasons import Reason
from landseal.server.domain.records import Account, Caller, Device, DeviceClass, EndReason, LoginAttempt, Session
from landseal.server.domain.signing import call_bytes
from landseal.server.domain.times import millis
from landseal.server.usecases.sessions import CallProof, LoginStarted, Sessions, StartLoginCommand
from landseal.server.usecases.throttle import Throttle

NOW = dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC)
PASSWORD = "a long password"


class People:
    """Two accounts with a device each, failures counted for ever; reads and writes at once."""

    def __init__(self, **devices: SigningKey) -> None:
        self.accounts = {name: Account(f"account-{name}", name, PASSWORD, f"person-{name}", NOW) for name in devices}
        self.devices = {
            key.public.key_id: Device(f"account-{name}", DeviceClass.PHONE, key.public, key.public, "", NOW)
            for name, key in devices.items()
        }
        self.attempts: list[LoginAttempt] = []
        self.failed: Counter[str] = Counter()

    @contextmanager
    def reads(self) -> Iterator[People]:
        yield self

    @contextmanager
    def writes(self, *, timeout_s: float) -> Iterator[People]:
        assert timeout_s > 0
        yield self

    def account_by_login_name(self, login_name: str) -> Account | None:
        return self.accounts.get(login_name)

    def device(self, auth_key_id: str) -> Device | None:
        return self.devices.get(auth_key_id)

    def failures(self, key: str, _now: dt.datetime, _window: dt.timedelta) -> int:
        return self.failed[key]

    def count_failure(self, key: str, _now: dt.datetime, _window: dt.timedelta) -> None:
        self.failed[key] += 1

    def add_login_attempt(self, attempt: LoginAttempt) -> None:
        self.attempts.append(attempt)

    def keep_answer(self, once: Once[Any], response: bytes, now: dt.datetime) -> None:
        pass


class Plain:
    """Passwords without a hash."""

    def hash(self, password: str) -> str:
        return password

    def verify(self, encoded: str | None, password: str) -> bool:
        return encoded == password


HERS, HIS, SERVER = (SigningKey(bytes([number]) * 32) for number in (1, 2, 3))


@pytest.fixture
def people() -> People:
    return People(wang=HERS, ouyang=HIS)


@pytest.fixture
def sessions(people: People) -> Sessions:
    store = cast(Store, people)
    return Sessions(
        store,
        cast(Sealer, None),
        Plain(),
        cast(Tokens, None),
        verify,
        server_key=SERVER.public,
        throttle=Throttle(store, lambda: NOW),
        clock=lambda: NOW,
    )


def start(sessions: Sessions, name: str, key_id: str, password: str = PASSWORD) -> LoginStarted:
    once: Once[LoginStarted] = Once("", "", str(uuid.uuid4()), b"", lambda _: b"")
    return sessions.start_login(StartLoginCommand(name, password, key_id), once, Budget.of_seconds(5))


def slowed(sessions: Sessions, name: str, key_id: str) -> bool:
    try:
        start(sessions, name, key_id)
    except Refused as refused:
        return refused.reason is Reason.RATE_LIMITED
    return False


@pytest.mark.parametrize("key_id", ["no key", HIS.public.key_id], ids=["unknown", "somebody else's"])
def test_junk_from_other_devices_slows_down_other_devices_alone(
    sessions: Sessions, people: People, key_id: str
) -> None:
    for _ in range(10):
        start(sessions, "wang", key_id, "a guess")
    assert slowed(sessions, "wang", key_id)
    assert slowed(sessions, "wang", "another unknown key")
    assert not slowed(sessions, "wang", HERS.public.key_id)
    assert people.attempts[-1].fits
    assert not slowed(sessions, "ouyang", HIS.public.key_id)


def test_guesses_on_the_accounts_own_device_are_slowed_down(sessions: Sessions) -> None:
    for _ in range(10):
        start(sessions, "wang", HERS.public.key_id, "a guess")
    assert slowed(sessions, "wang", HERS.public.key_id)
    assert not slowed(sessions, "ouyang", HIS.public.key_id)


def test_names_that_do_not_exist_are_slowed_down_like_others(sessions: Sessions) -> None:
    for number in range(10):
        start(sessions, "nobody", f"key {number}")
    assert slowed(sessions, "nobody", HERS.public.key_id)


def test_the_right_password_on_a_device_that_is_not_the_accounts_does_not_fit(
    sessions: Sessions, people: People
) -> None:
    for key_id in ("no key", HIS.public.key_id):
        start(sessions, "wang", key_id)
        assert not people.attempts[-1].fits


def test_the_first_step_names_no_account(sessions: Sessions, people: People) -> None:
    for name in ("wang", "nobody"):
        told = start(sessions, name, HERS.public.key_id)
        assert set(vars(told)) == {"login_id", "nonce", "expire_time"}
        assert people.attempts[-1].account_id not in ("", told.login_id)


_TOKEN = "t" * 43


def _caller(key: SigningKey) -> Caller:
    session = Session("s", "account-wang", key.public.key_id, DeviceClass.PHONE, b"", NOW, NOW, EndReason.NONE)
    return Caller(session, "person-wang", key.public, key.public)


def _proof(key: SigningKey, *, request_id: str = "", token: str = _TOKEN) -> CallProof:
    now = millis(NOW)
    message = call_bytes(
        SERVER.public.key_id, "account-wang", key.public.key_id, request_id, "/s/GetSession", b"", token, now
    )
    return CallProof(key.public.key_id, now, key.sign(message))


def test_a_read_is_signed_with_the_empty_request_id(sessions: Sessions) -> None:
    sessions.check_call_signature(_caller(HERS), _proof(HERS), "", "/s/GetSession", b"", _TOKEN)
    bad = {
        "somebody else's device": _proof(HIS),
        "a request_id": _proof(HERS, request_id=str(uuid.uuid4())),
        "another token": _proof(HERS, token="u"),
    }
    for name, proof in bad.items():
        with pytest.raises(Refused) as caught:
            sessions.check_call_signature(_caller(HERS), proof, "", "/s/GetSession", b"", _TOKEN)
        assert caught.value.reason is Reason.CALL_SIGNATURE_INVALID, name
