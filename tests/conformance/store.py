"""What every store promises (``domain/doors.py``); whoever wears the interface inherits the suite.

The fixtures: ``store`` (empty) and ``sealer`` (the one the store was given).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from conformance.records import (
    COLLECTIVE,
    MINUTE,
    NOW,
    Actor,
    a_code,
    a_device,
    a_draft,
    a_person,
    a_receipt,
    a_session,
    a_transfer,
    a_verification,
    add_actor,
    add_pair,
    an_account,
    an_upload,
    conclude,
    fresh,
    hash32,
    once,
    propose,
)
from support.land import OTHER, OWNER, parcel

from landseal.server.domain.contract import Role
from landseal.server.domain.doors import Sealer, Store
from landseal.server.domain.errors import AnswerExists
from landseal.server.domain.receipts import Purpose
from landseal.server.domain.records import (
    DeviceClass,
    EndReason,
    EventKind,
    LoginAttempt,
    VerificationState,
)
from landseal.server.domain.terms import ParcelPart
from landseal.server.domain.transfer import MoveRecord, State, Transfer

WAIT_S = 10.0


class PeopleSuite:
    """People, accounts, devices, sessions."""

    def test_an_imported_person_comes_back_as_it_was_put(self, store: Store, sealer: Sealer) -> None:
        person = a_person(sealer)
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.put_person(person)
        with store.reads() as reads:
            assert reads.person(person.person_id) == person
            assert reads.person_by_id_hash(person.id_hash) == person
            assert reads.person("nobody") is None
            assert reads.person_by_id_hash(hash32("nobody")) is None

    def test_a_person_of_the_same_id_hash_is_replaced_until_bound(self, store: Store, sealer: Sealer) -> None:
        actor = add_actor(store, sealer, OTHER, "欧阳春梅", "13900002222")
        first, second = a_person(sealer), a_person(sealer, template_version=2)
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.put_person(first)
            writes.put_registration_code(first.person_id, hash32("code"), NOW + MINUTE)
            writes.put_person(second)
            assert writes.person_by_id_hash(first.id_hash) == second
            assert writes.scope_size(COLLECTIVE) == 2
        with pytest.raises(ValueError, match="bound"), store.writes(timeout_s=WAIT_S) as writes:
            writes.put_person(a_person(sealer, OTHER))
        with store.reads() as reads:
            assert reads.person(actor.person.person_id) == actor.person

    def test_a_scope_holds_its_own_people_only(self, store: Store, sealer: Sealer) -> None:
        people = [a_person(sealer, f"id {n}", collective="一村" if n % 3 else "二村") for n in range(9)]
        with store.writes(timeout_s=WAIT_S) as writes:
            for person in people:
                writes.put_person(person)
        with store.reads() as reads:
            assert reads.scope_size("一村") == 6
            assert reads.scope_size("三村") == 0
            found = reads.people_in_scope("一村", 10)
            assert {p.person_id for p in found} == {p.person_id for p in people if p.collective == "一村"}
            assert len(reads.people_in_scope("一村", 4)) == 4

    def test_a_registration_code_is_used_once_and_in_time(self, store: Store, sealer: Sealer) -> None:
        person = a_person(sealer)
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.put_person(person)
            writes.put_registration_code(person.person_id, hash32("old"), NOW + MINUTE)
            writes.put_registration_code(person.person_id, hash32("new"), NOW + MINUTE)
            assert not writes.use_registration_code(person.person_id, hash32("old"), NOW)
            assert not writes.use_registration_code(person.person_id, hash32("new"), NOW + MINUTE)
            assert not writes.use_registration_code("nobody", hash32("new"), NOW)
            assert writes.use_registration_code(person.person_id, hash32("new"), NOW)
            assert not writes.use_registration_code(person.person_id, hash32("new"), NOW)

    def test_an_account_binds_its_person_and_its_device(self, store: Store, sealer: Sealer) -> None:
        actor = add_actor(store, sealer, OWNER, "王大山", "13800001111")
        with store.reads() as reads:
            assert reads.account(actor.account.account_id) == actor.account
            assert reads.account_by_login_name("13800001111") == actor.account
            assert reads.account_by_login_name("13800001112") is None
            assert reads.account("nobody") is None
            assert reads.device(actor.device.auth_key_id) == actor.device
            assert reads.device(actor.device.sign_key.key_id) is None
            assert reads.person(actor.person.person_id) == actor.person

    def test_a_taken_name_person_or_key_adds_nothing(self, store: Store, sealer: Sealer) -> None:
        actor = add_actor(store, sealer, OWNER, "王大山", "13800001111")
        other = a_person(sealer, OTHER, "欧阳春梅")
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.put_person(other)
            same_name = an_account(other, "13800001111")
            assert not writes.add_account(same_name, a_device(same_name.account_id))
            same_person = an_account(actor.person, "13700000000")
            assert not writes.add_account(same_person, a_device(same_person.account_id))
            free = an_account(other, "13700000000")
            device = a_device(free.account_id)
            assert not writes.add_account(free, replace(device, auth_key=actor.device.auth_key))
            assert not writes.add_account(free, replace(device, sign_key=actor.device.sign_key))
            assert not writes.add_account(free, replace(device, sign_key=actor.device.auth_key))
            assert not writes.add_account(free, replace(device, auth_key=actor.device.sign_key))
        with store.reads() as reads:
            assert reads.account_by_login_name("13700000000") is None
            assert reads.device(device.auth_key_id) is None
            assert reads.person(other.person_id) == other
        with store.writes(timeout_s=WAIT_S) as writes:
            assert writes.add_account(free, device)

    def test_a_login_attempt_is_taken_once(self, store: Store) -> None:
        attempt = LoginAttempt("l", "unknown account", "unknown key", b"n" * 32, False, NOW)
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.add_login_attempt(attempt)
            assert writes.take_login_attempt("other") is None
            assert writes.take_login_attempt("l") == attempt
            assert writes.take_login_attempt("l") is None

    def test_a_token_leads_to_its_caller(self, store: Store, sealer: Sealer) -> None:
        actor = add_actor(store, sealer, OWNER, "王大山", "13800001111")
        with store.reads() as reads:
            caller = reads.caller_by_token_hash(actor.session.token_hash)
            assert caller is not None
            assert caller.session == actor.session
            assert caller.person_id == actor.person.person_id
            assert (caller.auth_key, caller.sign_key) == (actor.device.auth_key, actor.device.sign_key)
            assert reads.caller_by_token_hash(hash32("no token")) is None
            assert reads.session_by_id(actor.session.session_id) == actor.session
            assert reads.session_by_id("none") is None

    def test_a_second_live_session_of_a_class_is_refused(self, store: Store, sealer: Sealer) -> None:
        actor = add_actor(store, sealer, OWNER, "王大山", "13800001111")
        with pytest.raises(ValueError, match="session_one_live"), store.writes(timeout_s=WAIT_S) as writes:
            writes.add_session(a_session(actor.device))

    def test_ending_a_session_ends_its_unused_receipts(self, store: Store, sealer: Sealer) -> None:
        actor = add_actor(store, sealer, OWNER, "王大山", "13800001111")
        unused, used = a_receipt(actor), a_receipt(actor)
        account_id, phone = actor.account.account_id, DeviceClass.PHONE
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.add_receipt(unused)
            writes.add_receipt(used)
            assert writes.use_receipt(used.receipt_id)
            assert writes.end_sessions(account_id, DeviceClass.DESKTOP, EndReason.LOGOUT) == 0
            assert writes.end_sessions(account_id, phone, EndReason.LOGOUT, session_id="another") == 0
            assert writes.end_sessions(account_id, phone, EndReason.REPLACED) == 1
            assert writes.end_sessions(account_id, phone, EndReason.LOGOUT) == 0
            assert not writes.use_receipt(unused.receipt_id)
            newer = a_session(actor.device)
            writes.add_session(newer)
            assert writes.end_sessions(account_id, phone, EndReason.LOGOUT, session_id=newer.session_id) == 1
        with store.reads() as reads:
            ended = reads.receipt(unused.receipt_id)
            kept = reads.receipt(used.receipt_id)
            assert ended is not None
            assert (ended.used, ended.ended) == (False, True)
            assert kept is not None
            assert (kept.used, kept.ended) == (True, False)
            caller = reads.caller_by_token_hash(actor.session.token_hash)
            assert caller is not None
            assert caller.session.end_reason is EndReason.REPLACED

    def test_failures_count_within_their_window(self, store: Store) -> None:
        with store.writes(timeout_s=WAIT_S) as writes:
            assert writes.count_failure("k", NOW, 10 * MINUTE) == 1
            assert writes.count_failure("k", NOW + 5 * MINUTE, 10 * MINUTE) == 2
            assert writes.count_failure("other", NOW, 10 * MINUTE) == 1
            assert writes.failures("k", NOW + 9 * MINUTE, 10 * MINUTE) == 2
            assert writes.failures("k", NOW + 10 * MINUTE, 10 * MINUTE) == 1
            assert writes.count_failure("k", NOW + 15 * MINUTE, 10 * MINUTE) == 1
            writes.clear_failures("k")
            assert writes.failures("k", NOW + 15 * MINUTE, 10 * MINUTE) == 0
            assert writes.failures("other", NOW, 10 * MINUTE) == 1


class CaptureSuite:
    """Uploads, verifications, bursts, receipts."""

    @pytest.fixture
    def actor(self, store: Store, sealer: Sealer) -> Actor:
        return add_actor(store, sealer, OWNER, "王大山", "13800001111")

    def test_an_upload_grows_piece_by_piece_and_is_used_once(self, store: Store, actor: Actor) -> None:
        upload = an_upload(actor, 6)
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.add_upload(upload)
            assert writes.upload_for_update(upload.upload_id) == upload
            assert writes.upload_data(upload.upload_id) == b""
            writes.append_chunk(upload.upload_id, 0, b"abcd")
            writes.append_chunk(upload.upload_id, 4, b"ef")
        with store.writes(timeout_s=WAIT_S) as writes:
            assert writes.upload(upload.upload_id) == replace(upload, received_bytes=6)
            assert writes.upload_data(upload.upload_id) == b"abcdef"
            assert writes.use_upload(upload.upload_id)
            assert not writes.use_upload(upload.upload_id)
            assert writes.upload_data(upload.upload_id) == b""
            assert writes.upload(upload.upload_id) == replace(upload, received_bytes=6, used=True)
            assert not writes.use_upload("none")
            assert writes.upload("none") is None
            assert writes.upload_for_update("none") is None

    @pytest.mark.parametrize(("offset", "data"), [(1, b"ab"), (0, b""), (0, b"abcdefg"), (4, b"ab")])
    def test_a_piece_that_does_not_fit_is_refused(self, store: Store, actor: Actor, offset: int, data: bytes) -> None:
        upload = an_upload(actor, 6)
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.add_upload(upload)
        with pytest.raises(ValueError, match=r"continue|upload_check"), store.writes(timeout_s=WAIT_S) as writes:
            writes.append_chunk(upload.upload_id, offset, data)
        with store.reads() as reads:
            assert reads.upload(upload.upload_id) == upload

    def test_a_used_upload_takes_no_more(self, store: Store, actor: Actor) -> None:
        upload = an_upload(actor, 6)
        with pytest.raises(ValueError, match="continue"), store.writes(timeout_s=WAIT_S) as writes:  # noqa: PT012 - all of it must fail
            writes.add_upload(upload)
            assert writes.use_upload(upload.upload_id)
            writes.append_chunk(upload.upload_id, 0, b"a")

    def test_a_verification_is_judged_once(self, store: Store, actor: Actor) -> None:
        verification = a_verification(actor)
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.add_verification(verification)
            assert writes.verification(verification.verification_id) == verification
            assert writes.verification("none") is None
            passed, refused = VerificationState.PASSED, VerificationState.REFUSED
            assert writes.finish_verification(verification.verification_id, refused, "FACE_NOT_MATCHED")
            assert not writes.finish_verification(verification.verification_id, passed, "PASSED")
            assert not writes.finish_verification("none", passed, "PASSED")
            judged = replace(verification, state=refused, reason="FACE_NOT_MATCHED")
            assert writes.verification(verification.verification_id) == judged

    def test_a_verification_without_actions_comes_back(self, store: Store, actor: Actor) -> None:
        verification = a_verification(actor, actions=())
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.add_verification(verification)
            assert writes.verification(verification.verification_id) == verification

    def test_attempts_count_back_to_the_last_that_passed(self, store: Store, actor: Actor) -> None:
        account_id = actor.account.account_id
        tries = [a_verification(actor, create_time=NOW + n * MINUTE) for n in range(6)]
        with store.writes(timeout_s=WAIT_S) as writes:
            for each in tries:
                writes.add_verification(each)
            writes.add_verification(a_verification(actor, purpose=Purpose.CODE))
            assert writes.attempts_since(account_id, Purpose.SIGN, NOW) == 6
            assert writes.attempts_since(account_id, Purpose.SIGN, NOW + 4 * MINUTE) == 2
            writes.finish_verification(tries[1].verification_id, VerificationState.REFUSED, "SPOOF_SUSPECTED")
            assert writes.attempts_since(account_id, Purpose.SIGN, NOW) == 6
            writes.finish_verification(tries[2].verification_id, VerificationState.PASSED, "PASSED")
            assert writes.attempts_since(account_id, Purpose.SIGN, NOW) == 3
            assert writes.attempts_since(account_id, Purpose.SIGN, NOW + 3 * MINUTE) == 3
            assert writes.attempts_since(account_id, Purpose.CODE, NOW) == 1
            assert writes.attempts_since(account_id, Purpose.LAND_READ, NOW) == 0

    def test_a_burst_is_recognised_by_any_of_its_frames(self, store: Store, actor: Actor) -> None:
        with store.writes(timeout_s=WAIT_S) as writes:
            for number in range(3):
                verification = a_verification(actor)
                writes.add_verification(verification)
                digests = (number, -(2**63) + number, 2**63 - 1 - number)
                writes.add_frame_digests(verification.verification_id, digests)
        with store.reads() as reads:
            assert reads.burst_digest_seen([77, 2**63 - 2])
            assert reads.burst_digest_seen([-(2**63)])
            assert not reads.burst_digest_seen([77, 78])
            assert not reads.burst_digest_seen([])

    def test_one_judgement_at_a_time(self, store: Store, actor: Actor) -> None:
        verification = a_verification(actor)
        name = verification.verification_id
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.add_verification(verification)
            assert writes.begin_judging(name, NOW, NOW + MINUTE)
            assert not writes.begin_judging(name, NOW, NOW + MINUTE)
            writes.give_up_judging(name)
            assert writes.begin_judging(name, NOW, NOW + MINUTE)
            assert writes.begin_judging(name, NOW + MINUTE, NOW + 2 * MINUTE)
            assert writes.finish_verification(name, VerificationState.REFUSED, "FACE_NOT_MATCHED")
            assert not writes.begin_judging(name, NOW + 3 * MINUTE, NOW + 4 * MINUTE)

    def test_a_receipt_is_used_once(self, store: Store, actor: Actor) -> None:
        receipt = a_receipt(actor)
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.add_receipt(receipt)
        with store.writes(timeout_s=WAIT_S) as writes:
            stored = writes.receipt(receipt.receipt_id)
            assert stored is not None
            assert (stored.receipt, stored.used, stored.ended) == (receipt, False, False)
            assert writes.use_receipt(receipt.receipt_id)
            assert not writes.use_receipt(receipt.receipt_id)
            assert not writes.use_receipt("none")
            assert writes.receipt("none") is None


class LandSuite:
    """Parcels."""

    def test_an_owner_sees_their_own_parcels_in_order(self, store: Store, sealer: Sealer) -> None:
        mine, theirs = (sealer.lookup_hash("id-number", number) for number in (OWNER, OTHER))
        parcels = [parcel(n) for n in (3, 1, 2)]
        with store.writes(timeout_s=WAIT_S) as writes:
            assert writes.put_parcels([*parcels, parcel(4, owner_id_number=OTHER)]) == 4
        with store.reads() as reads:
            own = reads.parcels_of_owner(mine, "", 10)
            assert own == sorted(parcels, key=lambda p: p.code)
            assert reads.parcels_of_owner(mine, own[0].code, 1) == [own[1]]
            assert reads.parcel_of_owner(mine, own[0].code) == own[0]
            assert reads.parcel_of_owner(theirs, own[0].code) is None
            assert own[0].registry_digest() == parcel(1).registry_digest()

    def test_only_changed_parcels_count_when_put_again(self, store: Store, sealer: Sealer) -> None:
        mine = sealer.lookup_hash("id-number", OWNER)
        with store.writes(timeout_s=WAIT_S) as writes:
            assert writes.put_parcels([parcel(n) for n in range(1, 1001)]) == 1000
            assert writes.put_parcels([parcel(n) for n in range(1, 1001)]) == 0
            changed = [parcel(1, owner_id_number=OTHER), parcel(2, name="新名"), parcel(3)]
            assert writes.put_parcels(changed) == 2
            assert writes.parcel_of_owner(mine, parcel(1).code) is None
            assert writes.put_parcels([parcel(5, name="一"), parcel(5, name="二")]) == 1
            last = writes.parcel_of_owner(mine, parcel(5).code)
            assert last is not None
            assert last.name == "二"
            assert writes.put_parcels([]) == 0

    def test_a_parcel_without_outline_or_term_comes_back(self, store: Store, sealer: Sealer) -> None:
        bare = parcel(1, polygons=(), contract_term_end=None)
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.put_parcels([bare])
            assert writes.parcel_of_owner(sealer.lookup_hash("id-number", OWNER), bare.code) == bare
            writes.lock_parcels([bare.code, "unknown"])
            writes.lock_parcels([])


class TransferSuite:
    """Codes, transfers, drafts, claims, contracts."""

    @pytest.fixture
    def pair(self, store: Store, sealer: Sealer) -> tuple[Actor, Actor]:
        return add_pair(store, sealer)

    def test_a_code_is_used_once(self, store: Store, pair: tuple[Actor, Actor]) -> None:
        code = a_code(pair[1])
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.add_code(code)
            assert writes.code_for_update(code.code_hash) == code
            assert writes.code_for_update(hash32("none")) is None
            assert writes.use_code(code.code_hash)
            assert not writes.use_code(code.code_hash)
            assert writes.code_for_update(code.code_hash) == replace(code, used=True)

    def test_a_transfer_moves_by_compare_and_set_and_leaves_a_history(
        self, store: Store, pair: tuple[Actor, Actor]
    ) -> None:
        transfer = a_transfer(*pair)
        waiting, verified = State.AWAITING_VERIFICATION, State.VERIFIED
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.add_transfer(transfer, NOW)
            assert writes.transfer_for_update(transfer.transfer_id) == transfer
            assert not writes.move_transfer(transfer.transfer_id, verified, State.PROPOSED, NOW)
            assert writes.move_transfer(transfer.transfer_id, waiting, verified, NOW + MINUTE)
            assert not writes.move_transfer(transfer.transfer_id, waiting, verified, NOW + MINUTE)
            assert writes.move_transfer(transfer.transfer_id, verified, verified, NOW + 2 * MINUTE, version=3)
            assert not writes.move_transfer("none", waiting, verified, NOW)
            with pytest.raises(TypeError):
                writes.move_transfer(transfer.transfer_id, verified, verified, NOW, transferor_account_id="x")
        with store.reads() as reads:
            assert reads.transfer(transfer.transfer_id) == replace(transfer, state=verified, version=3)
            assert reads.transfer("none") is None
            assert reads.transfer_history(transfer.transfer_id) == [
                MoveRecord(waiting, NOW), MoveRecord(verified, NOW + MINUTE), MoveRecord(verified, NOW + 2 * MINUTE),
            ]  # fmt: skip
            assert reads.transfer_history("none") == []

    def test_transfers_are_listed_newest_first_page_by_page_for_both_sides(
        self, store: Store, pair: tuple[Actor, Actor]
    ) -> None:
        giver, taker = pair
        transfers = [a_transfer(giver, taker, create_time=NOW + (n // 2) * MINUTE) for n in range(5)]
        transfers.append(a_transfer(taker, giver, create_time=NOW + MINUTE))
        with store.writes(timeout_s=WAIT_S) as writes:
            for transfer in transfers:
                writes.add_transfer(transfer, NOW)
        expected = sorted(transfers, key=lambda t: (t.create_time, t.transfer_id), reverse=True)
        with store.reads() as reads:
            for actor in pair:
                listed: list[Transfer] = []
                before = None
                while page := reads.transfers_of(actor.account.account_id, before, 2):
                    listed.extend(page)
                    before = (page[-1].create_time, page[-1].transfer_id)
                assert listed == expected
            assert reads.transfers_of("nobody", None, 5) == []

    def test_a_draft_is_replaced_until_it_is_offered(self, store: Store, pair: tuple[Actor, Actor]) -> None:
        transfer = a_transfer(*pair)
        draft = a_draft(transfer, *pair)
        receipt = a_receipt(pair[0])
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.add_transfer(transfer, NOW)
            writes.put_draft(replace(draft, document=b"older"))
            writes.put_draft(draft)
            assert writes.draft(transfer.transfer_id, 1) == draft
            assert writes.draft(transfer.transfer_id, 2) is None
            writes.add_receipt(receipt)
            writes.offer_draft(transfer.transfer_id, 1, receipt.receipt_id, b"g" * 64)
            offered = replace(draft, offer_receipt_id=receipt.receipt_id, offer_signature=b"g" * 64)
            assert writes.draft(transfer.transfer_id, 1) == offered
        for change in ("put", "offer"):
            with pytest.raises(ValueError, match="offered"), store.writes(timeout_s=WAIT_S) as writes:  # noqa: PT012 - all of it must fail
                if change == "put":
                    writes.put_draft(draft)
                else:
                    writes.offer_draft(transfer.transfer_id, 1, receipt.receipt_id, b"x" * 64)
        with store.reads() as reads:
            assert reads.draft(transfer.transfer_id, 1) == offered

    def test_claims_stand_until_dropped(self, store: Store, pair: tuple[Actor, Actor]) -> None:
        transfer, code = a_transfer(*pair), parcel(1).code
        first, last = dt.date(2027, 1, 1), dt.date(2031, 12, 31)
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.put_parcels([parcel(1)])
            writes.add_transfer(transfer, NOW)
            writes.add_claims(transfer.transfer_id, [ParcelPart(code, 100)], first, last)
            assert writes.claims_on(code) == [(transfer.transfer_id, 100, first, last)]
            assert writes.claims_on("none") == []
            writes.drop_claims(transfer.transfer_id)
            assert writes.claims_on(code) == []

    def test_a_contract_comes_back_with_its_paper_and_on_both_lists(
        self, store: Store, pair: tuple[Actor, Actor]
    ) -> None:
        giver, taker = pair
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.put_parcels([parcel(1)])
            draft = propose(writes, a_transfer(giver, taker), giver, taker)
            contract = conclude(writes, draft, taker)
        with store.reads() as reads:
            assert reads.contract(contract.contract_id) == contract
            assert reads.contract_document(contract.contract_id) == draft.document
            assert reads.contract("none") is None
            assert reads.contract_document("none") == b""
            (given,) = reads.contracts_of(giver.account.account_id, None, 5)
            (taken,) = reads.contracts_of(taker.account.account_id, None, 5)
            assert (given.contract_id, given.role) == (contract.contract_id, Role.TRANSFEROR)
            assert (given.other_person_id, taken.other_person_id) == (taker.person.person_id, giver.person.person_id)
            assert (taken.role, taken.contract_number) == (Role.TRANSFEREE, draft.body.contract_number)
            before = (given.conclude_time, given.contract_id)
            assert reads.contracts_of(giver.account.account_id, before, 5) == []
            stored = reads.transfer(draft.transfer_id)
            assert stored is not None
            assert (stored.state, stored.contract_id) == (State.CONCLUDED, contract.contract_id)

    def test_a_second_contract_of_a_transfer_is_refused(self, store: Store, pair: tuple[Actor, Actor]) -> None:
        giver, taker = pair
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.put_parcels([parcel(1)])
            draft = propose(writes, a_transfer(giver, taker), giver, taker)
            contract = conclude(writes, draft, taker)
        with pytest.raises(ValueError, match="contract"), store.writes(timeout_s=WAIT_S) as writes:
            writes.add_contract(replace(contract, contract_id=fresh()), b"another paper")

    def test_a_concluded_transfer_moves_no_more(self, store: Store, pair: tuple[Actor, Actor]) -> None:
        giver, taker = pair
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.put_parcels([parcel(1)])
            draft = propose(writes, a_transfer(giver, taker), giver, taker)
            conclude(writes, draft, taker)
        with pytest.raises(ValueError, match="transfer_ended"), store.writes(timeout_s=WAIT_S) as writes:
            writes.move_transfer(draft.transfer_id, State.CONCLUDED, State.CANCELLED, NOW)

    def test_a_concluded_transfer_needs_its_contract(self, store: Store, pair: tuple[Actor, Actor]) -> None:
        transfer = a_transfer(*pair, state=State.CONFIRMED)
        for changes in ({}, {"contract_id": "none"}):
            with pytest.raises(ValueError, match="transfer"), store.writes(timeout_s=WAIT_S) as writes:  # noqa: PT012 - all of it must fail
                writes.add_transfer(transfer, NOW)
                writes.move_transfer(transfer.transfer_id, State.CONFIRMED, State.CONCLUDED, NOW, **changes)
        with store.reads() as reads:
            assert reads.transfer(transfer.transfer_id) is None

    def test_only_overdue_waiting_transfers_expire(self, store: Store, pair: tuple[Actor, Actor]) -> None:
        overdue = a_transfer(*pair, expire_time=NOW)
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.add_transfer(overdue, NOW)
            writes.add_transfer(a_transfer(*pair, expire_time=NOW + MINUTE), NOW)
            writes.add_transfer(a_transfer(*pair, expire_time=NOW, state=State.CANCELLED), NOW)
            assert writes.expired_transfers(NOW, 10) == [overdue]
            assert writes.expired_transfers(NOW - MINUTE, 10) == []
            assert len(writes.expired_transfers(NOW + MINUTE, 1)) == 1


class InboxSuite:
    """Events, answers, sweeping, transactions."""

    def test_events_are_numbered_per_account_without_gaps(self, store: Store, sealer: Sealer) -> None:
        first, second = (actor.account.account_id for actor in add_pair(store, sealer))
        moved = EventKind.TRANSFER_MOVED
        with store.writes(timeout_s=WAIT_S) as writes:
            cursors = [writes.add_event(first, moved, {"state": str(n)}, NOW + n * MINUTE) for n in range(3)]
            assert cursors == [1, 2, 3]
            assert writes.add_event(second, EventKind.CODE_RESOLVED, {"masked_name": "王**"}, NOW) == 1
        with pytest.raises(RuntimeError, match="undone"), store.writes(timeout_s=WAIT_S) as writes:  # noqa: PT012 - all of it must fail
            assert writes.add_event(first, moved, {}, NOW) == 4
            raise RuntimeError("undone")
        with store.writes(timeout_s=WAIT_S) as writes:
            assert writes.add_event(first, moved, {}, NOW) == 4
        with store.reads() as reads:
            events = reads.events_after(first, 1, 2)
            assert [event.cursor for event in events] == [2, 3]
            assert (events[0].kind, events[0].details) == (moved, {"state": "1"})
            assert (events[0].create_time, events[0].account_id) == (NOW + MINUTE, first)
            assert reads.events_after(first, 4, 2) == []

    def test_the_seen_cursor_never_goes_back_nor_beyond(self, store: Store, sealer: Sealer) -> None:
        account_id = add_actor(store, sealer, OWNER, "王大山", "13800001111").account.account_id
        with store.writes(timeout_s=WAIT_S) as writes:
            assert writes.acknowledge(account_id, 5) == 0
            for _ in range(3):
                writes.add_event(account_id, EventKind.CODE_RESOLVED, {}, NOW)
            assert writes.seen_cursor(account_id) == 0
            assert writes.acknowledge(account_id, 2) == 2
            assert writes.acknowledge(account_id, 1) == 2
            assert writes.acknowledge(account_id, 99) == 3
            assert writes.seen_cursor(account_id) == 3

    def test_the_first_answer_is_kept(self, store: Store) -> None:
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.keep_answer(once(), b"first", NOW)
            writes.keep_answer(once(request_id="other"), b"", NOW)
            writes.keep_answer(once(method="other"), b"", NOW)
            writes.keep_answer(once(caller="other"), b"", NOW)
        with pytest.raises(AnswerExists), store.writes(timeout_s=WAIT_S) as writes:
            writes.keep_answer(once(digest=b"x" * 32), b"second", NOW)
        with store.reads() as reads:
            answer = reads.answer("a", "M", "r")
            assert answer is not None
            assert (answer.response, answer.request_digest) == (b"first", b"d" * 32)
            assert reads.answer("a", "M", "none") is None

    def test_sweeping_takes_what_has_served_its_time(self, store: Store, sealer: Sealer) -> None:
        actor = add_actor(store, sealer, OWNER, "王大山", "13800001111")
        old, new = an_upload(actor, expire_time=NOW), an_upload(actor, expire_time=NOW + MINUTE)
        with store.writes(timeout_s=WAIT_S) as writes:
            for upload in (old, new):
                writes.add_upload(upload)
                writes.append_chunk(upload.upload_id, 0, b"abc")
            writes.add_login_attempt(LoginAttempt("old", "a", "k", b"n", True, NOW))
            writes.add_login_attempt(LoginAttempt("new", "a", "k", b"n", True, NOW + MINUTE))
            writes.keep_answer(once("old"), b"", NOW - dt.timedelta(hours=24))
            writes.keep_answer(once("new"), b"", NOW - dt.timedelta(hours=23))
            writes.add_code(a_code(actor, expire_time=NOW))
            writes.count_failure("k", NOW - 10 * MINUTE, 10 * MINUTE)
        with store.writes(timeout_s=WAIT_S) as writes:
            swept = writes.sweep(NOW)
            assert {name: count for name, count in swept.items() if count} == {
                "upload": 1, "login_attempt": 1, "answer": 1, "code": 1, "throttle_failure": 1,
            }  # fmt: skip
            assert writes.upload(old.upload_id) is None
            assert writes.upload_data(old.upload_id) == b""
            assert writes.upload_data(new.upload_id) == b"abc"
            assert writes.take_login_attempt("new") is not None
            assert writes.answer("a", "M", "new") is not None
            assert not any(writes.sweep(NOW).values())

    def test_a_transaction_that_ends_with_an_exception_leaves_nothing(self, store: Store, sealer: Sealer) -> None:
        person = a_person(sealer)
        with pytest.raises(KeyError), store.writes(timeout_s=WAIT_S) as writes:  # noqa: PT012 - all of it must fail
            writes.put_person(person)
            assert writes.person(person.person_id) == person
            raise KeyError
        with store.reads() as reads:
            assert reads.person(person.person_id) is None

    def test_reads_inside_writes_see_the_transaction(self, store: Store, sealer: Sealer) -> None:
        person = a_person(sealer)
        with store.writes(timeout_s=WAIT_S) as writes:
            writes.put_person(person)
            with store.reads() as reads:
                assert reads.person(person.person_id) == person

    def test_the_version_is_a_number(self, store: Store) -> None:
        assert float(store.version()) >= 15


class StoreSuite(PeopleSuite, CaptureSuite, LandSuite, TransferSuite, InboxSuite):
    """All of it."""
