"""What every contract must say to be one, as far as its body alone can tell; the same before signing and ever after."""

from __future__ import annotations

from landseal.server.domain.contract import ContractBody
from landseal.server.domain.idcard import InvalidIdNumber, parse_id_number
from landseal.server.domain.parcel import is_parcel_code
from landseal.server.domain.termcheck import check_terms
from landseal.server.domain.termfaults import TermCode
from landseal.server.domain.terms import TransferKind

_DIGEST_BYTES = 32
_NEEDS_MORE = frozenset((TermCode.NO_PARCEL, TermCode.UNKNOWN_PARCEL, TermCode.START_TOO_EARLY))
"""Faults that the terms alone cannot have: they need the registry's records or the day of the draft."""


def has_normal_identities(body: ContractBody) -> bool:
    """Tells whether both ID numbers are valid and stand in the one form that a person's number has.

    Otherwise one person could be both parties, as ``...002X`` and ``...002x`` or in full-width digits.
    """
    return all(_is_normal(party.id_number) for party in (body.transferor, body.transferee))


def _is_normal(id_number: str) -> bool:
    try:
        return parse_id_number(id_number).value == id_number
    except InvalidIdNumber:
        return False


def has_whole_parcels(body: ContractBody) -> bool:
    """Tells whether there is land, each parcel once, with its code, its area and its record's digest.

    Of a transferee's parcels, in an exchange, the body holds the codes only. Parts that the terms name must be
    parcels of the contract with the very area.
    """
    areas = {each.parcel_code: each.area_m2 for each in body.parcels}
    codes = [*(each.parcel_code for each in body.parcels), *body.terms.exchange_parcel_codes]
    return (
        bool(areas)
        and len(set(codes)) == len(codes)
        and all(is_parcel_code(code) for code in codes)
        and all(each.area_m2 > 0 for each in body.parcels)
        and all(len(each.registry_digest) == _DIGEST_BYTES for each in body.parcels)
        and all(areas.get(part.parcel_code) == part.area_m2 for part in body.terms.parts)
    )


def has_complete_terms(body: ContractBody) -> bool:
    """Tells whether the terms are complete (art. 40) and keep every rule that needs no record of the registry."""
    try:
        faults = check_terms(body.terms, (), body.offer_expire_time.date())
    except (ValueError, ArithmeticError):  # dates at the end of the calendar
        return False
    exchanges = body.terms.kind is TransferKind.EXCHANGE
    return exchanges == bool(body.terms.exchange_parcel_codes) and all(each.code in _NEEDS_MORE for each in faults)
