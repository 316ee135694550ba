"""People, accounts, devices and sessions."""

from __future__ import annotations

import datetime as dt

from landseal.server.domain.keys import KeyAlgorithm, PublicKey
from landseal.server.domain.records import (
    Account,
    Caller,
    Device,
    DeviceClass,
    EndReason,
    LoginAttempt,
    Person,
    Session,
)
from landseal.server.storage.channel import CHANNEL
from landseal.server.storage.models import (
    AccountRow,
    DeviceRow,
    LoginAttemptRow,
    PersonRow,
    SessionRow,
)
from landseal.server.storage.statements import columns, insert, names, select
from landseal.server.storage.unit import Row, Unit

_PERSON = select(PersonRow, "WHERE person_id = %(person_id)s")
_PERSON_BY_ID_HASH = select(PersonRow, "WHERE id_hash = %(id_hash)s")
_SCOPE = select(PersonRow, "WHERE collective = %(collective)s ORDER BY person_id LIMIT %(limit)s")
_SCOPE_SIZE = "SELECT count(*) FROM person WHERE collective = %(collective)s"
_ACCOUNT = select(AccountRow, "WHERE account_id = %(account_id)s")
_ACCOUNT_BY_LOGIN = select(AccountRow, "WHERE login_hash = %(login_hash)s")
_DEVICE = select(DeviceRow, "WHERE auth_key_id = %(auth_key_id)s")
_SESSION = select(SessionRow, "WHERE session_id = %(session_id)s")
_CALLER = f"""
    SELECT {columns(SessionRow, "s")}, a.person_id, d.auth_algorithm, d.auth_key, d.sign_algorithm, d.sign_key
    FROM session s JOIN account a ON a.account_id = s.account_id JOIN device d ON d.auth_key_id = s.auth_key_id AND
    d.account_id = s.account_id
    WHERE s.token_hash = %(token_hash)s"""  # noqa: S608 - constants of this module only

_PUT_PERSON = insert(
    PersonRow,
    "ON CONFLICT (id_hash) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in names(PersonRow) if name != "id_hash")
    + " WHERE person.account_id IS NULL",
)
_PUT_REGISTRATION_CODE = """
    INSERT INTO registration_code (person_id, code_hash, expire_time)
    VALUES (%(person_id)s, %(code_hash)s, %(expire_time)s)
    ON CONFLICT (person_id) DO UPDATE SET code_hash = excluded.code_hash, expire_time = excluded.expire_time"""
_USE_REGISTRATION_CODE = """
    DELETE FROM registration_code
    WHERE person_id = %(person_id)s AND code_hash = %(code_hash)s AND expire_time > %(now)s"""
_ADD_ACCOUNT = insert(AccountRow, "ON CONFLICT DO NOTHING")
_ADD_DEVICE = insert(DeviceRow, "ON CONFLICT DO NOTHING")
_ADD_KEYS = """
    INSERT INTO device_key (key_id, auth_key_id)
    VALUES (%(auth_key_id)s, %(auth_key_id)s), (%(sign_key_id)s, %(auth_key_id)s) ON CONFLICT DO NOTHING"""
_BIND_PERSON = """
    UPDATE person SET account_id = %(account_id)s WHERE person_id = %(person_id)s AND account_id IS NULL"""
_LOCK_PERSON = "SELECT 1 FROM person WHERE person_id = %(person_id)s FOR UPDATE"
_ADD_ATTEMPT = insert(LoginAttemptRow)
_TAKE_ATTEMPT = f"DELETE FROM login_attempt WHERE login_id = %(login_id)s RETURNING {columns(LoginAttemptRow)}"  # noqa: S608 - as above
_ADD_SESSION = insert(SessionRow)
_LOCK_ACCOUNT = "SELECT 1 FROM account WHERE account_id = %(account_id)s FOR NO KEY UPDATE"
_END_SESSIONS = """
    UPDATE session SET end_reason = %(reason)s
    WHERE account_id = %(account_id)s AND device_class = %(device_class)s AND end_reason = ''
        AND (%(session_id)s::text IS NULL OR session_id = %(session_id)s)
    RETURNING session_id"""
_TELL_WATCHERS = f"SELECT pg_notify('{CHANNEL}', %(account_id)s || ':0')"
_END_RECEIPTS = """
    UPDATE receipt SET ended = true WHERE session_id = ANY(%(session_ids)s) AND NOT used AND NOT ended"""


class PeopleReads(Unit):
    """Lookups."""

    def person(self, person_id: str) -> Person | None:
        """Returns the person of that id."""
        return self._maybe_person(self._one(_PERSON, person_id=person_id))

    def person_by_id_hash(self, id_hash: bytes) -> Person | None:
        """Returns the person whose ID number has this keyed hash."""
        return self._maybe_person(self._one(_PERSON_BY_ID_HASH, id_hash=id_hash))

    def people_in_scope(self, collective: str, limit: int) -> list[Person]:
        """Returns at most ``limit`` people of a collective, in the order of their ids."""
        return [self._person(row) for row in self._all(_SCOPE, collective=collective, limit=limit)]

    def scope_size(self, collective: str) -> int:
        """Returns how many people a collective has."""
        return self._number(_SCOPE_SIZE, collective=collective)

    def account(self, account_id: str) -> Account | None:
        """Returns the account of that id."""
        return self._maybe_account(self._one(_ACCOUNT, account_id=account_id))

    def account_by_login_name(self, login_name: str) -> Account | None:
        """Returns the account of that login name."""
        return self._maybe_account(self._one(_ACCOUNT_BY_LOGIN, login_hash=self._login_hash(login_name)))

    def device(self, auth_key_id: str) -> Device | None:
        """Returns the device whose auth key has this id."""
        row = self._one(_DEVICE, auth_key_id=auth_key_id)
        return self._device(row) if row else None

    def caller_by_token_hash(self, token_hash: bytes) -> Caller | None:
        """Returns the session of the token, ended or not, with its account's person and device: one query."""
        row = self._one(_CALLER, token_hash=token_hash)
        if row is None:
            return None
        *session, person_id, auth_algorithm, auth_key, sign_algorithm, sign_key = row
        return Caller(
            _session(tuple(session)), person_id, _key(auth_algorithm, auth_key), _key(sign_algorithm, sign_key)
        )

    def session_by_id(self, session_id: str) -> Session | None:
        """Returns the session of that id, ended or not."""
        row = self._one(_SESSION, session_id=session_id)
        return _session(row) if row else None

    def _login_hash(self, login_name: str) -> bytes:
        return self._sealer.lookup_hash("login-name", login_name)

    def _maybe_person(self, row: Row | None) -> Person | None:
        return self._person(row) if row else None

    def _person(self, row: Row) -> Person:
        person_id, name_sealed, id_hash, id_sealed, collective, template_sealed, template_version, account_id = row
        return Person(
            person_id=person_id,
            legal_name=self._open_text(f"person-name/{person_id}", name_sealed),
            id_hash=id_hash,
            id_sealed=id_sealed,
            collective=collective,
            template_sealed=template_sealed,
            template_version=template_version,
            account_id=account_id or "",
        )

    def _maybe_account(self, row: Row | None) -> Account | None:
        if row is None:
            return None
        account_id, _, login_sealed, password_hash, person_id, create_time = row
        login_name = self._open_text(f"login-name/{account_id}", login_sealed)
        return Account(account_id, login_name, password_hash, person_id, create_time)

    def _device(self, row: Row) -> Device:
        auth_key_id, account_id, device_class, auth_algorithm, auth_key, _, sign_algorithm, sign_key, name, time = row
        return Device(
            account_id=account_id,
            device_class=DeviceClass(device_class),
            auth_key=_key(auth_algorithm, auth_key),
            sign_key=_key(sign_algorithm, sign_key),
            display_name=self._open_text(f"device-name/{auth_key_id}", name),
            create_time=time,
        )


class PeopleWrites(PeopleReads):
    """Changes."""

    def put_person(self, person: Person) -> None:
        """Inserts, or replaces the person of the same id_hash.

        Raises:
            ValueError: that person is bound to an account, or the person_id belongs to somebody else.
        """
        written = self._run(
            _PUT_PERSON,
            person_id=person.person_id,
            name_sealed=self._seal_text(f"person-name/{person.person_id}", person.legal_name),
            id_hash=person.id_hash,
            id_sealed=person.id_sealed,
            collective=person.collective,
            template_sealed=person.template_sealed,
            template_version=person.template_version,
            account_id=person.account_id or None,
        )
        if not written:
            raise ValueError("a person who is bound to an account cannot be replaced")

    def put_registration_code(self, person_id: str, code_hash: bytes, expire_time: dt.datetime) -> None:
        """Replaces the person's older code."""
        self._run(_PUT_REGISTRATION_CODE, person_id=person_id, code_hash=code_hash, expire_time=expire_time)

    def use_registration_code(self, person_id: str, code_hash: bytes, now: dt.datetime) -> bool:
        """Deletes the code and returns True if it fits and has not expired."""
        return self._run(_USE_REGISTRATION_CODE, person_id=person_id, code_hash=code_hash, now=now) == 1

    def add_account(self, account: Account, device: Device) -> bool:
        """Adds both and binds the person; False when login name, a key or the person is taken (nothing is added)."""
        self._run("SAVEPOINT add_account")
        if self._added(account, device):
            self._run("RELEASE SAVEPOINT add_account")
            return True
        self._run("ROLLBACK TO SAVEPOINT add_account")
        return False

    def _added(self, account: Account, device: Device) -> bool:
        # Two registrations of one person take turns here, so that the later one gets False and not a broken constraint.
        self._one(_LOCK_PERSON, person_id=account.person_id)
        added = self._run(
            _ADD_ACCOUNT,
            account_id=account.account_id,
            login_hash=self._login_hash(account.login_name),
            login_sealed=self._seal_text(f"login-name/{account.account_id}", account.login_name),
            password_hash=account.password_hash,
            person_id=account.person_id,
            create_time=account.create_time,
        )
        if not added or not self._add_device(device):
            return False
        return self._run(_BIND_PERSON, account_id=account.account_id, person_id=account.person_id) == 1

    def _add_device(self, device: Device) -> bool:
        keys = {"auth_key_id": device.auth_key_id, "sign_key_id": device.sign_key.key_id}
        added = self._run(
            _ADD_DEVICE,
            **keys,
            account_id=device.account_id,
            device_class=int(device.device_class),
            auth_algorithm=int(device.auth_key.algorithm),
            auth_key=device.auth_key.key,
            sign_algorithm=int(device.sign_key.algorithm),
            sign_key=device.sign_key.key,
            name_sealed=self._seal_text(f"device-name/{device.auth_key_id}", device.display_name),
            create_time=device.create_time,
        )
        return added == 1 and self._run(_ADD_KEYS, **keys) == 2

    def add_login_attempt(self, attempt: LoginAttempt) -> None:
        """Adds a login attempt."""
        self._run(
            _ADD_ATTEMPT,
            login_id=attempt.login_id,
            account_id=attempt.account_id,
            auth_key_id=attempt.auth_key_id,
            nonce=attempt.nonce,
            fits=attempt.fits,
            expire_time=attempt.expire_time,
        )

    def take_login_attempt(self, login_id: str) -> LoginAttempt | None:
        """Deletes and returns it: an attempt is used once."""
        row = self._one(_TAKE_ATTEMPT, login_id=login_id)
        return LoginAttempt(*row) if row else None

    def add_session(self, session: Session) -> None:
        """Adds a live session.

        Raises:
            ValueError: another one of that account and class of device lives; end it first.
        """
        self._run(
            _ADD_SESSION,
            session_id=session.session_id,
            account_id=session.account_id,
            auth_key_id=session.auth_key_id,
            device_class=int(session.device_class),
            token_hash=session.token_hash,
            create_time=session.create_time,
            expire_time=session.expire_time,
            end_reason=str(session.end_reason),
        )

    def end_sessions(
        self, account_id: str, device_class: DeviceClass, reason: EndReason, *, session_id: str | None = None
    ) -> int:
        """Ends the live sessions of that class (or only the one named) and their unused receipts; returns how many.

        The account is locked, so that of two logins at once the later one ends the earlier one's session.
        """
        self._one(_LOCK_ACCOUNT, account_id=account_id)
        ended = self._all(
            _END_SESSIONS,
            account_id=account_id,
            device_class=int(device_class),
            reason=str(reason),
            session_id=session_id,
        )
        if ended:
            self._run(_END_RECEIPTS, session_ids=[row[0] for row in ended])
            # Watches of the ended sessions look up at once and hear why they end.
            self._one(_TELL_WATCHERS, account_id=account_id)
        return len(ended)


def _key(algorithm: int, key: bytes) -> PublicKey:
    return PublicKey(KeyAlgorithm(algorithm), key)


def _session(row: Row) -> Session:
    session_id, account_id, auth_key_id, device_class, token_hash, create_time, expire_time, end_reason = row
    return Session(
        session_id=session_id,
        account_id=account_id,
        auth_key_id=auth_key_id,
        device_class=DeviceClass(device_class),
        token_hash=token_hash,
        create_time=create_time,
        expire_time=expire_time,
        end_reason=EndReason(end_reason),
    )
