"""Uploads, verifications, burst prints, receipts and throttle counters."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence

from landseal.server.domain.receipts import Binding, Purpose, Receipt
from landseal.server.domain.records import StoredReceipt, Upload, Verification, VerificationState
from landseal.server.storage.codec import from_json, to_json
from landseal.server.storage.models import BurstRow, ReceiptRow, UploadRow, VerificationRow
from landseal.server.storage.statements import insert, select
from landseal.server.storage.unit import Row, Unit

_UPLOAD = select(UploadRow, "WHERE upload_id = %(upload_id)s")
_UPLOAD_LOCKED = select(UploadRow, "WHERE upload_id = %(upload_id)s FOR UPDATE")
_PIECES = """
    SELECT start_byte, piece_sealed FROM upload LEFT JOIN upload_piece USING (upload_id)
    WHERE upload.upload_id = %(upload_id)s AND NOT upload.used"""
_VERIFICATION = select(VerificationRow, "WHERE verification_id = %(verification_id)s")
_SEEN = "SELECT EXISTS (SELECT 1 FROM burst WHERE frame_digests && %(digests)s::bigint[])"
_RECEIPT = select(ReceiptRow, "WHERE receipt_id = %(receipt_id)s")

_LOCK_KEY = "SELECT pg_advisory_xact_lock(hashtextextended(encode(%(key_hash)s::bytea, 'hex'), 0))"
_ADD_FAILURE = """
    INSERT INTO throttle_failure (key_hash, fail_time, keep_until)
    VALUES (%(key_hash)s, %(now)s, %(keep_until)s)"""
_FAILURES = """
    SELECT count(*) FROM throttle_failure WHERE key_hash = %(key_hash)s AND fail_time > %(since)s"""
_CLEAR_FAILURES = "DELETE FROM throttle_failure WHERE key_hash = %(key_hash)s"
_ADD_UPLOAD = insert(UploadRow)
_GROW_UPLOAD = """
    UPDATE upload SET received_bytes = received_bytes + %(length)s
    WHERE upload_id = %(upload_id)s AND received_bytes = %(start)s AND NOT used"""
_ADD_PIECE = """
    INSERT INTO upload_piece (upload_id, start_byte, piece_sealed)
    VALUES (%(upload_id)s, %(start)s, %(piece_sealed)s)"""
_USE_UPLOAD = "UPDATE upload SET used = true WHERE upload_id = %(upload_id)s AND NOT used"
_ERASE_PIECES = "DELETE FROM upload_piece WHERE upload_id = %(upload_id)s"
_ADD_VERIFICATION = insert(VerificationRow)
_ATTEMPTS = """
    SELECT count(*) FROM verification
    WHERE account_id = %(account_id)s AND purpose = %(purpose)s AND state <> 2 AND create_time >= %(since)s
        AND create_time > coalesce(
            (SELECT max(create_time) FROM verification
             WHERE account_id = %(account_id)s AND purpose = %(purpose)s AND state = 2 AND create_time >= %(since)s),
            '-infinity')"""
_LOCK_ACCOUNT = "SELECT 1 FROM account WHERE account_id = %(account_id)s FOR NO KEY UPDATE"
_BEGIN_JUDGING = """
    INSERT INTO judging (verification_id, until)
    SELECT verification_id, %(until)s FROM verification WHERE verification_id = %(verification_id)s AND state = 1
    ON CONFLICT (verification_id) DO UPDATE SET until = excluded.until WHERE judging.until <= %(now)s"""
_GIVE_UP_JUDGING = "DELETE FROM judging WHERE verification_id = %(verification_id)s"
_FINISH = """
    UPDATE verification SET state = %(state)s, reason = %(reason)s
    WHERE verification_id = %(verification_id)s AND state = 1"""
_ADD_BURST = insert(BurstRow)
_ADD_RECEIPT = insert(ReceiptRow)
_USE_RECEIPT = "UPDATE receipt SET used = true WHERE receipt_id = %(receipt_id)s AND NOT used AND NOT ended"


class CaptureReads(Unit):
    """Lookups."""

    def upload(self, upload_id: str) -> Upload | None:
        """Returns the upload of that id, without its bytes."""
        row = self._one(_UPLOAD, upload_id=upload_id)
        return Upload(*row) if row else None

    def upload_data(self, upload_id: str) -> bytes:
        """Returns the pieces joined, sealed ones opened; empty when erased."""
        rows = self._all_binary(_PIECES, upload_id=upload_id)
        pieces = self._shelf.pieces(upload_id) if self._shelf and rows else {}
        for start, sealed in rows:
            if sealed is not None:  # else the upload is there, and none of its pieces is in the table
                pieces[start] = self._sealer.open(_piece_context(upload_id, start), sealed)
        return b"".join(pieces[start] for start in sorted(pieces))

    def verification(self, verification_id: str) -> Verification | None:
        """Returns the verification of that id."""
        row = self._one(_VERIFICATION, verification_id=verification_id)
        return _verification(row) if row else None

    def burst_digest_seen(self, frame_digests: Sequence[int]) -> bool:
        """Tells whether any frame digest occurs in any stored burst (indexed)."""
        return bool(self._number(_SEEN, digests=list(frame_digests)))

    def receipt(self, receipt_id: str) -> StoredReceipt | None:
        """Returns the receipt of that id with its use."""
        row = self._one(_RECEIPT, receipt_id=receipt_id)
        if row is None:
            return None
        *_, body_sealed, used, ended = row
        body = self._sealer.open(f"receipt/{receipt_id}", body_sealed)
        return StoredReceipt(from_json(Receipt, body), used, ended)

    def failures(self, key: str, now: dt.datetime, window: dt.timedelta) -> int:
        """Returns how many failures of a throttle key lie within the window."""
        return self._number(_FAILURES, key_hash=self._throttle_hash(key), since=now - window)

    def _throttle_hash(self, key: str) -> bytes:
        """Keys may hold login names, so only a keyed hash is kept."""
        return self._sealer.lookup_hash("throttle", key)

    def add_upload(self, upload: Upload) -> None:
        """Adds an empty upload."""
        self._run(
            _ADD_UPLOAD,
            upload_id=upload.upload_id,
            account_id=upload.account_id,
            size_bytes=upload.size_bytes,
            sha256=upload.sha256,
            received_bytes=upload.received_bytes,
            expire_time=upload.expire_time,
            used=upload.used,
        )

    def upload_for_update(self, upload_id: str) -> Upload | None:
        """Returns and locks the upload."""
        row = self._one(_UPLOAD_LOCKED, upload_id=upload_id)
        return Upload(*row) if row else None

    def append_chunk(self, upload_id: str, offset: int, data: bytes) -> None:
        """Shelves a piece, or seals and stores it where there is no shelf or no room, and moves received_bytes forward.

        After a rollback a shelved piece is still there; the next one with its start, where the upload goes on, takes
        its place.

        Raises:
            ValueError: the upload is used or stands elsewhere, or the piece is empty or reaches beyond its end.
        """
        if not data or not self._run(_GROW_UPLOAD, upload_id=upload_id, start=offset, length=len(data)):
            raise ValueError("the piece does not continue the upload")
        if self._shelf and self._shelf.put(upload_id, offset, data):
            return
        sealed = self._sealer.seal(_piece_context(upload_id, offset), data)
        self._run(_ADD_PIECE, upload_id=upload_id, start=offset, piece_sealed=sealed)

    def use_upload(self, upload_id: str) -> bool:
        """Marks it used and erases its pieces; False when it was used or is gone."""
        if not self._run(_USE_UPLOAD, upload_id=upload_id):
            return False
        self._run(_ERASE_PIECES, upload_id=upload_id)
        if self._shelf:
            self.committed.append(functools.partial(self._shelf.drop, upload_id))
        return True

    def add_verification(self, verification: Verification) -> None:
        """Adds a verification."""
        self._run(
            _ADD_VERIFICATION,
            verification_id=verification.verification_id,
            account_id=verification.account_id,
            session_id=verification.session_id,
            auth_key_id=verification.auth_key_id,
            purpose=int(verification.purpose),
            transfer_id=verification.binding.transfer_id,
            contract_version=verification.binding.contract_version,
            terms_digest=verification.binding.terms_digest,
            lead_in_ms=verification.lead_in_ms,
            frame_interval_ms=verification.frame_interval_ms,
            frame_count=verification.frame_count,
            action_shapes=[shape for shape, _ in verification.actions],
            action_holds_ms=[hold_ms for _, hold_ms in verification.actions],
            nonce=verification.nonce,
            state=int(verification.state),
            reason=verification.reason,
            attempts_left=verification.attempts_left,
            create_time=verification.create_time,
            expire_time=verification.expire_time,
        )

    def attempts_since(self, account_id: str, purpose: Purpose, since: dt.datetime) -> int:
        """Counts verifications issued and not passed since then, but at most back to the last that passed.

        Locks the account, so that of calls at the same time each sees the one before.
        """
        self._one(_LOCK_ACCOUNT, account_id=account_id)
        return self._number(_ATTEMPTS, account_id=account_id, purpose=int(purpose), since=since)

    def finish_verification(self, verification_id: str, state: VerificationState, reason: str) -> bool:
        """Compare-and-set from WAITING; False when it was already judged."""
        self._run(_GIVE_UP_JUDGING, verification_id=verification_id)
        return self._run(_FINISH, verification_id=verification_id, state=int(state), reason=reason) == 1

    def begin_judging(self, verification_id: str, now: dt.datetime, until: dt.datetime) -> bool:
        """Takes a waiting verification for one judgement; False while another one holds it or after it was judged."""
        return self._run(_BEGIN_JUDGING, verification_id=verification_id, now=now, until=until) == 1

    def give_up_judging(self, verification_id: str) -> None:
        """Lets a waiting verification be judged again, after an engine failed."""
        self._run(_GIVE_UP_JUDGING, verification_id=verification_id)

    def add_frame_digests(self, verification_id: str, frame_digests: Sequence[int]) -> None:
        """Keeps the digests of a judged burst's frames, so that none of them is taken again."""
        self._run(_ADD_BURST, verification_id=verification_id, frame_digests=list(frame_digests))

    def add_receipt(self, receipt: Receipt) -> None:
        """Adds an unused receipt."""
        self._run(
            _ADD_RECEIPT,
            receipt_id=receipt.receipt_id,
            account_id=receipt.account_id,
            session_id=receipt.session_id,
            purpose=int(receipt.purpose),
            expire_time=receipt.expire_time,
            body_sealed=self._sealer.seal(f"receipt/{receipt.receipt_id}", to_json(receipt)),
            used=False,
            ended=False,
        )

    def use_receipt(self, receipt_id: str) -> bool:
        """Compare-and-set; False when it was used or ended."""
        return self._run(_USE_RECEIPT, receipt_id=receipt_id) == 1


def _piece_context(upload_id: str, offset: int) -> str:
    return f"upload/{upload_id}/{offset}"


def _verification(row: Row) -> Verification:
    (
        verification_id, account_id, session_id, auth_key_id, purpose, transfer_id, contract_version, terms_digest,
        lead_in_ms, frame_interval_ms, frame_count, shapes, holds_ms, nonce, state, reason, attempts_left,
        create_time, expire_time,
    ) = row  # fmt: skip
    return Verification(
        verification_id=verification_id,
        account_id=account_id,
        session_id=session_id,
        auth_key_id=auth_key_id,
        purpose=Purpose(purpose),
        binding=Binding(transfer_id, contract_version, terms_digest),
        lead_in_ms=lead_in_ms,
        frame_interval_ms=frame_interval_ms,
        frame_count=frame_count,
        actions=tuple(zip(shapes, holds_ms, strict=True)),
        nonce=nonce,
        state=VerificationState(state),
        reason=reason,
        attempts_left=attempts_left,
        create_time=create_time,
        expire_time=expire_time,
    )


class CaptureWrites(CaptureReads):
    """Changes."""

    def count_failure(self, key: str, now: dt.datetime, window: dt.timedelta) -> int:
        """Adds one failure under a throttle key and returns how many lie within the window."""
        key_hash = self._throttle_hash(key)
        self._one(_LOCK_KEY, key_hash=key_hash)  # two failures at once count as two in both answers
        self._run(_ADD_FAILURE, key_hash=key_hash, now=now, keep_until=now + window)
        return self._number(_FAILURES, key_hash=key_hash, since=now - window)

    def clear_failures(self, key: str) -> None:
        """Forgets the failures of a throttle key."""
        self._run(_CLEAR_FAILURES, key_hash=self._throttle_hash(key))
