"""SessionService."""

from __future__ import annotations

from landseal.server.rpc.call import Call
from landseal.server.rpc.convert import session as convert
from landseal.server.usecases.registration import Registration
from landseal.server.usecases.sessions import Sessions
from landseal.session.v1 import session_pb2 as pb


class SessionServicer:
    """Registers people and logs them in."""

    def __init__(self, registration: Registration, sessions: Sessions) -> None:
        self._registration, self._sessions = registration, sessions

    def RegisterAccount(self, request: pb.RegisterAccountRequest, call: Call) -> bytes:
        """Creates an account."""
        once = call.once(convert.registered)
        return once.encode(self._registration.register(convert.register(request), once, call.budget))

    def StartLogin(self, request: pb.StartLoginRequest, call: Call) -> bytes:
        """Opens a login."""
        once = call.once(convert.login_started)
        return once.encode(self._sessions.start_login(convert.start_login(request), once, call.budget))

    def Login(self, request: pb.LoginRequest, call: Call) -> bytes:
        """Completes a login."""
        once = call.once(convert.logged_in)
        logged_in = self._sessions.login(convert.login(request), once, call.budget)
        call.line.account_id = logged_in.view.account_id
        return once.encode(logged_in)

    def Logout(self, _request: pb.LogoutRequest, call: Call) -> bytes:
        """Ends the caller's session."""
        once = call.once(_nothing)
        self._sessions.logout(call.caller, once, call.budget)
        return once.encode(None)

    def GetSession(self, _request: pb.GetSessionRequest, call: Call) -> pb.GetSessionResponse:
        """Returns the caller's session."""
        return pb.GetSessionResponse(session=convert.session(self._sessions.view(call.caller)))


def _nothing(_: None) -> pb.LogoutResponse:
    return pb.LogoutResponse()
