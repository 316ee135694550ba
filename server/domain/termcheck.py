"""The rules of a transfer contract: one pure check that lists everything that is missing or wrong at once."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from landseal.server.domain.parcel import BEST_GRADE, WORST_GRADE, LandUse, Parcel
from landseal.server.domain.rent import add_years, total_rent_fen, transferred_area_m2
from landseal.server.domain.termfaults import ART_33, ART_36, ART_38, ART_40, PBF, TermCode, TermFault, fault
from landseal.server.domain.terms import (
    STANDARD_CLAUSES,
    CompensationTo,
    ContractTerms,
    MemberPriority,
    ParcelPart,
    PaymentSchedule,
    RentBasis,
    TransferKind,
    UseOfLand,
)

MAX_RENT_FEN = 10**12
"""Ten billion yuan: no rate and no total may be above it."""
MAX_PARCELS = 100
"""Parcels of one side in one contract."""
BACKDATE_DAYS = 30
"""A contract may start so many days before it is made; more would hide an earlier, unwritten transfer."""
MAX_TERM_YEARS = 70
"""Longest contracting term the law knows (forest, art. 21)."""
MAX_KG = 100_000

TEXT_LIMITS: dict[str, int] = {
    "transferor_domicile": 200, "transferor_phone": 32, "transferee_domicile": 200, "transferee_phone": 32,
    "use_note": 200, "in_kind_crop": 50, "in_kind_conversion": 200, "rent_adjust_note": 200, "payment_day_note": 200,
    "payee_account": 100, "compensation_note": 200, "attached_assets": 500, "assets_at_end": 500, "special_terms": 2000,
}  # fmt: skip
"""Longest text in characters."""

NUMBER_LIMITS: dict[str, tuple[int, int]] = {
    "rent_fen": (0, MAX_RENT_FEN), "in_kind_kg_per_mu_year": (0, MAX_KG), "rent_adjust_every_years": (0, 30),
    "deposit_fen": (0, MAX_RENT_FEN), "late_per_ten_thousand": (0, 100), "terminate_after_days_late": (1, 365),
    "renewal_notice_days": (1, 365), "return_days": (0, 365), "filing_within_days": (1, 90),
}  # fmt: skip
"""Smallest and largest number."""

_GROWING = {UseOfLand.GRAIN, UseOfLand.VEGETABLES, UseOfLand.OIL_AND_COTTON}
ALLOWED_USES: dict[LandUse, frozenset[UseOfLand]] = {
    LandUse.UNSPECIFIED: frozenset(),
    LandUse.ARABLE: frozenset(_GROWING | {UseOfLand.ORCHARD, UseOfLand.OTHER_AGRICULTURAL}),
    LandUse.PERMANENT_BASIC_FARMLAND: frozenset(_GROWING),
    LandUse.ORCHARD: frozenset(_GROWING | {UseOfLand.ORCHARD, UseOfLand.OTHER_AGRICULTURAL}),
    LandUse.FOREST: frozenset({UseOfLand.FORESTRY, UseOfLand.OTHER_AGRICULTURAL}),
    LandUse.GRASSLAND: frozenset({UseOfLand.OTHER_AGRICULTURAL}),
    LandUse.WATER: frozenset({UseOfLand.AQUACULTURE, UseOfLand.OTHER_AGRICULTURAL}),
    LandUse.OTHER: frozenset(UseOfLand) - {UseOfLand.UNSPECIFIED},
}
"""What may be done on which land: arable land stays arable (no ponds, no woods).

Permanent basic farmland bears crops only.
"""

_REQUIRED_TEXTS = ("transferor_domicile", "transferee_domicile", "rights_and_duties")
_REQUIRED_CHOICES = ("use", "rent_basis", "compensation", "subsidies_to", "dispute")
_REQUIRED_DATES = ("start_date", "end_date", "delivery_date")


@dataclass(frozen=True)
class _Case:
    terms: ContractTerms
    parcels: Sequence[Parcel]
    exchange: Sequence[Parcel]
    today: dt.date

    @property
    def is_exchange(self) -> bool:
        return self.terms.kind is TransferKind.EXCHANGE

    @property
    def all_parcels(self) -> tuple[Parcel, ...]:
        return (*self.parcels, *self.exchange)


def is_printable(text: str, *, lines: bool = False) -> bool:
    """Tells whether text holds no control, format (bidirectional!), private, surrogate or unassigned character,
    and no blank but the two usual ones.

    ``lines`` allows line feeds. A contract whose text could be displayed in another order than it is
    stored is no evidence.
    """
    return (text.replace("\n", "") if lines else text).replace("\u3000", " ").isprintable()


def _choices(case: _Case) -> Iterator[TermFault]:
    if case.terms.kind is TransferKind.UNSPECIFIED:
        yield fault("kind", TermCode.MISSING, ART_36)
    for name in _REQUIRED_CHOICES:
        if not getattr(case.terms, name):
            yield fault(name, TermCode.MISSING, ART_40)


def _texts(case: _Case) -> Iterator[TermFault]:
    for name in _REQUIRED_TEXTS:
        if not getattr(case.terms, name).strip():
            yield fault(name, TermCode.MISSING, ART_40)
    for name, limit in TEXT_LIMITS.items():
        text = getattr(case.terms, name)
        if len(text) > limit:
            yield fault(name, TermCode.TOO_LONG)
        if not is_printable(text, lines=name == "special_terms"):
            yield fault(name, TermCode.BAD_CHARACTERS)
    if case.terms.rights_and_duties not in ("", STANDARD_CLAUSES):
        yield fault("rights_and_duties", TermCode.UNKNOWN_CLAUSES, ART_40)


def _numbers(case: _Case) -> Iterator[TermFault]:
    for name, (low, high) in NUMBER_LIMITS.items():
        value = getattr(case.terms, name)
        if name == "late_per_ten_thousand" and value == -1:
            yield fault(name, TermCode.MISSING, ART_40)
        elif value == 0 and low > 0:
            yield fault(name, TermCode.MISSING)
        elif not low <= value <= high:
            yield fault(name, TermCode.OUT_OF_RANGE)


def _land(case: _Case) -> Iterator[TermFault]:
    sides: list[tuple[str, Sequence[Parcel]]] = [("parcels", case.parcels)]
    if case.is_exchange:
        sides.append(("exchange_parcel_codes", case.exchange))
    for name, parcels in sides:
        if not parcels:
            yield fault(name, TermCode.NO_PARCEL, ART_33 if name != "parcels" else ART_40)
        if len(parcels) > MAX_PARCELS:
            yield fault(name, TermCode.OUT_OF_RANGE)
        if len({parcel.owner_id_number for parcel in parcels}) > 1:
            yield fault(name, TermCode.SEVERAL_CONTRACTORS)
    if _repeats(parcel.code for parcel in case.all_parcels):
        yield fault("parcels", TermCode.DUPLICATE_PARCEL)
    lacks: tuple[tuple[str, Callable[[Parcel], bool]], ...] = (
        ("parcels.name", lambda each: bool(each.name.strip())),
        ("parcels.location", lambda each: all((each.location.strip(), each.east, each.south, each.west, each.north))),
        ("parcels.area_m2", lambda each: each.area_m2 > 0),
        ("parcels.quality_grade", lambda each: BEST_GRADE <= each.quality_grade <= WORST_GRADE),
        ("parcels.land_use", lambda each: each.land_use is not LandUse.UNSPECIFIED),
    )
    for name, holds in lacks:
        if not all(holds(parcel) for parcel in case.all_parcels):
            yield fault(name, TermCode.PARCEL_INCOMPLETE, ART_40)


def _repeats(codes: Iterable[str]) -> bool:
    return any(count > 1 for count in Counter(codes).values())


def _parts(case: _Case) -> Iterator[TermFault]:
    areas = {parcel.code: parcel.area_m2 for parcel in case.parcels}
    parts = case.terms.parts
    if parts and case.is_exchange:
        yield fault("parts", TermCode.NOT_ALLOWED_HERE, ART_33)
    if _repeats(part.parcel_code for part in parts):
        yield fault("parts", TermCode.DUPLICATE_PARCEL)
    if any(part.parcel_code not in areas for part in parts):
        yield fault("parts", TermCode.UNKNOWN_PARCEL)
    if any(not 0 < part.area_m2 <= areas.get(part.parcel_code, part.area_m2) for part in parts):
        yield fault("parts.area_m2", TermCode.OUT_OF_RANGE)


def _exchange(case: _Case) -> Iterator[TermFault]:
    codes = case.terms.exchange_parcel_codes
    if not case.is_exchange:
        if codes or case.exchange:
            yield fault("exchange_parcel_codes", TermCode.NOT_ALLOWED_HERE)
        return
    if _repeats(codes):
        yield fault("exchange_parcel_codes", TermCode.DUPLICATE_PARCEL)
    if {parcel.code for parcel in case.exchange} != set(codes):
        yield fault("exchange_parcel_codes", TermCode.UNKNOWN_PARCEL)
    if len({(parcel.issuer_code, parcel.collective) for parcel in case.all_parcels}) > 1:
        yield fault("exchange_parcel_codes", TermCode.NOT_SAME_COLLECTIVE, ART_33)
    owners, others = ({each.owner_id_number for each in side} for side in (case.parcels, case.exchange))
    if owners & others:
        yield fault("exchange_parcel_codes", TermCode.SAME_CONTRACTOR, ART_33)
    if case.terms.rent_basis not in (RentBasis.UNSPECIFIED, RentBasis.FREE, RentBasis.CASH_TOTAL):
        yield fault("rent_basis", TermCode.NOT_ALLOWED_HERE, ART_33)
    if case.terms.may_retransfer:
        yield fault("may_retransfer", TermCode.NOT_ALLOWED_HERE, ART_33)


def _dates(case: _Case) -> Iterator[TermFault]:
    terms = case.terms
    for name in _REQUIRED_DATES:
        if getattr(terms, name) is None:
            yield fault(name, TermCode.MISSING, ART_40)
    start, end = terms.start_date, terms.end_date
    if start and start < case.today - dt.timedelta(days=BACKDATE_DAYS):
        yield fault("start_date", TermCode.START_TOO_EARLY)
    if start and start > add_years(case.today, MAX_TERM_YEARS):
        yield fault("start_date", TermCode.OUT_OF_RANGE)
    if start and end and start >= end:
        yield fault("start_date", TermCode.START_NOT_BEFORE_END, ART_40)
    if end and end > add_years(case.today, 2 * MAX_TERM_YEARS):
        yield fault("end_date", TermCode.OUT_OF_RANGE)
    if end and any(parcel.contract_term_end and end > parcel.contract_term_end for parcel in case.all_parcels):
        yield fault("end_date", TermCode.AFTER_CONTRACTING_TERM, ART_38)
    if any(parcel.contract_term_end is None for parcel in case.all_parcels):
        yield fault("end_date", TermCode.CONTRACTING_TERM_UNKNOWN, ART_38)
    if _outside(terms.delivery_date, start, end):
        yield fault("delivery_date", TermCode.OUTSIDE_TERM, ART_40)


def _outside(day: dt.date | None, start: dt.date | None, end: dt.date | None) -> bool:
    return bool(day and ((start and day < start) or (end and day > end)))


def _use(case: _Case) -> Iterator[TermFault]:
    use = case.terms.use
    barred = [each for each in case.all_parcels if use not in ALLOWED_USES[each.land_use]]
    if use is not UseOfLand.UNSPECIFIED and barred:
        basic = any(each.land_use is LandUse.PERMANENT_BASIC_FARMLAND for each in barred)
        yield fault("use", TermCode.USE_NOT_ALLOWED, PBF if basic else ART_38)


def _price(case: _Case) -> Iterator[TermFault]:
    terms, basis = case.terms, case.terms.rent_basis
    cash = basis in (RentBasis.CASH_PER_MU_YEAR, RentBasis.CASH_TOTAL)
    yield from _wanted("rent_fen", cash, terms.rent_fen != 0)
    for name in ("in_kind_crop", "in_kind_kg_per_mu_year", "in_kind_conversion"):
        yield from _wanted(name, basis is RentBasis.IN_KIND, bool(getattr(terms, name)))
    if basis is RentBasis.UNSPECIFIED:
        return
    paid = basis is not RentBasis.FREE
    yield from _wanted("payment", paid, terms.payment is not PaymentSchedule.UNSPECIFIED)
    if not paid:
        return
    yield from _wanted("first_payment_date", True, terms.first_payment_date is not None)
    first, start = terms.first_payment_date, terms.start_date
    if _outside(first, add_years(start, -1) if start and start.year > 1 else None, terms.end_date):
        yield fault("first_payment_date", TermCode.OUTSIDE_TERM, ART_40)


def _wanted(name: str, wanted: bool, given: bool) -> Iterator[TermFault]:
    if wanted and not given:
        yield fault(name, TermCode.MISSING, ART_40)
    if given and not wanted:
        yield fault(name, TermCode.NOT_ALLOWED_HERE, ART_40)


def _companions(case: _Case) -> Iterator[TermFault]:
    """Terms that need another term beside them."""
    terms = case.terms
    if terms.rent_adjust_every_years and not terms.rent_adjust_note.strip():
        yield fault("rent_adjust_note", TermCode.MISSING, ART_40)
    if terms.compensation is CompensationTo.SHARED and not terms.compensation_note.strip():
        yield fault("compensation_note", TermCode.MISSING, ART_40)
    if terms.attached_assets.strip() and not terms.assets_at_end.strip():
        yield fault("assets_at_end", TermCode.MISSING)


def _eligibility(case: _Case) -> Iterator[TermFault]:
    if case.terms.member_priority is MemberPriority.UNSPECIFIED:
        yield fault("member_priority", TermCode.MISSING, ART_38)
    if case.is_exchange and case.terms.member_priority is MemberPriority.OFFERED_AND_WAIVED:
        yield fault("member_priority", TermCode.NOT_ALLOWED_HERE, ART_33)
    if not case.terms.capacity_declared:
        yield fault("capacity_declared", TermCode.CAPACITY_NOT_DECLARED, ART_38)


def _total(case: _Case) -> Iterator[TermFault]:
    start, end = case.terms.start_date, case.terms.end_date
    if not (start and end and start < end and end <= add_years(case.today, 2 * MAX_TERM_YEARS)):
        return
    if total_rent_fen(case.terms, transferred_area_m2(case.terms, case.parcels)) > MAX_RENT_FEN:
        yield fault("rent_fen", TermCode.OUT_OF_RANGE)


_RULES: tuple[Callable[[_Case], Iterator[TermFault]], ...] = (
    _choices, _texts, _numbers, _land, _parts, _exchange, _dates, _use, _price, _companions, _eligibility, _total,
)  # fmt: skip


def check_terms(
    terms: ContractTerms, parcels: Sequence[Parcel], today: dt.date, *, exchange_parcels: Sequence[Parcel] = ()
) -> tuple[TermFault, ...]:
    """Lists everything that is missing or wrong; empty means that the terms may be signed.

    ``parcels`` are the transferor's, ``exchange_parcels`` the transferee's (exchange only). Overlap with other
    transfers needs the registry: :func:`check_overlap`. Whether the transferor is the contractor of the parcels, and
    whether the transferee may see theirs, is the caller's to know.
    """
    case = _Case(terms, parcels, exchange_parcels, today)
    found = [each for rule in _RULES for each in rule(case)]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class ActiveTransfer:
    """What another contract in force already takes of a parcel."""

    parcel_code: str
    area_m2: int
    start_date: dt.date
    end_date: dt.date


def check_overlap(
    parcels: Sequence[Parcel],
    parts: Sequence[ParcelPart],
    start_date: dt.date,
    end_date: dt.date,
    active: Sequence[ActiveTransfer],
) -> tuple[TermFault, ...]:
    """Refuses when, on any day of the term, transfers of a parcel would add up to more than its area (rule 2)."""
    taken = {part.parcel_code: part.area_m2 for part in parts}
    for parcel in parcels:
        rivals = [
            each for each in active
            if each.parcel_code == parcel.code and each.start_date <= end_date and start_date <= each.end_date
        ]  # fmt: skip
        room = parcel.area_m2 - taken.get(parcel.code, parcel.area_m2)
        days = {max(start_date, each.start_date) for each in rivals}  # the sum can only rise when a transfer begins
        if any(sum(each.area_m2 for each in rivals if each.start_date <= day <= each.end_date) > room for day in days):
            return (fault("parcels", TermCode.OVERLAP),)
    return ()
