"""Uploads in pieces that may be repeated after any loss."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import uuid

from landseal.server.domain.budget import Budget
from landseal.server.domain.doors import Reads, Store
from landseal.server.domain.errors import Refused
from landseal.server.domain.once import Once
from landseal.server.domain.reasons import Reason
from landseal.server.domain.records import Caller, Upload
from landseal.server.domain.times import Clock

UPLOAD_LIFETIME = dt.timedelta(minutes=10)


class Captures:
    """Receives bursts."""

    def __init__(self, store: Store, *, open_limit: int, clock: Clock) -> None:
        self._store, self._open_limit, self._clock = store, open_limit, clock

    def create(self, caller: Caller, size_bytes: int, sha256: bytes, once: Once[Upload], budget: Budget) -> Upload:
        """Opens an upload of a stated size and digest."""
        now = self._clock()
        upload = Upload(
            upload_id=str(uuid.uuid4()),
            account_id=caller.account_id,
            size_bytes=size_bytes,
            sha256=sha256,
            received_bytes=0,
            expire_time=now + UPLOAD_LIFETIME,
            used=False,
        )
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            if writes.count_failure(f"upload/{caller.account_id}", now, UPLOAD_LIFETIME) > self._open_limit:
                raise Refused(Reason.RATE_LIMITED, retry_after_s=UPLOAD_LIFETIME.total_seconds() / self._open_limit)
            writes.add_upload(upload)
            writes.keep_answer(once, once.encode(upload), now)
        return upload

    def append(self, caller: Caller, upload_id: str, offset: int, data: bytes, budget: Budget) -> Upload:
        """Appends a piece at the place where the upload stands; a piece that is wholly there already changes nothing.

        Raises:
            Refused: NOT_YOURS, UPLOAD_GONE, UPLOAD_OFFSET_WRONG with the expected offset.
        """
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            upload = _own(writes.upload_for_update(upload_id), caller)
            if upload.used or self._clock() >= upload.expire_time:
                raise Refused(Reason.UPLOAD_GONE)
            if offset + len(data) <= upload.received_bytes:
                return upload
            if offset != upload.received_bytes or offset + len(data) > upload.size_bytes:
                raise Refused(Reason.UPLOAD_OFFSET_WRONG, metadata={"expected_offset": str(upload.received_bytes)})
            writes.append_chunk(upload_id, offset, data)
        return dataclasses.replace(upload, received_bytes=offset + len(data))

    def get(self, caller: Caller, upload_id: str) -> Upload:
        """Tells how far an upload is.

        Raises:
            Refused: NOT_YOURS.
        """
        with self._store.reads() as reads:
            return _own(reads.upload(upload_id), caller)


def _own(upload: Upload | None, caller: Caller) -> Upload:
    if upload is None or upload.account_id != caller.account_id:
        raise Refused(Reason.NOT_YOURS)
    return upload


def whole_upload(reads: Reads, caller: Caller, upload_id: str, now: dt.datetime) -> bytes:
    """Returns the bytes of the caller's complete, unused upload.

    Raises:
        Refused: NOT_YOURS, UPLOAD_GONE, UPLOAD_INCOMPLETE, UPLOAD_DIGEST_WRONG.
    """
    upload = _own(reads.upload(upload_id), caller)
    if upload.used or now >= upload.expire_time:
        raise Refused(Reason.UPLOAD_GONE)
    if upload.received_bytes != upload.size_bytes:
        raise Refused(Reason.UPLOAD_INCOMPLETE, metadata={"expected_offset": str(upload.received_bytes)})
    data = reads.upload_data(upload_id)
    if len(data) != upload.size_bytes:
        # The pieces live in an unlogged table: a database crash empties it, and the client sends them again.
        raise Refused(Reason.UPLOAD_GONE)
    if hashlib.sha256(data).digest() != upload.sha256:
        raise Refused(Reason.UPLOAD_DIGEST_WRONG)
    return data
