"""What a contract on paper is made of, and how writing it can fail."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from landseal.server.domain.parcel import Parcel
from landseal.server.domain.terms import ContractTerms


class PaperFaultCode(enum.StrEnum):
    """Why a contract could not be written."""

    FONT = "FONT"
    MISSING_GLYPH = "MISSING_GLYPH"
    TOO_LARGE = "TOO_LARGE"
    INCOMPLETE = "INCOMPLETE"
    TYPESETTING = "TYPESETTING"


class PaperFault(Exception):
    """The paper was not written. The message names the cause; of the contract it holds code points at most."""

    def __init__(self, code: PaperFaultCode, detail: str = "") -> None:
        super().__init__(f"{code.value}: {detail}" if detail else code.value)
        self.code = code
        self.detail = detail
        """For MISSING_GLYPH the code points, ``U+1F600``; else a short cause."""


@dataclass(frozen=True)
class PaperParty:
    """One party: name and number from the verified identity; domicile and phone stand in the terms."""

    name: str = field(repr=False)
    id_number: str = field(repr=False)
    key_id: str
    """Lower-case hex; printed masked in the signature box."""


@dataclass(frozen=True)
class PaperContract:
    """Everything that is printed; equal contracts give equal bytes."""

    contract_number: str
    transfer_id: str
    version: int
    """Counted from 1; a changed offer is another version and another document."""
    transferor: PaperParty
    transferee: PaperParty
    parcels: tuple[Parcel, ...]
    """The transferor's chosen parcels."""
    terms: ContractTerms
    trace_payload: str = field(repr=False)
    """What the QR code says, see :func:`landseal.server.domain.qrcodes.trace_payload`."""
    platform_name: str
    platform_key_id: str
    exchange_parcels: tuple[Parcel, ...] = ()
    """The transferee's parcels, for an exchange only."""
