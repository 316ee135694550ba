"""Who each transfer is between, as this person confirmed or first read it: no server can change it afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason
from landseal.clients.sealedfile import read_private, write_private
from landseal.server.domain.contract import ContractBody, Party
from landseal.server.domain.idcard import mask_id_number, mask_name

_KEPT = 2000
"""Transfers in the file; older ones have run out long ago, and the file stays below the limit of private files."""


@dataclass(frozen=True)
class Sides:
    """Both parties of a transfer as they were shown: masked name and masked ID number each."""

    transferor: tuple[str, str]
    transferee: tuple[str, str]


def sides_of(body: ContractBody) -> Sides:
    """Returns both parties of a contract's body, masked on this side."""
    return Sides(_masked(body.transferor), _masked(body.transferee))


def _masked(party: Party) -> tuple[str, str]:
    return (mask_name(party.legal_name), mask_id_number(party.id_number))


class Counterparties:
    """Remembers the sides of each transfer; with ``path``, in a private file, so that a later process has them."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._held: dict[str, Sides] = {}

    def of(self, transfer_id: str) -> Sides | None:
        """Returns the sides of a transfer, none when this person has seen none yet.

        Raises:
            LandsealError: PROFILE_FAULTY or KEYS_EXPOSED when the file cannot be relied on.
        """
        return self._load().get(transfer_id)

    def hold(self, transfer_id: str, sides: Sides) -> None:
        """Remembers the sides of a transfer, once and for all.

        Raises:
            LandsealError: NOTICE_ALTERED when others are known already; as for :meth:`of`.
        """
        known = self._load()
        if known.get(transfer_id, sides) != sides:
            raise LandsealError(LocalReason.NOTICE_ALTERED, detail="the transfer is known to be between others")
        if transfer_id not in known:
            self._held = dict([*known.items(), (transfer_id, sides)][-_KEPT:])
            self._save()

    def _save(self) -> None:
        if self._path is not None:
            content = {key: [*each.transferor, *each.transferee] for key, each in self._held.items()}
            write_private(self._path, json.dumps(content, ensure_ascii=False).encode())

    def _load(self) -> dict[str, Sides]:
        if self._path is None or not self._path.exists():
            return self._held
        try:
            content = json.loads(read_private(self._path)).items()
            return {str(key): _sides(*map(str, shown)) for key, shown in content}
        except (ValueError, TypeError, AttributeError) as error:
            raise LandsealError(LocalReason.PROFILE_FAULTY, detail=self._path.name) from error


def _sides(giver: str, giver_id: str, taker: str, taker_id: str) -> Sides:
    return Sides((giver, giver_id), (taker, taker_id))
