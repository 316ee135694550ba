"""Parcels: looked up by their owner's keyed hash, otherwise sealed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from landseal.server.domain.parcel import Parcel
from landseal.server.storage.codec import from_json, to_json
from landseal.server.storage.unit import Row, Unit

_OF_OWNER = """
    SELECT code, body_sealed FROM parcel WHERE owner_id_hash = %(owner)s AND code > %(after)s
    ORDER BY code LIMIT %(limit)s"""
_ONE_OF_OWNER = "SELECT code, body_sealed FROM parcel WHERE owner_id_hash = %(owner)s AND code = %(code)s"
_PUT = """
    INSERT INTO parcel (code, owner_id_hash, content_hash, body_sealed)
    SELECT * FROM unnest(%(codes)s::text[], %(owners)s::bytea[], %(contents)s::bytea[], %(bodies)s::bytea[])
    ON CONFLICT (code) DO UPDATE SET owner_id_hash = excluded.owner_id_hash, content_hash = excluded.content_hash,
        body_sealed = excluded.body_sealed
    WHERE (parcel.owner_id_hash, parcel.content_hash) <> (excluded.owner_id_hash, excluded.content_hash)"""
_LOCK = "SELECT 1 FROM parcel WHERE code = ANY(%(codes)s) ORDER BY code FOR UPDATE"
_BATCH = 500


class LandReads(Unit):
    """Lookups."""

    def parcels_of_owner(self, owner_id_hash: bytes, after_code: str, limit: int) -> list[Parcel]:
        """Returns an owner's parcels after a code, in the order of their codes."""
        rows = self._all(_OF_OWNER, owner=owner_id_hash, after=after_code, limit=limit)
        return [self._parcel(row, owner_id_hash) for row in rows]

    def parcel_of_owner(self, owner_id_hash: bytes, code: str) -> Parcel | None:
        """Returns one parcel if it is this owner's."""
        row = self._one(_ONE_OF_OWNER, owner=owner_id_hash, code=code)
        return self._parcel(row, owner_id_hash) if row else None

    def _parcel(self, row: Row, owner_id_hash: bytes) -> Parcel:
        """Opens a record and holds the row's owner to the sealed one: a changed column moves nobody's land."""
        parcel = from_json(Parcel, self._sealer.open(f"parcel/{row[0]}", row[1]))
        if self._owner_hash(parcel) != owner_id_hash:
            raise ValueError("a parcel's row names another owner than its sealed record")
        return parcel

    def _owner_hash(self, parcel: Parcel) -> bytes:
        return self._sealer.lookup_hash("id-number", parcel.owner_id_number)


class LandWrites(LandReads):
    """Changes."""

    def put_parcels(self, parcels: Iterable[Parcel]) -> int:
        """Inserts or replaces parcels under their owners' ID numbers; returns how many are new or changed.

        Of several with one code the last one stays.
        """
        latest = {parcel.code: parcel for parcel in parcels}
        rows, changed = iter(sorted(latest.items())), 0
        while batch := [parcel for _, parcel in islice(rows, _BATCH)]:
            changed += self._put(batch)
        return changed

    def _put(self, batch: Sequence[Parcel]) -> int:
        return self._run(
            _PUT,
            codes=[parcel.code for parcel in batch],
            owners=[self._owner_hash(parcel) for parcel in batch],
            # keyed: the plain digest of a record with an ID number could be found by trying numbers
            contents=[self._sealer.lookup_hash("parcel", parcel.registry_digest().hex()) for parcel in batch],
            bodies=[self._sealer.seal(f"parcel/{parcel.code}", to_json(parcel)) for parcel in batch],
        )

    def lock_parcels(self, codes: Sequence[str]) -> None:
        """Locks the parcels in the order of their codes, so that two transfers racing for one parcel take turns."""
        self._all(_LOCK, codes=list(codes))
