"""The database slow, full, killed and back again: nothing half there, nobody kept waiting."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from conformance.records import (
    COLLECTIVE,
    NOW,
    a_person,
    a_transfer,
    add_pair,
    an_upload,
    conclude,
    once,
    propose,
)
from support.land import OTHER, parcel

from landseal.server.crypto.vault import Vault
from landseal.server.domain.errors import DatabaseAway
from landseal.server.domain.records import EventKind
from landseal.server.engines.postgres import EmbeddedPostgres, PostgresSizes
from landseal.server.storage.database import PostgresStore
from landseal.server.storage.fsck import fsck
from landseal.server.storage.migrate import migrate
from landseal.server.storage.notify import InboxListener
from landseal.server.storage.pool import PoolSizes

pytestmark = pytest.mark.engines
WAIT_S = 10.0


@pytest.fixture
def engine(own_home: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that this test may kill."""
    made = EmbeddedPostgres(own_home, sizes=PostgresSizes(shared_buffers_mib=16))
    migrate(made.start())
    yield made
    made.stop()


def kill(engine: EmbeddedPostgres) -> None:
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)


def test_a_killed_database_leaves_nothing_half_there_and_serves_again(engine: EmbeddedPostgres, sealer: Vault) -> None:
    store = PostgresStore(engine.start(), sealer)
    giver, taker = add_pair(store, sealer)
    upload = an_upload(giver)
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.put_parcels([parcel(1)])
        draft = propose(writes, a_transfer(giver, taker), giver, taker)
        writes.add_upload(upload)
        writes.append_chunk(upload.upload_id, 0, b"abc")
    with pytest.raises(DatabaseAway), store.writes(timeout_s=WAIT_S) as writes:  # noqa: PT012 - all of it must fail
        conclude(writes, draft, taker)
        writes.add_event(giver.account.account_id, EventKind.CODE_RESOLVED, {}, NOW)
        writes.keep_answer(once(), b"answer", NOW)
        kill(engine)
        time.sleep(0.2)
        writes.add_event(taker.account.account_id, EventKind.CODE_RESOLVED, {}, NOW)
    assert store.version() == ""
    with pytest.raises(DatabaseAway), store.reads() as reads:
        reads.person("x")

    engine.start()
    time.sleep(0.3)  # longer than callers are told at once that the database is away
    with store.reads() as reads:
        assert reads.transfer_history(draft.transfer_id)[-1].state.name == "PROPOSED"
        assert reads.contracts_of(giver.account.account_id, None, 5) == []
        assert reads.events_after(giver.account.account_id, 0, 5) == []
        assert reads.answer("a", "M", "r") is None
        assert reads.upload(upload.upload_id) is None  # unlogged: gone whole, never half
        assert reads.upload_data(upload.upload_id) == b""
    with store.writes(timeout_s=WAIT_S) as writes:
        contract = conclude(writes, draft, taker)
    with store.reads() as reads:
        assert reads.contract(contract.contract_id) == contract
    assert [finding.rule for finding in fsck(store)] == ["CONTRACT_PAPER_CHANGED"]  # the samples' paper is a stand-in
    store.close()


def test_connections_that_a_restart_broke_are_never_lent(engine: EmbeddedPostgres, sealer: Vault) -> None:
    store = PostgresStore(engine.start(), sealer, PoolSizes(max_connections=8))
    together = threading.Barrier(8)

    def hold(_: int) -> int:
        with store.reads() as reads:
            together.wait()
            return reads.scope_size(COLLECTIVE)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(hold, range(8))) == 0  # eight connections lie idle in the pool now
        kill(engine)
        time.sleep(0.3)
        engine.start()
        assert sum(threads.map(hold, range(8))) == 0
    store.close()


def test_commits_that_were_answered_survive_kills_under_load(engine: EmbeddedPostgres, sealer: Vault) -> None:
    store = PostgresStore(engine.start(), sealer)
    account_id = add_pair(store, sealer)[0].account.account_id
    kept: list[int] = []
    stop = threading.Event()

    def work(first: int) -> None:
        number = first
        while not stop.is_set():
            number += 4
            try:
                with store.writes(timeout_s=2) as writes:
                    writes.keep_answer(once(f"r{number}"), b"%d" % number, NOW)
                    writes.add_event(account_id, EventKind.CODE_RESOLVED, {"n": str(number)}, NOW)
            except DatabaseAway:
                stop.wait(0.05)
            else:
                kept.append(number)

    with ThreadPoolExecutor(4) as threads:
        for first in range(4):
            threads.submit(work, first)
        for _ in range(3):
            time.sleep(0.4)
            kill(engine)
            time.sleep(0.1)
            engine.start()
        time.sleep(0.6)
        stop.set()
    with store.reads() as reads:
        events = reads.events_after(account_id, 0, 100_000)
        told = [int(event.details["n"]) for event in events]
        assert [event.cursor for event in events] == list(range(1, len(events) + 1))
        assert len(set(told)) == len(told)
        assert set(kept) <= set(told)  # an answer that was lost may have been committed, never the other way round
        assert all(reads.answer("a", "M", f"r{number}") is not None for number in told)
    assert len(kept) > 10
    assert fsck(store) == []
    store.close()


def test_the_listener_comes_back_and_tells_of_the_gap(engine: EmbeddedPostgres, sealer: Vault) -> None:
    store = PostgresStore(engine.start(), sealer)
    account_id = add_pair(store, sealer)[0].account.account_id
    news: list[tuple[str, int]] = []
    gaps: list[float] = []
    heard, gap = threading.Event(), threading.Event()

    def on_news(account: str, cursor: int) -> None:
        news.append((account, cursor))
        heard.set()

    def on_gap() -> None:
        gaps.append(time.monotonic())
        gap.set()

    listener = InboxListener(engine.start(), on_news=on_news, on_gap=on_gap)
    listener.start()
    assert gap.wait(WAIT_S)
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.add_event(account_id, EventKind.CODE_RESOLVED, {}, NOW)
        writes.add_event(account_id, EventKind.CODE_RESOLVED, {}, NOW)
        assert not heard.is_set()  # nothing is told before the commit
    assert heard.wait(WAIT_S)
    heard.clear()
    gap.clear()
    kill(engine)
    time.sleep(0.2)
    engine.start()
    assert gap.wait(WAIT_S)
    time.sleep(0.3)
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.add_event(account_id, EventKind.CODE_RESOLVED, {}, NOW)
    deadline = time.monotonic() + WAIT_S
    while len(news) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    listener.close()
    assert news == [(account_id, 1), (account_id, 2), (account_id, 3)]
    assert len(gaps) == 2
    store.close()


def test_an_unreachable_database_is_away_at_once(sealer: Vault) -> None:
    store = PostgresStore("postgresql://nobody:secret@127.0.0.1:9/none", sealer)
    begin = time.monotonic()
    for _ in range(20):
        with pytest.raises(DatabaseAway) as caught, store.writes(timeout_s=WAIT_S):
            pass
        assert "secret" not in str(caught.value)
    assert store.version() == ""
    assert time.monotonic() - begin < WAIT_S


def test_an_empty_pool_is_away_after_its_wait(migrated_url: str, sealer: Vault) -> None:
    store = PostgresStore(migrated_url, sealer, PoolSizes(max_connections=1, wait_s=0.2))

    def look() -> int:
        with store.reads() as reads:
            return reads.scope_size(COLLECTIVE)

    with store.reads(), ThreadPoolExecutor(1) as thread, pytest.raises(DatabaseAway):
        thread.submit(look).result()
    assert look() == 0
    store.close()


def test_a_transaction_does_not_outlive_its_time(store: PostgresStore, sealer: Vault) -> None:
    person = a_person(sealer)
    with store.writes(timeout_s=WAIT_S) as holder:
        holder.put_person(person)

        def wait() -> float:
            begin = time.monotonic()
            with pytest.raises(DatabaseAway), store.writes(timeout_s=0.3) as writes:
                writes.put_person(person)
            return time.monotonic() - begin

        with ThreadPoolExecutor(1) as thread:
            assert 0.2 < thread.submit(wait).result() < 5
    with pytest.raises(DatabaseAway), store.writes(timeout_s=0.1) as writes:  # noqa: PT012 - all of it must fail
        writes.put_person(a_person(sealer))
        time.sleep(0.6)
        writes.scope_size(COLLECTIVE)
    with pytest.raises(DatabaseAway), store.writes(timeout_s=0.1) as writes:  # noqa: PT012 - all of it must fail
        writes.put_person(a_person(sealer, "another"))
        time.sleep(0.6)
    with store.reads() as reads:
        assert reads.scope_size(COLLECTIVE) == 1


def test_a_deadlock_ends_as_away_and_the_other_side_wins(store: PostgresStore, sealer: Vault) -> None:
    codes = [parcel(1).code, parcel(2).code]
    with store.writes(timeout_s=WAIT_S) as writes:
        writes.put_parcels([parcel(n) for n in (1, 2)])
    both = threading.Barrier(2)

    def lock(order: list[str]) -> bool:
        try:
            with store.writes(timeout_s=WAIT_S) as writes:
                writes.lock_parcels(order[:1])
                both.wait()
                writes.lock_parcels(order[1:])
        except DatabaseAway:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(lock, (codes, codes[::-1]))) == [False, True]


def test_a_transaction_inside_a_transaction_is_a_mistake(store: PostgresStore) -> None:
    with store.writes(timeout_s=WAIT_S), pytest.raises(RuntimeError), store.writes(timeout_s=WAIT_S):
        pass


def test_a_value_that_cannot_be_stored_is_refused_without_repeating_it(store: PostgresStore, sealer: Vault) -> None:
    with pytest.raises(ValueError, match="cannot be stored") as caught, store.writes(timeout_s=WAIT_S) as writes:
        writes.put_person(a_person(sealer, collective="secret\0village"))
    assert "village" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_sessions_ended_by_the_server_are_replaced(store: PostgresStore, migrated_url: str) -> None:
    with store.reads() as reads:
        reads.scope_size(COLLECTIVE)
    with psycopg.connect(migrated_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'landseal' AND datname = current_database()"
        )
    time.sleep(0.2)
    with store.reads() as reads:
        assert reads.scope_size(COLLECTIVE) == 0


def test_a_parcel_moved_by_a_changed_column_is_nobodys(store: PostgresStore, sealer: Vault, migrated_url: str) -> None:
    thief = sealer.lookup_hash("id-number", OTHER)
    with store.writes(timeout_s=10.0) as writes:
        writes.put_parcels([parcel(1)])
    with psycopg.connect(migrated_url) as connection:
        connection.execute("UPDATE parcel SET owner_id_hash = %s", (thief,))
    with store.reads() as reads, pytest.raises(ValueError, match="another owner"):
        reads.parcel_of_owner(thief, parcel(1).code)
