"""What this server is."""

from __future__ import annotations

from landseal.server.rpc.convert.values import duration, public_key, timestamp
from landseal.server.rpc.limits import Limits
from landseal.server.usecases.serverinfo import ServerDescription
from landseal.serverinfo.v1 import serverinfo_pb2 as pb


def description(it: ServerDescription, limits: Limits) -> pb.GetServerInfoResponse:
    """Converts the server's description and the edge's limits."""
    return pb.GetServerInfoResponse(
        server_key_id=it.server_key.key_id,
        server_key=public_key(it.server_key),
        server_time=timestamp(it.now),
        policy=pb.Policy(
            name=it.policy.name,
            policy_id=it.policy.policy_id,
            liveness=it.liveness,
            calibration_id=it.calibration_id,
            challenge_kinds=it.challenge_kinds,
            notices=it.notices,
        ),
        limits=pb.Limits(
            max_message_bytes=limits.max_message_bytes,
            max_chunk_bytes=limits.max_chunk_bytes,
            max_upload_bytes=limits.max_upload_bytes,
            max_image_bytes=limits.max_image_bytes,
            max_deadline=duration(limits.max_deadline_s),
            min_keepalive_interval=duration(limits.min_keepalive_s),
        ),
        engines=pb.EngineVersions(
            triton=it.triton_version, postgresql=it.postgresql_version, landseal=it.landseal_version
        ),
    )
