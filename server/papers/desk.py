"""Where a contract's version becomes a document; wears :class:`landseal.server.domain.machinery.Papers`."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landseal.server.domain.contract import ContractBody, Party
from landseal.server.domain.errors import Refused
from landseal.server.domain.parcel import Parcel
from landseal.server.domain.qrcodes import trace_payload
from landseal.server.domain.reasons import Reason
from landseal.server.papers.body import PaperContract, PaperFault, PaperParty
from landseal.server.papers.contract_pdf import render_contract

PLATFORM_NAME = "Landseal 农村土地流转平台"


@dataclass(frozen=True)
class PaperDesk:
    """Renders with the one provisioned font."""

    font_path: Path

    def contract(self, body: ContractBody, parcels: Sequence[Parcel], when: dt.datetime) -> bytes:
        """Returns the contract's PDF; ``parcels`` holds the transferor's, then the transferee's of an exchange.

        Raises:
            Refused: PAPER_IMPOSSIBLE.
        """
        own = len(body.parcels)
        paper = PaperContract(
            contract_number=body.contract_number,
            transfer_id=body.transfer_id,
            version=body.version,
            transferor=_party(body.transferor),
            transferee=_party(body.transferee),
            parcels=tuple(parcels[:own]),
            terms=body.terms,
            trace_payload=trace_payload(_trace_code(body.transfer_id)),
            platform_name=PLATFORM_NAME,
            platform_key_id=body.server_key_id,
            exchange_parcels=tuple(parcels[own:]),
        )
        try:
            return render_contract(paper, self.font_path, marked_demo=bool(body.mark), timestamp=when)
        except PaperFault as fault:
            raise Refused(
                Reason.PAPER_IMPOSSIBLE, metadata={"code": fault.code.value, "detail": fault.detail[:100]}
            ) from fault


def _trace_code(transfer_id: str) -> str:
    return base64.b32encode(uuid.UUID(transfer_id).bytes).decode().rstrip("=")


def _party(party: Party) -> PaperParty:
    return PaperParty(party.legal_name, party.id_number, party.sign_key.key_id)
