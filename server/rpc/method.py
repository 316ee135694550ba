"""What the edge knows of a method before any call: who may call it, what it takes, who answers."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from landseal.server.rpc.fields import Rules
from landseal.server.rpc.gate import Gate


class Access(enum.Enum):
    """Who may call a method."""

    PUBLIC = enum.auto()
    """Anybody; changes nothing."""
    OPENING = enum.auto()
    """Anybody; a mutation on the way to a session, repeatable by request_id."""
    SESSION = enum.auto()
    """Whoever holds a token and signs the call with the session's device; changes nothing, or nothing twice."""
    MUTATION = enum.auto()
    """The same, repeatable by request_id."""
    ADMIN = enum.auto()
    """Whoever shows a client certificate, on the administrators' listener."""


@dataclass(frozen=True)
class Rule:
    """One line of the table in ``services.py``."""

    access: Access
    gate: Gate = Gate.NONE
    """Which narrower gate it passes."""
    secret: str = ""
    """For OPENING: the field that only the rightful sender knows; stored answers are found through it."""


class MethodError(Exception):
    """Table, proto and servicer do not fit together; the server must not start."""


@dataclass(frozen=True)
class Method:
    """One method with everything the edge needs."""

    name: str
    """Full name as it travels, ``/landseal.session.v1.SessionService/Login``."""
    rule: Rule
    request_type: type[Message]
    checks: Rules
    handler: Callable[..., Any]
    streams_in: bool
    streams_out: bool
    has_request_id: bool

    @property
    def short(self) -> str:
        """The method's own name."""
        return self.name.rpartition("/")[2]


def methods_of(service: ServiceDescriptor, servicer: object, table: dict[str, Rule]) -> tuple[Method, ...]:
    """Joins a service's descriptor, its servicer and its lines of the table.

    Raises:
        MethodError: a method is missing in one of the three, or its rule contradicts its request.
    """
    names = {method.name for method in service.methods}
    if names != set(table):
        raise MethodError(f"{service.full_name}: the table and the proto differ in {sorted(names ^ set(table))}")
    return tuple(_join(method, servicer, table[method.name]) for method in service.methods)


def _join(method: MethodDescriptor, servicer: object, rule: Rule) -> Method:
    handler = getattr(servicer, method.name, None)
    if handler is None:
        raise MethodError(f"{method.full_name} has no handler")
    fields = method.input_type.fields_by_name
    repeatable = "request_id" in fields
    if repeatable != (rule.access in (Access.OPENING, Access.MUTATION)) and rule.access is not Access.ADMIN:
        raise MethodError(f"{method.full_name}: {rule.access.name} does not fit its request_id")
    if (rule.access is Access.OPENING) != bool(rule.secret) or (rule.secret and rule.secret not in fields):
        raise MethodError(f"{method.full_name}: exactly the openings name a secret field")
    return Method(
        name=f"/{method.containing_service.full_name}/{method.name}",
        rule=rule,
        request_type=GetMessageClass(method.input_type),
        checks=Rules(method.input_type),
        handler=handler,
        streams_in=method.client_streaming,
        streams_out=method.server_streaming,
        has_request_id=repeatable,
    )
