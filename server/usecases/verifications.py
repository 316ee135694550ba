"""Face verification: an instruction is drawn, a burst is judged, a receipt is signed."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import random
import secrets
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from landseal.inference.challenges.base import Challenge, ChallengeVerdict
from landseal.inference.challenges.lip_instruction import FRAME_EVERY_MS, LEAD_IN_MS, LipInstruction
from landseal.inference.reading import BurstReading, FaceReader, FrameReading
from landseal.server.domain.budget import Budget
from landseal.server.domain.doors import Reads, Sealer, Store
from landseal.server.domain.errors import DatabaseAway, Refused
from landseal.server.domain.machinery import SignatureCheck
from landseal.server.domain.once import Once
from landseal.server.domain.policy import Policy
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, CaptureSource, Purpose, Receipt
from landseal.server.domain.records import Caller, Verification, VerificationState
from landseal.server.domain.signing import capture_bytes, chain_head
from landseal.server.domain.times import Clock
from landseal.server.usecases import moves
from landseal.server.usecases.bursts import (
    Frames,
    digest_of,
    frame_digests,
    instruction_of,
    landmarks_of,
    numbered,
)
from landseal.server.usecases.captures import whole_upload
from landseal.server.usecases.judging import Evidence, Thresholds, judge
from landseal.server.usecases.receipts import ReceiptDesk
from landseal.server.usecases.templates import open_template

SAMPLES = 6
"""Frames of a burst that are embedded and checked by the silent networks."""
_WAIT_S = 0.2


@dataclass(frozen=True)
class SubmitCommand:
    """A finished capture."""

    verification_id: str
    upload_id: str
    source: CaptureSource
    chain_head: bytes = field(repr=False)
    signature: bytes = field(repr=False)


@dataclass(frozen=True)
class Judgement:
    """What became of it."""

    reason: Reason
    attempts_left: int
    receipt: Receipt | None


@dataclass(frozen=True)
class Recognition:
    """Which model and thresholds decide who somebody is."""

    model_id: str
    thresholds: Thresholds
    scope_limit: int
    """Largest scope in which the calibration keeps FPIR at or under 1e-3."""


class Verifications:
    """Issues instructions and judges bursts."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        reader: FaceReader,
        challenge: Challenge[LipInstruction],
        desk: ReceiptDesk,
        check: SignatureCheck,
        *,
        policy: Policy,
        recognition: Recognition,
        parse_burst: Callable[[bytes], Frames],
        clock: Clock,
    ) -> None:
        self._store, self._sealer, self._reader, self._challenge = store, sealer, reader, challenge
        self._desk, self._check, self._policy, self._recognition = desk, check, policy, recognition
        self._parse_burst, self._clock = parse_burst, clock
        self._rng = random.SystemRandom()

    def create(
        self, caller: Caller, purpose: Purpose, binding: Binding, once: Once[Verification], budget: Budget
    ) -> Verification:
        """Issues an instruction.

        1. There is something to verify for: no LAND_READ before the confirmation notice, no SIGN without a version
           to sign.
        2. The instruction is random and new; issuing it is an attempt, so that nobody fishes for an easy one.
        """
        now = self._clock()
        instruction = self._challenge.draw(self._rng)
        plan = self._challenge.plan(instruction)
        verification = Verification(
            verification_id=str(uuid.uuid4()),
            account_id=caller.account_id,
            session_id=caller.session.session_id,
            auth_key_id=caller.session.auth_key_id,
            purpose=purpose,
            binding=binding,
            lead_in_ms=LEAD_IN_MS,
            frame_interval_ms=FRAME_EVERY_MS,
            frame_count=len(plan.frame_times_ms),
            actions=numbered(instruction),
            nonce=secrets.token_bytes(32),
            state=VerificationState.WAITING,
            reason="",
            attempts_left=0,
            create_time=now,
            expire_time=now + self._policy.instruction_lifetime,
        )
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            moves.demand_purpose(writes, caller, purpose, binding)
            self._demand_scope(writes, caller)
            made = writes.attempts_since(caller.account_id, purpose, now - self._policy.attempt_window)
            if made >= self._policy.attempts:
                raise Refused(Reason.ATTEMPTS_EXHAUSTED, retry_after_s=self._policy.attempt_window.total_seconds())
            verification = dataclasses.replace(verification, attempts_left=self._policy.attempts - made - 1)
            writes.add_verification(verification)
            writes.keep_answer(once, once.encode(verification), now)
        return verification

    def _demand_scope(self, reads: Reads, caller: Caller) -> None:
        person = reads.person(caller.person_id)
        limit = self._recognition.scope_limit
        if person is None or reads.scope_size(person.collective) > limit:
            raise Refused(Reason.FACE_SCOPE_TOO_LARGE, metadata={"limit": str(limit)})

    def get(self, caller: Caller, verification_id: str) -> Verification:
        """Returns a verification of the caller.

        Raises:
            Refused: NOT_YOURS.
        """
        with self._store.reads() as reads:
            return _own(reads.verification(verification_id), caller)

    def submit(self, caller: Caller, cmd: SubmitCommand, once: Once[Judgement], budget: Budget) -> Judgement:
        """Judges a burst; one read, one inference call, one transaction.

        1. The instruction is the caller's, of this session and device, unused and in time: stops replays of an
           instruction.
        2. The frames come from where the policy allows, and open the chain that the device signed: stops swapped
           frames.
        3. Inference reads them; if it is away nothing is concluded and nothing used up.
        4. A pure function judges.
        5. One transaction writes outcome, receipt and move; of two racing submissions one is judged.
        """
        now = self._clock()
        with self._store.reads() as reads:
            verification = _own(reads.verification(cmd.verification_id), caller)
            self._demand_open(verification, cmd, now)
            frames = self._parse_burst(whole_upload(reads, caller, cmd.upload_id, now))
            self._demand_signed(caller, verification, cmd, frames)
        self._begin(verification, budget)
        try:
            reading = self._reader.read_burst(
                [image for image, _ in frames],
                samples=SAMPLES,
                seed=secrets.randbits(62),
                timeout_s=budget.left_s(),
            )
            reason = self._judge(caller, verification, frames, reading, now)
            return self._conclude(caller, verification, cmd, reading, frames, reason, once, budget)
        except BaseException:
            self._give_up(verification)
            raise

    def _begin(self, verification: Verification, budget: Budget) -> None:
        """Takes the verification; of several submissions at once one is judged, the others wait for its end."""
        while True:
            until = self._clock() + dt.timedelta(seconds=budget.left_s())
            with self._store.writes(timeout_s=budget.left_s()) as writes:
                if writes.begin_judging(verification.verification_id, self._clock(), until):
                    return
                stored = writes.verification(verification.verification_id)
            if stored is None or stored.state is not VerificationState.WAITING:
                raise Refused(Reason.CHALLENGE_USED)
            time.sleep(min(_WAIT_S, budget.left_s()))

    def _give_up(self, verification: Verification) -> None:
        """Frees the verification after a failure; if even that fails, it frees itself when its time is over."""
        with contextlib.suppress(DatabaseAway, ValueError), self._store.writes(timeout_s=_WAIT_S) as writes:
            writes.give_up_judging(verification.verification_id)

    def _demand_open(self, verification: Verification, cmd: SubmitCommand, now: dt.datetime) -> None:
        if verification.state is not VerificationState.WAITING:
            raise Refused(Reason.CHALLENGE_USED)
        if now >= verification.expire_time:
            raise Refused(Reason.CHALLENGE_EXPIRED)
        if cmd.source not in self._policy.sources:
            raise Refused(Reason.CAPTURE_SOURCE_REFUSED, metadata={"source": cmd.source.name})

    def _demand_signed(self, caller: Caller, verification: Verification, cmd: SubmitCommand, frames: Frames) -> None:
        if chain_head(verification.nonce, frames) != cmd.chain_head:
            raise Refused(Reason.CAPTURE_CHAIN_WRONG)
        message = capture_bytes(
            self._desk.server_key_id,
            caller.account_id,
            caller.auth_key.key_id,
            verification.nonce,
            verification.verification_id,
            digest_of(verification),
            cmd.chain_head,
            len(frames),
            int(cmd.source),
        )
        if not self._check(caller.auth_key, message, cmd.signature):
            raise Refused(Reason.CAPTURE_SIGNATURE_INVALID)

    def _judge(
        self, caller: Caller, verification: Verification, frames: Frames, reading: BurstReading, now: dt.datetime
    ) -> Reason:
        times = [offset for _, offset in frames]
        elapsed_ms = (now - verification.create_time) / dt.timedelta(milliseconds=1)
        if self._policy.clock_bound and times[-1] - times[0] > elapsed_ms:
            return Reason.CAPTURE_TIMES_IMPLAUSIBLE
        with self._store.reads() as reads:
            evidence = self._evidence(reads, caller, frames, reading)
        instruction = instruction_of(verification)

        def challenge(readings: Sequence[FrameReading]) -> ChallengeVerdict:
            landmarks, valid = landmarks_of(readings)
            return self._challenge.judge(instruction, landmarks, times, valid)

        return judge(evidence, self._recognition.thresholds, challenge)

    def _evidence(self, reads: Reads, caller: Caller, frames: Frames, reading: BurstReading) -> Evidence:
        person = reads.person(caller.person_id)
        if person is None:
            raise LookupError("an account without a person")
        limit = self._recognition.scope_limit
        scope = reads.people_in_scope(person.collective, limit + 1)
        if len(scope) > limit:
            # People were imported since the instruction was issued; nobody is passed over silently.
            raise Refused(Reason.FACE_SCOPE_TOO_LARGE, metadata={"limit": str(limit)})
        model_id = self._recognition.model_id
        return Evidence(
            reading=reading,
            silent_required=self._policy.silent_required,
            digests_seen=reads.burst_digest_seen(frame_digests(frames)),
            own_template=open_template(self._sealer, person, model_id),
            other_templates=[
                open_template(self._sealer, other, model_id) for other in scope if other.person_id != person.person_id
            ],
        )

    def _conclude(
        self,
        caller: Caller,
        verification: Verification,
        cmd: SubmitCommand,
        reading: BurstReading,
        frames: Frames,
        reason: Reason,
        once: Once[Judgement],
        budget: Budget,
    ) -> Judgement:
        now = self._clock()
        passed = reason is Reason.PASSED
        state = VerificationState.PASSED if passed else VerificationState.REFUSED
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            if not writes.finish_verification(verification.verification_id, state, reason.value):
                raise Refused(Reason.CHALLENGE_USED)
            if not writes.use_upload(cmd.upload_id):
                raise Refused(Reason.UPLOAD_GONE)
            writes.add_frame_digests(verification.verification_id, frame_digests(frames))
            receipt = (
                self._desk.issue(writes, caller, verification, cmd.source, silent=reading.silent) if passed else None
            )
            if receipt is not None:
                moves.after_receipt(writes, caller, receipt, now)
            judgement = Judgement(reason, verification.attempts_left, receipt)
            writes.keep_answer(once, once.encode(judgement), now)
        return judgement


def _own(verification: Verification | None, caller: Caller) -> Verification:
    if (
        verification is None
        or verification.account_id != caller.account_id
        or verification.session_id != caller.session.session_id
    ):
        raise Refused(Reason.NOT_YOURS)
    return verification
