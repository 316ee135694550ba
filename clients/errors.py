"""The one error family of the SDK: what a server refused, and what this side refuses by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2 as details_pb2
from grpc_status import rpc_status

from landseal.clients.localreasons import SENTENCES, LocalReason
from landseal.common.v1 import reason_pb2
from landseal.server.domain.reasons import Reason

DOMAIN = "landseal"
"""Domain of every ErrorInfo that the server sends."""


@dataclass(frozen=True)
class Violation:
    """One field that breaks its rule; the text never repeats the value."""

    field: str
    text: str


class LandsealError(Exception):
    """Something was refused or failed; nothing more was done.

    ``reason`` is a :class:`Reason` when the server said so and a :class:`LocalReason` when this side did. ``detail``
    says in English what exactly differs; it never holds passwords, tokens, images or identity numbers.
    """

    def __init__(
        self,
        reason: Reason | LocalReason,
        *,
        detail: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: tuple[Violation, ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail
        self.metadata = dict(metadata or {})
        self.violations = violations
        self.retry_after_s = retry_after_s

    def message(self, lang: str = "zh") -> str:
        """Returns the sentence for a person, ``zh`` or ``en``."""
        return sentence(self.reason, lang)

    @property
    def retryable(self) -> bool:
        """Tells whether the same call can succeed later without anybody changing anything."""
        if isinstance(self.reason, LocalReason):
            return self.reason is LocalReason.SERVER_AWAY
        return _info(self.reason).retryable


class VerificationRefused(LandsealError):
    """The burst was judged and did not pass; ``hint`` says what the person can do better."""

    def __init__(self, reason: Reason, hints: tuple[str, str], attempts_left: int) -> None:
        super().__init__(reason)
        self.hints = hints
        self.attempts_left = attempts_left

    def hint(self, lang: str = "zh") -> str:
        """Returns what the person can do better, ``zh`` or ``en``."""
        return self.hints[0 if lang == "zh" else 1]


def sentence(reason: Reason | LocalReason, lang: str = "zh") -> str:
    """Returns the catalogue's sentence for a person, ``zh`` or ``en``."""
    if isinstance(reason, LocalReason):
        return SENTENCES[reason][0 if lang == "zh" else 1]
    info = _info(reason)
    return info.zh if lang == "zh" else info.en


def _info(reason: Reason) -> reason_pb2.ReasonInfo:
    value = reason_pb2.Reason.DESCRIPTOR.values_by_name[f"REASON_{reason.value}"]
    return value.GetOptions().Extensions[reason_pb2.info]


def reason_of(number: int) -> Reason:
    """Returns the reason of an enum number in an answer.

    Raises:
        LandsealError: SERVER_ANSWER_ODD, for UNSPECIFIED and numbers that this client does not know.
    """
    value = reason_pb2.Reason.DESCRIPTOR.values_by_number.get(number)
    name = value.name.removeprefix("REASON_") if value else ""
    if name not in Reason.__members__:
        raise LandsealError(LocalReason.SERVER_ANSWER_ODD, detail="unknown reason")
    return Reason[name]


def from_rpc(error: grpc.RpcError) -> LandsealError:
    """Turns a failed call into the one error family; never raises."""
    call = error if isinstance(error, grpc.Call) else None
    try:
        status = rpc_status.from_call(call) if call else None
    except ValueError:  # trailers of somebody else's proxy, or a status that contradicts the call's
        status = None
    if status is None:
        return _bare(call)
    info, retry_after, violations = details_pb2.ErrorInfo(), None, list[Violation]()
    for each in status.details:
        each.Unpack(info)
        retry, bad = details_pb2.RetryInfo(), details_pb2.BadRequest()
        if each.Unpack(retry):
            retry_after = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
        if each.Unpack(bad):
            violations += [Violation(field.field, field.description) for field in bad.field_violations]
    if info.domain != DOMAIN or info.reason not in Reason.__members__:
        return _bare(call)
    return LandsealError(
        Reason[info.reason], metadata=info.metadata, violations=tuple(violations), retry_after_s=retry_after
    )


def _bare(call: grpc.Call | None) -> LandsealError:
    """An error that carries no reason of ours: the network, a proxy, or a server that died."""
    code = call.code() if call else grpc.StatusCode.UNKNOWN
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return LandsealError(Reason.DEADLINE_EXCEEDED)
    if code is grpc.StatusCode.UNAVAILABLE:
        return LandsealError(LocalReason.SERVER_AWAY)
    return LandsealError(LocalReason.SERVER_ANSWER_ODD, detail=f"status {code.name} without a reason")
