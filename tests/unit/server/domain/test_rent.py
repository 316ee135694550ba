from __future__ import annotations

import datetime as dt
import itertools

from hypothesis import given
from hypothesis import strategies as st
from support.land import lease, parcel

from landseal.server.domain.rent import (
    add_years,
    contract_years,
    instalments,
    total_rent_fen,
    transferred_area_m2,
    yearly_rent_fen,
)
from landseal.server.domain.terms import ParcelPart, PaymentSchedule, RentBasis

starts = st.dates(dt.date(2020, 1, 1), dt.date(2060, 12, 31))


@given(
    starts, st.integers(1, 20_000), st.integers(0, 10**7), st.integers(1, 10**6), st.sampled_from(PaymentSchedule),
    st.sampled_from([RentBasis.CASH_PER_MU_YEAR, RentBasis.CASH_TOTAL]),
)  # fmt: skip
def test_instalments_add_up_to_the_total(
    start: dt.date, days: int, rent: int, area: int, schedule: PaymentSchedule, basis: RentBasis
) -> None:
    end = start + dt.timedelta(days=days)
    terms = lease(
        start_date=start, end_date=end, rent_fen=rent, payment=schedule, rent_basis=basis, first_payment_date=start
    )
    paid = instalments(terms, area)
    if schedule is PaymentSchedule.UNSPECIFIED or not total_rent_fen(terms, area):
        assert paid == ()
        return
    assert sum(each.amount_fen for each in paid) == total_rent_fen(terms, area)
    assert paid[0].period_start == start
    assert paid[-1].period_end == end
    assert [each.due_date for each in paid] == sorted(each.due_date for each in paid)


@given(starts, st.integers(0, 20_000))
def test_contract_years_cover_every_day_once(start: dt.date, days: int) -> None:
    end = start + dt.timedelta(days=days)
    years = contract_years(start, end)
    assert sum((last - first).days + 1 for first, last in years) == days + 1
    assert all(after[0] - before[1] == dt.timedelta(days=1) for before, after in itertools.pairwise(years))


def test_the_rent_of_three_mu_is_three_times_the_rate() -> None:
    terms = lease(rent_fen=80_000)
    assert yearly_rent_fen(terms, 2000) == 240_000
    assert total_rent_fen(terms, 2000) == 5 * 240_000


def test_half_a_year_costs_its_days() -> None:
    terms = lease(start_date=dt.date(2027, 1, 1), end_date=dt.date(2027, 7, 1), rent_fen=36_500)
    assert total_rent_fen(terms, 2000) == round(36_500 * 3 * 182 / 365)


def test_a_leap_day_becomes_the_28th() -> None:
    assert add_years(dt.date(2028, 2, 29), 1) == dt.date(2029, 2, 28)
    assert add_years(dt.date(2028, 2, 29), 4) == dt.date(2032, 2, 29)


def test_only_the_stated_part_of_a_parcel_counts() -> None:
    terms = lease(parts=(ParcelPart(parcel(1).code, 1000),))
    assert transferred_area_m2(terms, (parcel(1), parcel(2))) == 1000 + 2529


def test_without_dates_or_cash_nothing_is_due() -> None:
    for terms in (
        lease(start_date=None),
        lease(end_date=None),
        lease(rent_basis=RentBasis.FREE),
        lease(first_payment_date=None),
    ):
        assert instalments(terms, 2000) == ()
    assert total_rent_fen(lease(end_date=dt.date(2026, 1, 1)), 2000) == 0
    assert yearly_rent_fen(lease(rent_basis=RentBasis.CASH_TOTAL, rent_fen=1001), 2000) == 200
