"""Registering, logging in and out."""

from __future__ import annotations

from dataclasses import dataclass, field

from landseal.clients.calls import Calls, Credentials, new_request_id
from landseal.clients.channel import VERIFICATION_TIMEOUT_S
from landseal.clients.errors import LandsealError
from landseal.clients.keys import DeviceKeys, Enrolment
from landseal.clients.localreasons import LocalReason
from landseal.common.v1 import common_pb2
from landseal.server.domain.keys import PublicKey
from landseal.server.domain.reasons import Reason
from landseal.session.v1 import session_pb2 as pb

_SERVICE = "/landseal.session.v1.SessionService/"


@dataclass(frozen=True)
class Registration:
    """What a person states to get an account; ``registration_code`` is the one that the collective handed over."""

    login_name: str
    password: str = field(repr=False)
    legal_name: str = field(repr=False)
    id_number: str = field(repr=False)
    registration_code: str = field(repr=False)
    device_class: common_pb2.DeviceClass.ValueType = common_pb2.DEVICE_CLASS_DESKTOP
    device_name: str = ""


class SessionClient:
    """The noun *session*: who this device is to the server."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def register(self, person: Registration, keys: DeviceKeys, *, request_id: str | None = None) -> str:
        """Creates an account with this device's keys and returns the account's id.

        Raises:
            LandsealError: REGISTRATION_REFUSED, LOGIN_NAME_TAKEN, KEY_INVALID, RATE_LIMITED, REQUEST_INVALID;
                ACCOUNT_DIFFERS when the answer names other keys.
        """
        request_id = request_id or new_request_id()
        enrolment = Enrolment(
            self._calls.server_key_id,
            person.login_name,
            keys.auth.key_id,
            keys.sign.key_id,
            request_id,
            person.registration_code,
        )
        request = pb.RegisterAccountRequest(
            request_id=request_id,
            login_name=person.login_name,
            password=person.password,
            legal_name=person.legal_name,
            id_number=person.id_number,
            registration_code=person.registration_code,
            device=pb.DeviceEnrolment(
                device_class=person.device_class,
                auth_key=_key(keys.auth.public),
                sign_key=_key(keys.sign.public),
                auth_proof=keys.auth.enrolment(enrolment),
                sign_proof=keys.sign.enrolment(enrolment),
                display_name=person.device_name,
            ),
        )
        answer = self._calls.open(
            _SERVICE + "RegisterAccount", request, pb.RegisterAccountResponse, VERIFICATION_TIMEOUT_S
        )
        if (answer.auth_key_id, answer.sign_key_id) != (keys.auth.key_id, keys.sign.key_id) or not answer.account_id:
            raise LandsealError(LocalReason.ACCOUNT_DIFFERS, detail="the answer names other keys")
        return answer.account_id

    def login(
        self,
        login_name: str,
        password: str,
        keys: DeviceKeys,
        account_id: str,
        *,
        request_ids: tuple[str, str] | None = None,
    ) -> pb.Session:
        """Logs in with password and auth key; later calls of this client carry the session.

        ``account_id`` is the one that registration returned: the signature is worth nothing for any other.

        Raises:
            LandsealError: LOGIN_REFUSED, RATE_LIMITED, REQUEST_INVALID; ACCOUNT_DIFFERS.
        """
        first, second = request_ids or (new_request_id(), new_request_id())
        start = self._calls.open(
            _SERVICE + "StartLogin",
            pb.StartLoginRequest(
                request_id=first, login_name=login_name, password=password, auth_key_id=keys.auth.key_id
            ),
            pb.StartLoginResponse,
        )
        if len(start.nonce) != 32 or not start.login_id:
            raise LandsealError(LocalReason.SERVER_ANSWER_ODD, detail="the login has no nonce")
        signature = keys.auth.login(self._calls.server_key_id, account_id, start.nonce, start.login_id)
        answer = self._calls.open(
            _SERVICE + "Login",
            pb.LoginRequest(request_id=second, login_id=start.login_id, signature=signature),
            pb.LoginResponse,
        )
        self.resume(Credentials(answer.token, account_id, answer.session.session_id, keys), answer.session)
        return answer.session

    def resume(self, credentials: Credentials, session: pb.Session | None = None) -> None:
        """Takes up a session kept by the caller; with ``session``, only if it is this device's.

        Raises:
            LandsealError: ACCOUNT_DIFFERS.
        """
        keys = credentials.keys
        mine = (credentials.account_id, credentials.session_id, keys.auth.key_id, keys.sign.key_id)
        if session and (session.account_id, session.session_id, session.auth_key_id, session.sign_key_id) != mine:
            raise LandsealError(LocalReason.ACCOUNT_DIFFERS, detail="the session is another device's")
        self._calls.credentials = credentials

    def logout(self, *, request_id: str | None = None) -> None:
        """Ends the session on the server and forgets it here, also when the server is away.

        A session that has been logged out already, as when the first answer was lost, is done and no error.
        """
        request = pb.LogoutRequest(request_id=request_id or new_request_id())
        try:
            self._calls.change(_SERVICE + "Logout", request, pb.LogoutResponse)
        except LandsealError as error:
            if error.reason is not Reason.SESSION_ENDED:
                raise
        finally:
            self._calls.credentials = None

    def get(self) -> pb.Session:
        """Returns the caller's session as the server sees it; fails with TOKEN_* and SESSION_*."""
        return self._calls.read(_SERVICE + "GetSession", pb.GetSessionRequest(), pb.GetSessionResponse).session

    @property
    def credentials(self) -> Credentials | None:
        """Is the live session, to be kept privately by the caller."""
        return self._calls.credentials


def _key(key: PublicKey) -> common_pb2.PublicKey:
    return common_pb2.PublicKey(algorithm=common_pb2.KEY_ALGORITHM_ED25519, key=key.key)
