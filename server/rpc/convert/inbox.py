"""Events."""

from __future__ import annotations

from landseal.inbox.v1 import inbox_pb2 as pb
from landseal.server.domain.records import Event, EventKind
from landseal.server.rpc.convert.values import MAX_STORED, timestamp


def cursor(asked: int) -> int:
    """Reads a cursor; grants nothing, and beyond the last event there is nothing to read."""
    return min(asked, MAX_STORED)


def event(it: Event) -> pb.Event:
    """Converts an event whose details are opened."""
    message = pb.Event(cursor=it.cursor, create_time=timestamp(it.create_time))
    match it.kind:
        case EventKind.CODE_RELAYED:
            relayed = pb.CodeRelayed(payload=it.details["payload"], masked_name=it.details["masked_name"])
            message.code_relayed.CopyFrom(relayed)
        case EventKind.CODE_RESOLVED:
            message.code_resolved.CopyFrom(pb.CodeResolved(masked_name=it.details["masked_name"]))
        case EventKind.TRANSFER_MOVED:
            message.transfer_moved.CopyFrom(_moved(it.details))
    return message


def _moved(details: dict[str, str]) -> pb.TransferMoved:
    return pb.TransferMoved(
        transfer_id=details["transfer_id"],
        state=details["state"],
        version=int(details["version"]),
        contract_id=details["contract_id"],
    )


def watched(it: Event) -> pb.WatchEventsResponse:
    """Converts an event for a watcher."""
    return pb.WatchEventsResponse(event=event(it))


def acknowledged(seen_cursor: int) -> pb.AcknowledgeEventsResponse:
    """Converts the last cursor seen."""
    return pb.AcknowledgeEventsResponse(seen_cursor=seen_cursor)
