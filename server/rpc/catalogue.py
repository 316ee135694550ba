"""The reason catalogue as the proto states it: gRPC code, sentences, and whether trying again can help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from landseal.common.v1 import reason_pb2
from landseal.server.domain.reasons import Reason

DOMAIN = "landseal"
"""Domain of every ErrorInfo."""
_PREFIX = "REASON_"


@dataclass(frozen=True)
class Entry:
    """One reason of the catalogue."""

    number: int
    """Number of the enum value."""
    code: int
    """``google.rpc.Code``; 0 for outcomes that are answers and never end a call."""
    zh: str
    en: str
    retryable: bool

    def sentence(self, language: str) -> str:
        """Returns the sentence in ``en`` or, for any other language, in Simplified Chinese."""
        return self.en if language == "en" else self.zh


def read_catalogue() -> Mapping[Reason, Entry]:
    """Reads the catalogue from the options of the proto's enum.

    Raises:
        ValueError: proto and domain do not name the same reasons, or an entry is incomplete.
    """
    values = {v.name.removeprefix(_PREFIX): v for v in reason_pb2.Reason.DESCRIPTOR.values if v.number}
    if set(values) != {reason.value for reason in Reason}:
        raise ValueError(f"reasons differ between proto and domain: {set(values) ^ {r.value for r in Reason}}")
    entries = {}
    for name, value in values.items():
        info = value.GetOptions().Extensions[reason_pb2.info]
        if not (info.zh and info.en and 0 <= info.code <= 16):
            raise ValueError(f"the catalogue entry of {name} is incomplete")
        entries[Reason(name)] = Entry(value.number, info.code, info.zh, info.en, info.retryable)
    return MappingProxyType(entries)


CATALOGUE = read_catalogue()
"""Every reason; read once, immutable."""
