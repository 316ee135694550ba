"""Of many who want the same thing at once one gets it, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from conformance.records import (
    MINUTE,
    NOW,
    Actor,
    a_device,
    a_person,
    a_receipt,
    a_session,
    a_transfer,
    add_pair,
    an_account,
    once,
)
from support.land import parcel

from landseal.server.crypto.vault import Vault
from landseal.server.domain.errors import AnswerExists
from landseal.server.domain.records import DeviceClass, EndReason, EventKind
from landseal.server.domain.terms import ParcelPart
from landseal.server.domain.transfer import State
from landseal.server.storage.database import PostgresStore

pytestmark = pytest.mark.engines

WAIT_S = 30.0
THREADS = 12


def race(count: int, act: Callable[[int], bool]) -> int:
    """Runs ``act`` so many times on some threads that start together; returns how often it won."""
    start = threading.Barrier(THREADS)

    def run(number: int) -> int:
        start.wait()
        return sum(act(each) for each in range(number, count, THREADS))

    with ThreadPoolExecutor(THREADS) as threads:
        return sum(threads.map(run, range(THREADS)))


@pytest.fixture
def pair(store: PostgresStore, sealer: Vault) -> tuple[Actor, Actor]:
    return add_pair(store, sealer)


def test_of_two_hundred_moves_at_once_one_wins(store: PostgresStore, pair: tuple[Actor, Actor]) -> None:
    transfer = a_transfer(*pair)
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.add_transfer(transfer, NOW)

    def move(_: int) -> bool:
        with store.writes(timeout_s=WAIT_S) as writes:
            old, new = State.AWAITING_VERIFICATION, State.VERIFIED
            return writes.move_transfer(transfer.transfer_id, old, new, NOW)

    assert race(200, move) == 1
    with store.reads() as reads:
        assert len(reads.transfer_history(transfer.transfer_id)) == 2


def test_a_receipt_used_many_times_at_once_is_used_once(store: PostgresStore, pair: tuple[Actor, Actor]) -> None:
    receipt = a_receipt(pair[0])
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.add_receipt(receipt)

    def use(_: int) -> bool:
        with store.writes(timeout_s=WAIT_S) as writes:
            return writes.use_receipt(receipt.receipt_id)

    assert race(48, use) == 1


def test_of_two_identical_calls_at_once_one_keeps_its_answer_and_its_effect(
    store: PostgresStore, pair: tuple[Actor, Actor]
) -> None:
    account_id = pair[0].account.account_id

    def call(number: int) -> bool:
        try:
            with store.writes(timeout_s=WAIT_S) as writes:
                writes.keep_answer(once(f"request {number // 12}"), f"{number}".encode(), NOW)
                writes.add_event(account_id, EventKind.CODE_RESOLVED, {"number": str(number)}, NOW)
        except AnswerExists:
            return False
        return True

    assert race(48, call) == 4
    with store.reads() as reads:
        kept = set()
        for number in range(4):
            answer = reads.answer("a", "M", f"request {number}")
            assert answer is not None
            kept.add(answer.response.decode())
        events = reads.events_after(account_id, 0, 100)
        assert {event.details["number"] for event in events} == kept
        assert [event.cursor for event in events] == [1, 2, 3, 4]


def test_of_many_logins_at_once_the_last_session_lives(store: PostgresStore, pair: tuple[Actor, Actor]) -> None:
    device = pair[0].device
    sessions = [a_session(device) for _ in range(36)]

    def login(number: int) -> bool:
        with store.writes(timeout_s=WAIT_S) as writes:
            ended = writes.end_sessions(device.account_id, DeviceClass.PHONE, EndReason.REPLACED)
            writes.add_session(sessions[number])
        return ended == 1

    assert race(36, login) == 36
    with store.reads() as reads:
        callers = [reads.caller_by_token_hash(session.token_hash) for session in sessions]
        assert sum(caller is not None and caller.session.end_reason is EndReason.NONE for caller in callers) == 1


def test_of_many_registrations_of_one_person_one_wins(store: PostgresStore, sealer: Vault) -> None:
    person = a_person(sealer)
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.put_person(person)

    def register(number: int) -> bool:
        account = an_account(person, f"1380000{number:04d}")
        with store.writes(timeout_s=WAIT_S) as writes:
            return writes.add_account(account, a_device(account.account_id))

    assert race(24, register) == 1


def test_two_offers_racing_for_one_parcel_take_turns(store: PostgresStore, pair: tuple[Actor, Actor]) -> None:
    land = parcel(1)
    transfers = [a_transfer(*pair) for _ in range(24)]
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.put_parcels([land])
        for transfer in transfers:
            writes.add_transfer(transfer, NOW)

    def claim(number: int) -> bool:
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.lock_parcels([land.code])
            if writes.claims_on(land.code):
                return False
            part = ParcelPart(land.code, land.area_m2)
            writes.add_claims(transfers[number].transfer_id, [part], NOW.date(), NOW.date())
            return True

    assert race(24, claim) == 1


def test_events_of_one_inbox_are_gapless_whoever_writes(store: PostgresStore, pair: tuple[Actor, Actor]) -> None:
    accounts = sorted(actor.account.account_id for actor in pair)

    def tell(number: int) -> bool:
        try:
            with store.writes(timeout_s=WAIT_S) as writes:
                for account_id in accounts:
                    writes.add_event(account_id, EventKind.CODE_RESOLVED, {"n": str(number)}, NOW)
                if number % 5 == 0:
                    raise RuntimeError("undone")
        except RuntimeError:
            return False
        return True

    assert race(60, tell) == 48
    with store.reads() as reads:
        for account_id in accounts:
            assert [event.cursor for event in reads.events_after(account_id, 0, 100)] == list(range(1, 49))


def test_failures_counted_at_once_are_all_counted(store: PostgresStore) -> None:
    counts = set()

    def fail(_: int) -> bool:
        with store.writes(timeout_s=WAIT_S) as writes:
            counts.add(writes.count_failure("k", NOW, MINUTE))
        return True

    assert race(36, fail) == 36
    assert counts == set(range(1, 37))


def test_expired_transfers_that_another_worker_holds_are_skipped(
    store: PostgresStore, pair: tuple[Actor, Actor]
) -> None:
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.add_transfer(a_transfer(*pair, expire_time=NOW), NOW)

    def look() -> int:
        with store.writes(timeout_s=WAIT_S) as writes:
            return len(writes.expired_transfers(NOW, 10))

    with store.writes(timeout_s=WAIT_S) as writes, ThreadPoolExecutor(1) as thread:
        assert len(writes.expired_transfers(NOW, 10)) == 1
        assert thread.submit(look).result() == 0
    assert look() == 1
