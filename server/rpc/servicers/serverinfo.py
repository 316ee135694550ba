"""ServerInfoService."""

from __future__ import annotations

from landseal.server.rpc.call import Call
from landseal.server.rpc.convert import serverinfo as convert
from landseal.server.rpc.limits import Limits
from landseal.server.usecases.serverinfo import ServerInfo
from landseal.serverinfo.v1 import serverinfo_pb2 as pb

LIVENESS_KEY = "landseal-liveness"
"""Trailing metadata that names what decides liveness now."""


class ServerInfoServicer:
    """Tells a client what it talks to."""

    def __init__(self, info: ServerInfo, limits: Limits) -> None:
        self._info, self._limits = info, limits

    def GetServerInfo(self, _request: pb.GetServerInfoRequest, call: Call) -> pb.GetServerInfoResponse:
        """Describes the server."""
        description = self._info.describe()
        call.trailers[LIVENESS_KEY] = description.liveness
        return convert.description(description, self._limits)
