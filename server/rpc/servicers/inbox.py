"""InboxService."""

from __future__ import annotations

from landseal.inbox.v1 import inbox_pb2 as pb
from landseal.server.rpc.call import Call
from landseal.server.rpc.convert import inbox as convert
from landseal.server.rpc.pages import size
from landseal.server.rpc.stream import Stream
from landseal.server.rpc.watch import WatchHub
from landseal.server.usecases.inbox import Inbox


class InboxServicer:
    """Pushes and lists what concerns a person."""

    def __init__(self, inbox: Inbox, hub: WatchHub) -> None:
        self._inbox, self._hub = inbox, hub

    def WatchEvents(self, request: pb.WatchEventsRequest, call: Call, stream: Stream) -> None:
        """Hands the stream to the hub and returns: a watcher holds no thread."""
        self._hub.open(call.caller, call.token, convert.cursor(request.after_cursor), stream)

    def ListEvents(self, request: pb.ListEventsRequest, call: Call) -> pb.ListEventsResponse:
        """Lists events after a cursor."""
        limit = size(request.page_size, default=50, most=200)
        events = self._inbox.events(call.caller, convert.cursor(request.after_cursor), limit)
        return pb.ListEventsResponse(events=[convert.event(each) for each in events])

    def AcknowledgeEvents(self, request: pb.AcknowledgeEventsRequest, call: Call) -> bytes:
        """Marks events as seen."""
        once = call.once(convert.acknowledged)
        through = convert.cursor(request.through_cursor)
        return once.encode(self._inbox.acknowledge(call.caller, through, once, call.budget))
