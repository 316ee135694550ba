"""Registration: an account only for a person whom the collective knows and who holds its one-time code."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from landseal.server.domain.budget import Budget
from landseal.server.domain.doors import Sealer, Store
from landseal.server.domain.errors import FieldFault, Refused
from landseal.server.domain.idcard import InvalidIdNumber, parse_id_number
from landseal.server.domain.keys import PublicKey
from landseal.server.domain.machinery import KeyCheck, Passwords, SignatureCheck
from landseal.server.domain.once import Once
from landseal.server.domain.reasons import Reason
from landseal.server.domain.records import Account, Device, DeviceClass
from landseal.server.domain.signing import enrolment_bytes
from landseal.server.domain.times import Clock


@dataclass(frozen=True)
class Enrolment:
    """A device and the proofs that it holds its keys."""

    device_class: DeviceClass
    auth_key: PublicKey
    sign_key: PublicKey
    auth_proof: bytes = field(repr=False)
    sign_proof: bytes = field(repr=False)
    display_name: str


@dataclass(frozen=True)
class RegisterCommand:
    """A person asks for an account."""

    request_id: str
    login_name: str
    password: str = field(repr=False)
    legal_name: str = field(repr=False)
    id_number: str = field(repr=False)
    registration_code: str = field(repr=False)
    device: Enrolment


@dataclass(frozen=True)
class Registered:
    """The new account and its keys."""

    account_id: str
    auth_key_id: str
    sign_key_id: str


class Registration:
    """Registers people."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        passwords: Passwords,
        check: SignatureCheck,
        key_check: KeyCheck,
        *,
        server_key: PublicKey,
        clock: Clock,
    ) -> None:
        self._store, self._sealer, self._passwords = store, sealer, passwords
        self._check, self._key_check = check, key_check
        self._audience, self._clock = server_key.key_id, clock

    def register(self, cmd: RegisterCommand, once: Once[Registered], budget: Budget) -> Registered:
        """Creates the account.

        1. Both keys are well formed, differ, and the device proves that it holds them: nobody binds a key they do
           not have.
        2. Name, ID number and one-time code must fit one imported person without an account. Whichever does not,
           the answer and the
           time it takes are the same: nothing can be learnt about who is in the records.
        3. Codes have 80 random bits, so nobody guesses one; a counter per ID number would only let strangers lock
           people out.
        """
        self._demand_keys(cmd)
        id_number = self._normalised(cmd.id_number)
        id_hash = self._sealer.lookup_hash("id-number", id_number)
        return self._add(cmd, id_hash, self._passwords.hash(cmd.password), once, budget)

    def _add(
        self, cmd: RegisterCommand, id_hash: bytes, password_hash: str, once: Once[Registered], budget: Budget
    ) -> Registered:
        now = self._clock()
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            person = writes.person_by_id_hash(id_hash)
            if person is None or person.legal_name != cmd.legal_name or person.account_id:
                raise Refused(Reason.REGISTRATION_REFUSED)
            code_hash = self._sealer.lookup_hash("registration-code", cmd.registration_code)
            if not writes.use_registration_code(person.person_id, code_hash, now):
                raise Refused(Reason.REGISTRATION_REFUSED)
            enrolment = cmd.device
            account = Account(str(uuid.uuid4()), cmd.login_name, password_hash, person.person_id, now)
            device = Device(
                account.account_id,
                enrolment.device_class,
                enrolment.auth_key,
                enrolment.sign_key,
                enrolment.display_name,
                now,
            )
            if not writes.add_account(account, device):
                raise Refused(Reason.LOGIN_NAME_TAKEN)
            result = Registered(account.account_id, enrolment.auth_key.key_id, enrolment.sign_key.key_id)
            writes.keep_answer(once, once.encode(result), now)
        return result

    def _demand_keys(self, cmd: RegisterCommand) -> None:
        device = cmd.device
        message = enrolment_bytes(
            self._audience,
            cmd.login_name,
            device.auth_key.key_id,
            device.sign_key.key_id,
            cmd.request_id,
            cmd.registration_code,
        )
        for name, key, proof in (
            ("auth_key", device.auth_key, device.auth_proof),
            ("sign_key", device.sign_key, device.sign_proof),
        ):
            if not self._key_check(key) or not self._check(key, message, proof):
                raise Refused(Reason.KEY_INVALID, metadata={"field": name})
        if device.auth_key == device.sign_key:
            raise Refused(Reason.KEY_INVALID, metadata={"field": "sign_key"})

    @staticmethod
    def _normalised(id_number: str) -> str:
        try:
            return parse_id_number(id_number).value
        except InvalidIdNumber as fault:
            faults = (FieldFault("id_number", "is not a resident ID number"),)
            raise Refused(Reason.REQUEST_INVALID, faults=faults) from fault
