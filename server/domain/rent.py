"""What is paid and when: exact integer arithmetic in fen, square metres and days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from landseal.server.domain.parcel import Parcel
from landseal.server.domain.rmb import MU_DENOMINATOR, MU_NUMERATOR, half_up
from landseal.server.domain.terms import ContractTerms, PaymentSchedule, RentBasis

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Instalment:
    """One payment for one period."""

    number: int
    """Counted from 1."""
    due_date: dt.date
    amount_fen: int
    period_start: dt.date
    period_end: dt.date
    """Inclusive."""


def add_years(day: dt.date, years: int) -> dt.date:
    """Returns the same day ``years`` later; 29 February becomes the 28th where needed.

    ValueError past the year 9999.
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def transferred_area_m2(terms: ContractTerms, parcels: Sequence[Parcel]) -> int:
    """Sums what is transferred: the stated part where one is stated, else the whole parcel."""
    parts = {part.parcel_code: part.area_m2 for part in terms.parts}
    return sum(parts.get(parcel.code, parcel.area_m2) for parcel in parcels)


def contract_years(start: dt.date, end: dt.date) -> tuple[tuple[dt.date, dt.date], ...]:
    """Splits the term into years from its first day; the last may be shorter.

    Empty when ``end`` is before ``start``.
    """
    out: list[tuple[dt.date, dt.date]] = []
    while (begin := add_years(start, len(out))) <= end:
        out.append((begin, min(end, add_years(start, len(out) + 1) - ONE_DAY)))
    return tuple(out)


def _share(period: tuple[dt.date, dt.date], start: dt.date, index: int) -> tuple[int, int]:
    """Days in the period, and days in the full year it belongs to."""
    full = add_years(start, index + 1) - add_years(start, index)
    return (period[1] - period[0]).days + 1, full.days


def full_year_rent_fen(terms: ContractTerms, area_m2: int) -> int:
    """Rent of a full year by the rate per mu, halves of a fen rounded up; 0 unless that is the basis."""
    if terms.rent_basis is not RentBasis.CASH_PER_MU_YEAR:
        return 0
    return half_up(terms.rent_fen * area_m2 * MU_NUMERATOR, MU_DENOMINATOR)


def _yearly_amounts(terms: ContractTerms, area_m2: int, years: tuple[tuple[dt.date, dt.date], ...]) -> list[int]:
    if terms.rent_basis is RentBasis.CASH_TOTAL:
        each, rest = divmod(terms.rent_fen, len(years))
        return [each + rest] + [each] * (len(years) - 1)
    rate = full_year_rent_fen(terms, area_m2)
    start = years[0][0]
    shares = (_share(period, start, index) for index, period in enumerate(years))
    return [half_up(rate * days, full) for days, full in shares]


def total_rent_fen(terms: ContractTerms, area_m2: int) -> int:
    """Cash rent of the whole term; a last, shorter year counts by its days. 0 when no cash or no term is stated."""
    if terms.rent_basis not in (RentBasis.CASH_PER_MU_YEAR, RentBasis.CASH_TOTAL):
        return 0
    if terms.start_date is None or terms.end_date is None or terms.end_date < terms.start_date:
        return 0
    return sum(_yearly_amounts(terms, area_m2, contract_years(terms.start_date, terms.end_date)))


def yearly_rent_fen(terms: ContractTerms, area_m2: int) -> int:
    """The yearly rent on which breach is reckoned: the rate, or the total divided by the number of years begun."""
    if terms.rent_basis is not RentBasis.CASH_TOTAL:
        return full_year_rent_fen(terms, area_m2)
    if terms.start_date is None or terms.end_date is None or terms.end_date < terms.start_date:
        return 0
    return half_up(terms.rent_fen, len(contract_years(terms.start_date, terms.end_date)))


def instalments(terms: ContractTerms, area_m2: int) -> tuple[Instalment, ...]:
    """Returns every cash payment; they add up to :func:`total_rent_fen`.

    Empty when nothing is paid in cash or dates are missing.
    """
    total = total_rent_fen(terms, area_m2)
    first, start, end = terms.first_payment_date, terms.start_date, terms.end_date
    if not total or first is None or start is None or end is None:
        return ()
    if terms.payment is PaymentSchedule.ONCE:
        return (Instalment(1, first, total, start, end),)
    if terms.payment is not PaymentSchedule.YEARLY:
        return ()
    years = contract_years(start, end)
    amounts = _yearly_amounts(terms, area_m2, years)
    return tuple(
        Instalment(index + 1, add_years(first, index), amount, *period)
        for index, (period, amount) in enumerate(zip(years, amounts, strict=True))
    )
