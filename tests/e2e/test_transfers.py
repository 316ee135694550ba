"""Every way off the straight road from a code to a contract: one effect, a typed reason, nothing in between."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from support.deal import Deal, alive, feature, import_land, parcel_code
from support.processes import eventually
from support.rooted import RootedDevice, outcome
from support.wire import Wire

from landseal.clients.calls import new_request_id
from landseal.clients.demo import props
from landseal.clients.demo.people import Actor
from landseal.clients.errors import LandsealError
from landseal.clients.review import Review
from landseal.inbox.v1 import inbox_pb2
from landseal.server.crypto.signing import verify
from landseal.server.domain.contract import Role
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose, Receipt
from landseal.server.jobs.housekeeping import Housekeeping
from landseal.server.storage.fsck import fsck
from landseal.transfer.v1 import transfer_pb2

from .conftest import Village

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module", autouse=True)
def _land(village: Village) -> None:
    mine = [feature(parcel_code(n), village.giver.player, n) for n in range(1, 8)]
    theirs = [feature(parcel_code(n), village.taker.player, n) for n in range(21, 24)]
    import_land(village.stage, [*mine, *theirs])


def _deal(village: Village, number: int, *, swapped: bool = False) -> Deal:
    giver, taker = (village.taker, village.giver) if swapped else (village.giver, village.taker)
    return Deal(village.stage, giver, taker, parcel_code(number))


def _refused(act: Callable[[], object]) -> LandsealError:
    with pytest.raises(LandsealError) as caught:
        act()
    return caught.value


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Starts all of them at the same moment; returns how each ended, sorted."""
    barrier, ended = threading.Barrier(len(acts)), list[str]()

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        ended.append(outcome(act))

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ended)


def _count(village: Village, what: str) -> int:
    with psycopg.connect(village.stage.engines.database_url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {what}".encode()).fetchone()  # noqa: S608 - constants of this test
    assert row is not None
    return int(row[0])


# --- codes ---


def test_a_face_makes_one_code_and_a_code_one_transfer(village: Village) -> None:
    deal = _deal(village, 1)
    receipt = alive(deal.taker, Purpose.CODE, Binding())
    payload = deal.taker.client.transfer.create_code(receipt).payload
    assert outcome(lambda: deal.taker.client.transfer.create_code(receipt)) == "RECEIPT_USED"
    assert outcome(lambda: deal.taker.client.transfer.resolve_code(payload)) == "SAME_PERSON"
    notice = deal.giver.client.transfer.resolve_code(payload)
    altered = dataclasses.replace(notice, transferee=("何*", notice.transferee[1]))
    assert outcome(lambda: deal.giver.client.transfer.confirm_notice(altered)) == "IDENTITIES_NOT_CONFIRMED"
    before = _count(village, "transfer")
    confirm = deal.giver.client.transfer.confirm_notice
    assert at_once(lambda: confirm(notice), lambda: confirm(notice), lambda: confirm(notice)) == [
        "CODE_INVALID", "CODE_INVALID", "PASSED",
    ]  # fmt: skip
    assert _count(village, "transfer") == before + 1
    assert outcome(lambda: deal.giver.client.transfer.resolve_code(payload)) == "CODE_INVALID"
    deal.transfer_id = deal.giver.client.transfer.list().transfers[0].transfer_id

    # Nobody has verified themself for it yet: either side may call it off, once.
    assert deal.taker.client.transfer.cancel(deal.transfer_id).state == transfer_pb2.Transfer.STATE_CANCELLED
    for act in (deal.giver.client.transfer.cancel, deal.taker.client.transfer.cancel):
        assert _refused(lambda act=act: act(deal.transfer_id)).metadata == {"state": "CANCELLED"}  # type: ignore[misc]  # bound early
    assert outcome(deal.see_land) == "STATE_FORBIDS"


# --- one transfer, every wrong move ---


def _save_draft(deal: Deal, parcels: list[str]) -> LandsealError:
    assert deal.land is not None
    land, terms = deal.land, props.lease(deal.stage.clock().date())
    return _refused(lambda: deal.giver.client.transfer.save_draft(deal.transfer_id, land, parcels, terms))


def test_an_offer_is_read_by_the_transferee_only_once_it_stands_and_declined_only_by_them(village: Village) -> None:
    deal = _deal(village, 2).begin()
    giver, taker = deal.giver.client.transfer, deal.taker.client.transfer
    deal.see_land()
    theirs, unknown = (_save_draft(deal, [code]) for code in (parcel_code(21), "9" * 19))
    assert theirs.reason is unknown.reason is Reason.PARCEL_NOT_YOURS
    assert (theirs.metadata, unknown.metadata) == ({"parcel_code": parcel_code(21)}, {"parcel_code": "9" * 19})
    assert _save_draft(deal, [deal.parcel, deal.parcel]).reason is Reason.REQUEST_INVALID

    seen = deal.draft()
    assert outcome(lambda: taker.download_draft(deal.transfer_id)) == "STATE_FORBIDS"
    assert not taker.get(deal.transfer_id).HasField("body")
    assert not taker.get(deal.transfer_id).terms_digest
    assert outcome(lambda: taker.decline(deal.transfer_id)) == "STATE_FORBIDS"
    early = RootedDevice(deal.taker)
    assert outcome(lambda: early.ask(Purpose.SIGN, seen.binding)) == "STATE_FORBIDS"

    receipt = deal.prove(deal.giver, seen)
    giver.propose(seen, receipt)
    assert outcome(lambda: giver.propose(seen, receipt)) == "STATE_FORBIDS"
    assert _save_draft(deal, [deal.parcel]).reason is Reason.STATE_FORBIDS
    assert outcome(lambda: giver.decline(deal.transfer_id)) == "STATE_FORBIDS"
    assert outcome(lambda: taker.cancel(deal.transfer_id)) == "STATE_FORBIDS"
    assert outcome(lambda: RootedDevice(deal.giver).ask(Purpose.SIGN, seen.binding)) == "STATE_FORBIDS"
    assert _transferor_confirms(deal, seen, receipt) == "STATE_FORBIDS"
    assert taker.review(deal.transfer_id).digest == seen.digest

    assert taker.decline(deal.transfer_id).state == transfer_pb2.Transfer.STATE_DECLINED
    assert outcome(lambda: taker.decline(deal.transfer_id)) == "STATE_FORBIDS"
    assert outcome(lambda: RootedDevice(deal.taker).ask(Purpose.SIGN, seen.binding)) == "STATE_FORBIDS"
    assert _count(village, f"claim WHERE transfer_id = '{deal.transfer_id}'") == 0


def _sign_request(seen: Review, receipt: Receipt, signature: bytes) -> dict[str, object]:
    return {
        "request_id": new_request_id(), "transfer_id": seen.body.transfer_id, "version": seen.body.version,
        "terms_digest": seen.digest, "receipt_id": receipt.receipt_id, "signature": signature,
    }  # fmt: skip


def _confirm(actor: Actor, seen: Review, receipt: Receipt, signature: bytes) -> str:
    request = transfer_pb2.ConfirmContractRequest(**_sign_request(seen, receipt, signature))  # type: ignore[arg-type]  # a table
    return Wire.of(actor).refusal("ConfirmContract", request).reason


def _transferor_confirms(deal: Deal, seen: Review, receipt: Receipt) -> str:
    """With everything that the transferor's device can sign."""
    return _confirm(deal.giver, seen, receipt, deal.giver.keys.sign.contract(seen.body, Role.TRANSFEROR, receipt))


def test_only_the_version_that_was_seen_is_offered(village: Village) -> None:
    deal = _deal(village, 3).begin()
    giver = deal.giver.client.transfer
    first = deal.draft()
    old = deal.prove(deal.giver, first)
    second = deal.draft(rent_fen=90_000)
    assert (first.body.version, second.body.version) == (1, 2)
    assert _refused(lambda: giver.propose(first, old)).metadata == {"version": "2"}
    assert outcome(lambda: giver.propose(first, old)) == "VERSION_STALE"
    assert outcome(lambda: RootedDevice(deal.giver).ask(Purpose.SIGN, first.binding)) == "VERSION_STALE"
    # The old receipt, said to be for the new version: the server knows better.
    assert outcome(lambda: giver.propose(second, dataclasses.replace(old, binding=second.binding))) == "RECEIPT_INVALID"

    # A forged signature over everything right is refused, and the receipt survives it.
    fresh = deal.prove(deal.giver, second)
    for signature in (
        deal.taker.keys.sign.contract(second.body, Role.TRANSFEREE, fresh),
        deal.giver.keys.sign.contract(first.body, Role.TRANSFEROR, fresh),
        deal.giver.keys.sign.contract(second.body, Role.TRANSFEROR, old),
        b"s" * 64,
    ):
        request = transfer_pb2.ProposeContractRequest(**_sign_request(second, fresh, signature))  # type: ignore[arg-type]  # a table
        assert Wire.of(deal.giver).refusal("ProposeContract", request).reason == "PARTY_SIGNATURE_INVALID"

    # The register changes under the draft: the person must see the new record before it is signed.
    changed = feature(deal.parcel, deal.giver.player, 3, east="新修的公路")
    assert import_land(village.stage, [changed]).imported == 1
    assert outcome(lambda: giver.propose(second, fresh)) == "VERSION_STALE"
    import_land(village.stage, [feature(deal.parcel, deal.taker.player, 3)])
    assert outcome(lambda: giver.propose(second, fresh)) == "PARCEL_NOT_YOURS"
    import_land(village.stage, [changed])
    third = deal.draft()
    giver.propose(third, deal.prove(deal.giver, third))

    # The offer stands; its maker may take it back, and the land is free again.
    assert _count(village, f"claim WHERE transfer_id = '{deal.transfer_id}'") == 1
    assert giver.cancel(deal.transfer_id).state == transfer_pb2.Transfer.STATE_CANCELLED
    assert _count(village, f"claim WHERE transfer_id = '{deal.transfer_id}'") == 0


def test_two_transfers_race_for_one_parcel_and_one_offer_is_confirmed_twice_at_once(village: Village) -> None:
    deals = [_deal(village, 4).begin(), _deal(village, 4).begin()]
    seen = [deal.draft() for deal in deals]
    receipts = [deal.prove(deal.giver, each) for deal, each in zip(deals, seen, strict=True)]
    giver, taker = (deals[0].giver.client, deals[0].taker.client)

    # A receipt for one transfer opens no other.
    crossed = dataclasses.replace(receipts[0], binding=seen[1].binding)
    assert outcome(lambda: giver.transfer.propose(seen[1], crossed)) == "RECEIPT_INVALID"

    ended = at_once(*(lambda n=n: giver.transfer.propose(seen[n], receipts[n]) for n in (0, 1)))
    assert ended == ["PARCEL_TAKEN", "PASSED"]
    winner, loser = sorted(deals, key=lambda deal: deal.state() != "STATE_PROPOSED")
    assert (winner.state(), loser.state()) == ("STATE_PROPOSED", "STATE_VERIFIED")
    assert _save_draft(loser, [loser.parcel]).reason is Reason.PARCEL_TAKEN

    offer = taker.transfer.review(winner.transfer_id)
    receipt = winner.prove(winner.taker, offer)
    sign, auth = winner.taker.keys.sign, winner.taker.keys.auth
    wrong = (sign.contract(seen[deals.index(loser)].body, Role.TRANSFEREE, receipt), auth._sign(b"contract"), b"s")
    assert {_confirm(winner.taker, offer, receipt, each) for each in wrong} == {"PARTY_SIGNATURE_INVALID"}
    before = _count(village, "contract")
    same = new_request_id()
    ended = at_once(
        lambda: taker.transfer.confirm(offer, receipt, request_id=same),
        lambda: taker.transfer.confirm(offer, receipt, request_id=same),
        lambda: taker.transfer.confirm(offer, receipt),
    )
    # Whoever has the winning request's id is answered alike; the other finds the state or the receipt gone.
    assert ended in (["PASSED", "PASSED", "STATE_FORBIDS"], ["PASSED", "STATE_FORBIDS", "STATE_FORBIDS"])
    assert _count(village, "contract") == before + 1
    assert winner.state() == "STATE_CONCLUDED"
    for act in (
        lambda: giver.transfer.cancel(winner.transfer_id),
        lambda: taker.transfer.decline(winner.transfer_id),
        lambda: taker.transfer.cancel(winner.transfer_id),
        lambda: taker.transfer.confirm(offer, receipt),
    ):
        assert outcome(act) == "STATE_FORBIDS"
    assert loser.giver.client.transfer.cancel(loser.transfer_id).state == transfer_pb2.Transfer.STATE_CANCELLED
    assert fsck(village.stage.app.store, verify) == []


# --- inboxes ---


def _relay(village: Village, payload: str, address: str) -> bytes:
    request = transfer_pb2.SendTransfereeCodeRequest(request_id=new_request_id(), payload=payload, address=address)
    return Wire.of(village.taker).call("SendTransfereeCode", request)


class Listener:
    """Watches in a thread and keeps what it hears."""

    def __init__(self, actor: Actor, after: int) -> None:
        self.watch = actor.client.inbox.watch(after)
        self.heard: list[inbox_pb2.Event] = []
        self.ended_with = ""
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        self.ended_with = outcome(lambda: self.heard.extend(self._each()))

    def _each(self) -> Iterator[inbox_pb2.Event]:
        for event in self.watch:
            self.heard.append(event)
            yield from ()

    def has_heard(self, count: int) -> bool:
        return eventually(lambda: len(self.heard) >= count, 10)

    def end(self) -> None:
        self.watch.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()


@contextmanager
def listening(actor: Actor, after: int) -> Iterator[Listener]:
    listener = Listener(actor, after)
    try:
        yield listener
    finally:
        listener.end()


def test_a_relay_answers_alike_for_unknown_addresses_and_a_watch_misses_nothing(village: Village) -> None:
    payload = _deal(village, 5).code()
    seen = max((event.cursor for event in village.giver.client.inbox.list(0, 200)), default=0)
    own = village.giver.player.login_name
    answers = {_relay(village, payload, address) for address in (own, "nobody-here", "13912345678", own)}
    assert answers == {b""}
    foreign = transfer_pb2.SendTransfereeCodeRequest(
        request_id=new_request_id(), payload=payload, address="13800000009"
    )
    assert Wire.of(village.giver).refusal("SendTransfereeCode", foreign).reason == "CODE_INVALID"

    with listening(village.giver, seen) as first:
        assert first.has_heard(2)
        _relay(village, payload, own)  # pushed while it watches
        assert first.has_heard(3)
    _relay(village, payload, own)  # while nobody watches
    _relay(village, payload, own)
    with listening(village.giver, first.heard[-1].cursor) as second:
        assert second.has_heard(2)
        _relay(village, payload, own)
        assert second.has_heard(3)
    heard = [event.cursor for event in (*first.heard, *second.heard)]
    assert heard == list(range(seen + 1, seen + 7))
    assert [event.cursor for event in village.giver.client.inbox.list(seen, 200)] == heard
    assert {event.code_relayed.payload for event in (*first.heard, *second.heard)} == {payload}
    # Nobody else's inbox holds it, and the taker's own neither.
    own_events = village.taker.client.inbox.list(0, 200)
    assert not any(event.HasField("code_relayed") for event in own_events)


# --- sessions ---


def test_a_second_login_ends_the_first_which_hears_that_it_was_used_elsewhere(village: Village) -> None:
    actor = village.taker
    first, elsewhere = actor.client, village.stage.client()
    task = RootedDevice(actor).ask()
    receipt = alive(actor, Purpose.CODE, Binding())
    upload_id = RootedDevice(actor).upload(b"half a burst")
    try:
        with listening(actor, 0) as listener:
            assert listener.has_heard(1)
            actor.login(elsewhere)
            assert eventually(lambda: listener.ended_with != "", 15)
        assert listener.ended_with == "SESSION_REPLACED"
        assert outcome(lambda: first.session.get()) == "SESSION_REPLACED"
        assert outcome(lambda: first.transfer.create_code(receipt)) == "SESSION_REPLACED"
        assert _refused(lambda: first.session.get()).message("zh") == "您的账户已在别处登录。"
        # What the first session earned or began is worth nothing to the second.
        assert outcome(lambda: elsewhere.transfer.create_code(receipt)) == "RECEIPT_INVALID"
        assert outcome(lambda: elsewhere.verification.get(task.verification_id)) == "NOT_YOURS"
        assert upload_id
    finally:
        actor.login(first)
        elsewhere.close()
    assert outcome(lambda: first.session.get()) == "PASSED"


def test_a_logout_ends_the_sessions_receipts_and_its_codes(village: Village) -> None:
    actor, transfers = village.taker, village.giver.client.transfer
    receipt = alive(actor, Purpose.CODE, Binding())
    payload = _deal(village, 5).code()
    held = actor.client._calls.require()
    actor.client.session.logout()
    actor.client.session.resume(held)
    assert outcome(lambda: actor.client.session.get()) == "SESSION_ENDED"
    assert outcome(lambda: actor.client.transfer.create_code(receipt)) == "SESSION_ENDED"
    actor.login(actor.client)
    assert outcome(lambda: actor.client.transfer.create_code(receipt)) == "RECEIPT_INVALID"
    assert outcome(lambda: transfers.resolve_code(payload)) == "CODE_INVALID"


def test_a_new_login_of_the_transferor_sees_no_land_with_the_old_receipt(village: Village) -> None:
    deal = _deal(village, 21, swapped=True).begin()
    receipt = deal.see_land()
    assert [each.parcel_code for each in deal.giver.client.land.parcels(receipt)]
    deal.giver.login(deal.giver.client)
    assert outcome(lambda: deal.giver.client.land.parcels(receipt)) == "RECEIPT_INVALID"
    assert _save_draft(deal, [deal.parcel]).reason is Reason.RECEIPT_INVALID


# --- time ---


def _housekeeping(village: Village) -> None:
    Housekeeping(village.stage.app.store, every_s=60, clock=village.stage.clock).run_once()


def test_receipts_run_out(village: Village) -> None:
    deal = _deal(village, 22, swapped=True).begin()
    seen = deal.draft()
    receipt = deal.prove(deal.giver, seen)
    assert receipt.expire_time - receipt.issue_time == dt.timedelta(minutes=3)
    with village.stage.clock.later(dt.timedelta(minutes=3, seconds=1)):
        assert outcome(lambda: deal.giver.client.transfer.propose(seen, receipt)) == "RECEIPT_EXPIRED"
    assert deal.state() == "STATE_VERIFIED"


def test_an_offer_that_nobody_takes_up_expires_and_frees_the_land(village: Village) -> None:
    """Runs last: a week later all sessions are over."""
    deal, waiting = _deal(village, 6), _deal(village, 23, swapped=True).begin()
    deal.begin()
    offered = deal.offer()
    again, transfers = village.stage.client(), deal.taker.client.transfer
    try:
        with village.stage.clock.later(dt.timedelta(days=7, seconds=1)):
            assert outcome(lambda: deal.taker.client.session.get()) == "SESSION_EXPIRED"
            deal.taker.login(deal.taker.client)
            # The server's own housekeeping may have come first; either way the offer binds nobody any more.
            ended = outcome(lambda: transfers.confirm(offered, deal.prove(deal.taker, offered)))
            assert ended in ("OFFER_EXPIRED", "STATE_FORBIDS")
            _housekeeping(village)
            deal.giver.login(deal.giver.client)
            assert deal.state() == "STATE_EXPIRED"
            assert _count(village, f"claim WHERE transfer_id = '{deal.transfer_id}'") == 0
            assert outcome(lambda: RootedDevice(deal.taker).ask(Purpose.SIGN, offered.binding)) == "STATE_FORBIDS"
            for actor in (deal.giver, deal.taker):
                moved = [event.transfer_moved for event in actor.client.inbox.list(0, 200)]
                assert ("EXPIRED", deal.transfer_id) in {(each.state, each.transfer_id) for each in moved}
            assert waiting.state() == "STATE_AWAITING_VERIFICATION"
        with village.stage.clock.later(dt.timedelta(days=30, seconds=1)):
            _housekeeping(village)
            waiting.giver.login(again)
            read = again.transfer.get(waiting.transfer_id)
            assert read.state == transfer_pb2.Transfer.STATE_EXPIRED
            assert outcome(lambda: again.transfer.cancel(waiting.transfer_id)) == "STATE_FORBIDS"
    finally:
        again.close()
    assert fsck(village.stage.app.store, verify) == []
