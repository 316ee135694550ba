"""Tells clients what they talk to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from landseal.inference.reading import FaceReader
from landseal.server.domain.doors import Store
from landseal.server.domain.keys import PublicKey
from landseal.server.domain.policy import Policy
from landseal.server.domain.times import Clock


@dataclass(frozen=True)
class ServerDescription:
    """What GetServerInfo returns."""

    server_key: PublicKey
    now: dt.datetime
    policy: Policy
    liveness: str
    """What decides now: ``silent+active`` or ``active``."""
    calibration_id: str
    challenge_kinds: tuple[str, ...]
    notices: tuple[str, ...]
    triton_version: str
    postgresql_version: str
    landseal_version: str


class ServerInfo:
    """Describes this server."""

    def __init__(
        self,
        store: Store,
        reader: FaceReader,
        policy: Policy,
        *,
        server_key: PublicKey,
        calibration_id: str,
        scope_limit: int,
        version: str,
        clock: Clock,
    ) -> None:
        self._store, self._reader, self._policy, self._clock = store, reader, policy, clock
        self._server_key, self._calibration_id = server_key, calibration_id
        self._scope_limit, self._version = scope_limit, version

    def describe(self) -> ServerDescription:
        """Asks the engines how they are; never fails because one is away."""
        health = self._reader.health()
        return ServerDescription(
            server_key=self._server_key,
            now=self._clock(),
            policy=self._policy,
            liveness="silent+active" if health.silent else "active",
            calibration_id=self._calibration_id,
            challenge_kinds=("LIP_SHAPES",),
            notices=self._notices(silent=health.silent),
            triton_version=health.version,
            postgresql_version=self._store.version(),
            landseal_version=self._version,
        )

    def _notices(self, *, silent: bool) -> tuple[str, ...]:
        notices = [f"A face is searched among at most {self._scope_limit} people of one collective."]
        if not silent:
            notices.append("Silent liveness is missing: active liveness alone decides.")
        if self._policy.mark:
            notices.append(f"Policy {self._policy.name}: receipts and contracts are marked and have no effect.")
        return tuple(notices)
