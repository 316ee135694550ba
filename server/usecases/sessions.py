"""Registration, login and the token that every other call carries."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from dataclasses import dataclass, field

from landseal.server.domain.budget import Budget
from landseal.server.domain.doors import Reads, Sealer, Store
from landseal.server.domain.errors import Refused
from landseal.server.domain.keys import PublicKey
from landseal.server.domain.machinery import Passwords, SignatureCheck, Tokens
from landseal.server.domain.masking import Masked
from landseal.server.domain.once import Once
from landseal.server.domain.reasons import Reason
from landseal.server.domain.records import Caller, EndReason, LoginAttempt, Session
from landseal.server.domain.signing import call_bytes, login_bytes
from landseal.server.domain.times import Clock, from_millis
from landseal.server.usecases.people import masked
from landseal.server.usecases.throttle import Throttle

LOGIN_LIFETIME = dt.timedelta(minutes=2)
SESSION_LIFETIME = dt.timedelta(hours=12)
CLOCK_SKEW = dt.timedelta(minutes=2)
"""How far a client's clock may differ when it signs a call; a stale signature is worthless to whoever recorded it."""
_ENDED = {EndReason.LOGOUT: Reason.SESSION_ENDED, EndReason.REPLACED: Reason.SESSION_REPLACED}


@dataclass(frozen=True)
class StartLoginCommand:
    """The first step of a login."""

    login_name: str
    password: str = field(repr=False)
    auth_key_id: str


@dataclass(frozen=True)
class LoginStarted:
    """What the device has to sign."""

    login_id: str
    nonce: bytes = field(repr=False)
    expire_time: dt.datetime


@dataclass(frozen=True)
class LoginCommand:
    """The second step of a login."""

    request_id: str
    login_id: str
    signature: bytes = field(repr=False)


@dataclass(frozen=True)
class SessionView:
    """A session as its owner sees it."""

    session_id: str
    account_id: str
    masked: Masked
    auth_key_id: str
    sign_key_id: str
    expire_time: dt.datetime


@dataclass(frozen=True)
class LoggedIn:
    """The token and its session."""

    token: str = field(repr=False)
    view: SessionView


@dataclass(frozen=True)
class CallProof:
    """The signature that travels with every call of a session."""

    key_id: str
    signed_time_ms: int
    signature: bytes = field(repr=False)


class Sessions:
    """Logs people in and knows who calls."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        passwords: Passwords,
        tokens: Tokens,
        check: SignatureCheck,
        *,
        server_key: PublicKey,
        throttle: Throttle,
        clock: Clock,
    ) -> None:
        self._store, self._sealer, self._passwords, self._tokens = store, sealer, passwords, tokens
        self._check, self._audience, self._throttle, self._clock = check, server_key.key_id, throttle, clock

    def start_login(self, cmd: StartLoginCommand, once: Once[LoginStarted], budget: Budget) -> LoginStarted:
        """Checks the password and hands out a nonce.

        1. Guessing is slowed down per login name, existing or not, and apart for the account's own devices: whoever
           knows only a name cannot lock its owner out.
        2. The password is checked in the same time whether or not the account exists.
        3. Whether it fitted is told only in the second step: to a guesser all names look alike.
        """
        with self._store.reads() as reads:
            account = reads.account_by_login_name(cmd.login_name)
            device = reads.device(cmd.auth_key_id)
        own = account is not None and device is not None and device.account_id == account.account_id
        throttle_key = f"login/{cmd.login_name}/{cmd.auth_key_id if own else 'unknown'}"
        self._throttle.demand(throttle_key)
        fits = self._passwords.verify(account.password_hash if account else None, cmd.password) and own
        started = LoginStarted(
            login_id=str(uuid.uuid4()),
            nonce=secrets.token_bytes(32),
            expire_time=self._clock() + LOGIN_LIFETIME,
        )
        if not fits:
            self._throttle.failed(throttle_key)
        account_id = account.account_id if account else str(uuid.uuid4())
        attempt = LoginAttempt(started.login_id, account_id, cmd.auth_key_id, started.nonce, fits, started.expire_time)
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            writes.add_login_attempt(attempt)
            writes.keep_answer(once, once.encode(started), self._clock())
        return started

    def login(self, cmd: LoginCommand, once: Once[LoggedIn], budget: Budget) -> LoggedIn:
        """Completes a login and ends the older session of the same account and class of device.

        1. The attempt is used up, whatever comes of it, so that a nonce is signed once.
        2. Password and device must both have fitted, and the nonce be signed by that device's auth key.
        3. The token is derived, not stored: a repeated call gets the same one, a copy of the database gets none.
        """
        now = self._clock()
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            attempt = writes.take_login_attempt(cmd.login_id)
            device = writes.device(attempt.auth_key_id) if attempt else None
            good = attempt is not None and attempt.fits and now < attempt.expire_time and device is not None
            if (
                attempt is None
                or device is None
                or not good
                or not self._signed(attempt, device.auth_key, cmd.signature)
            ):
                result = None
            else:
                writes.end_sessions(device.account_id, device.device_class, EndReason.REPLACED)
                token = self._tokens.derive(f"login/{attempt.login_id}", cmd.request_id)
                session = Session(
                    session_id=str(uuid.uuid4()),
                    account_id=device.account_id,
                    auth_key_id=device.auth_key_id,
                    device_class=device.device_class,
                    token_hash=self._tokens.hash(token),
                    create_time=now,
                    expire_time=now + SESSION_LIFETIME,
                    end_reason=EndReason.NONE,
                )
                writes.add_session(session)
                caller = writes.caller_by_token_hash(session.token_hash)
                if caller is None:
                    raise LookupError("a session that was just added is not there")
                result = LoggedIn(token, self._view(writes, caller))
                writes.keep_answer(once, once.encode(result), now)
        if result is None:
            raise Refused(Reason.LOGIN_REFUSED)
        return result

    def _signed(self, attempt: LoginAttempt, key: PublicKey, signature: bytes) -> bool:
        message = login_bytes(self._audience, attempt.account_id, attempt.auth_key_id, attempt.nonce, attempt.login_id)
        return self._check(key, message, signature)

    def logout(self, caller: Caller, once: Once[None], budget: Budget) -> None:
        """Ends the caller's session with all its receipts."""
        session = caller.session
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            writes.end_sessions(
                session.account_id, session.device_class, EndReason.LOGOUT, session_id=session.session_id
            )
            writes.keep_answer(once, once.encode(None), self._clock())

    def view(self, caller: Caller) -> SessionView:
        """Returns the session as its owner sees it."""
        with self._store.reads() as reads:
            return self._view(reads, caller)

    def _view(self, reads: Reads, caller: Caller) -> SessionView:
        person = reads.person(caller.person_id)
        if person is None:
            raise LookupError("an account without a person")
        session = caller.session
        return SessionView(
            session_id=session.session_id,
            account_id=session.account_id,
            masked=masked(self._sealer, person),
            auth_key_id=caller.auth_key.key_id,
            sign_key_id=caller.sign_key.key_id,
            expire_time=session.expire_time,
        )

    def authenticate(self, token: str) -> Caller:
        """Returns who holds the token.

        Raises:
            Refused: TOKEN_INVALID, SESSION_EXPIRED, SESSION_REPLACED, SESSION_ENDED.
        """
        with self._store.reads() as reads:
            caller = reads.caller_by_token_hash(self._tokens.hash(token))
        if caller is None:
            raise Refused(Reason.TOKEN_INVALID)
        self.demand_live(caller.session)
        return caller

    def demand_live(self, session: Session) -> None:
        """Raises Refused with the reason why the session is over, if it is."""
        if session.end_reason is not EndReason.NONE:
            raise Refused(_ENDED[session.end_reason])
        if self._clock() >= session.expire_time:
            raise Refused(Reason.SESSION_EXPIRED)

    def check_call_signature(
        self, caller: Caller, proof: CallProof, request_id: str, method: str, request: bytes, token: str
    ) -> None:
        """Demands that the session's own device signed this very request just now: a stolen token alone does nothing.

        Raises:
            Refused: CALL_SIGNATURE_INVALID.
        """
        message = call_bytes(
            self._audience,
            caller.account_id,
            proof.key_id,
            request_id,
            method,
            request,
            token,
            proof.signed_time_ms,
        )
        fresh = abs(self._clock() - from_millis(proof.signed_time_ms)) <= CLOCK_SKEW
        own = proof.key_id == caller.auth_key.key_id
        if not (fresh and own and self._check(caller.auth_key, message, proof.signature)):
            raise Refused(Reason.CALL_SIGNATURE_INVALID)
