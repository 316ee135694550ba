"""Who the server is: its key is pinned at the first contact and compared ever after."""

from __future__ import annotations

from landseal.clients import convert
from landseal.clients.calls import Calls
from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason
from landseal.server.domain.keys import PublicKey
from landseal.serverinfo.v1 import serverinfo_pb2 as pb

_METHOD = "/landseal.serverinfo.v1.ServerInfoService/GetServerInfo"


def get_server_info(calls: Calls) -> tuple[PublicKey, pb.GetServerInfoResponse]:
    """Returns the platform's key and the whole description; needs no token.

    Raises:
        LandsealError: SERVER_ANSWER_ODD when the stated key id is not that of the stated key; SERVER_AWAY.
    """
    info = calls.open(_METHOD, pb.GetServerInfoRequest(), pb.GetServerInfoResponse)
    key = convert.public_key(info.server_key)
    if key.key_id != info.server_key_id:
        raise LandsealError(LocalReason.SERVER_ANSWER_ODD, detail="the server's key id is not that of its key")
    return key, info


def check_pinned(calls: Calls, pinned: PublicKey) -> pb.GetServerInfoResponse:
    """Returns the description of a server that still has the pinned key.

    Raises:
        LandsealError: SERVER_KEY_CHANGED, SERVER_AWAY.
    """
    key, info = get_server_info(calls)
    if key != pinned:
        raise LandsealError(LocalReason.SERVER_KEY_CHANGED)
    return info
