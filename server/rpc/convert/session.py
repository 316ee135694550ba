"""Accounts and sessions."""

from __future__ import annotations

from landseal.server.domain.records import DeviceClass
from landseal.server.rpc.convert.values import masked, read_public_key, timestamp
from landseal.server.usecases.registration import Enrolment, RegisterCommand, Registered
from landseal.server.usecases.sessions import LoggedIn, LoginCommand, LoginStarted, SessionView, StartLoginCommand
from landseal.session.v1 import session_pb2 as pb


def register(request: pb.RegisterAccountRequest) -> RegisterCommand:
    """Reads the request for an account; raises Refused KEY_INVALID."""
    device = request.device
    return RegisterCommand(
        request_id=request.request_id,
        login_name=request.login_name,
        password=request.password,
        legal_name=request.legal_name,
        id_number=request.id_number,
        registration_code=request.registration_code,
        device=Enrolment(
            device_class=DeviceClass(device.device_class),
            auth_key=read_public_key(device.auth_key, "auth_key"),
            sign_key=read_public_key(device.sign_key, "sign_key"),
            auth_proof=device.auth_proof,
            sign_proof=device.sign_proof,
            display_name=device.display_name,
        ),
    )


def registered(it: Registered) -> pb.RegisterAccountResponse:
    """Converts a new account."""
    return pb.RegisterAccountResponse(account_id=it.account_id, auth_key_id=it.auth_key_id, sign_key_id=it.sign_key_id)


def start_login(request: pb.StartLoginRequest) -> StartLoginCommand:
    """Reads the first step of a login."""
    return StartLoginCommand(request.login_name, request.password, request.auth_key_id)


def login_started(it: LoginStarted) -> pb.StartLoginResponse:
    """Converts what the device has to sign."""
    return pb.StartLoginResponse(login_id=it.login_id, nonce=it.nonce, expire_time=timestamp(it.expire_time))


def login(request: pb.LoginRequest) -> LoginCommand:
    """Reads the second step of a login."""
    return LoginCommand(request.request_id, request.login_id, request.signature)


def logged_in(it: LoggedIn) -> pb.LoginResponse:
    """Converts the token and its session."""
    return pb.LoginResponse(token=it.token, session=session(it.view))


def session(it: SessionView) -> pb.Session:
    """Converts a session."""
    return pb.Session(
        session_id=it.session_id,
        account_id=it.account_id,
        identity=masked(it.masked),
        auth_key_id=it.auth_key_id,
        sign_key_id=it.sign_key_id,
        expire_time=timestamp(it.expire_time),
    )
