"""How a person is shown to somebody who may recognise but not learn them."""

from __future__ import annotations

from dataclasses import dataclass

from landseal.server.domain.idcard import mask_id_number, mask_name


@dataclass(frozen=True)
class Masked:
    """A masked legal name and a masked ID number."""

    name: str
    id_number: str

    @classmethod
    def of(cls, legal_name: str, id_number: str) -> Masked:
        """Masks a registered identity."""
        return cls(mask_name(legal_name), mask_id_number(id_number))
