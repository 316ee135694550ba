from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.land import OTHER, TODAY, exchange, lease, parcel

from landseal.server.domain.canonical import encode
from landseal.server.domain.parcel import LandUse, Parcel
from landseal.server.domain.termcheck import ActiveTransfer, check_overlap, check_terms, is_printable
from landseal.server.domain.termfaults import LABELS, TermCode, fault
from landseal.server.domain.terms import (
    CompensationTo,
    ContractTerms,
    MemberPriority,
    ParcelPart,
    PaymentSchedule,
    RentBasis,
    TransferKind,
    UseOfLand,
    empty_terms,
    terms_fields,
)

PBF = LandUse.PERMANENT_BASIC_FARMLAND
THEIRS = parcel(7, owner_id_number=OTHER)


def found(
    terms: ContractTerms, parcels: Sequence[Parcel] = (parcel(),), theirs: Sequence[Parcel] = ()
) -> set[tuple[str, str]]:
    return {(each.field, each.code.value) for each in check_terms(terms, parcels, TODAY, exchange_parcels=theirs)}


def test_complete_terms_have_no_fault() -> None:
    assert found(lease()) == set()
    assert found(lease(kind=TransferKind.SUBCONTRACT)) == set()
    assert found(exchange(), theirs=[THEIRS]) == set()


def test_an_empty_draft_lists_every_mandatory_term_at_once() -> None:
    faults = check_terms(empty_terms(TransferKind.UNSPECIFIED), (), TODAY)
    missing = {each.field for each in faults if each.code is TermCode.MISSING}
    assert missing >= {
        "kind", "transferor_domicile", "transferee_domicile", "start_date", "end_date", "delivery_date", "use",
        "rent_basis", "compensation", "subsidies_to", "late_per_ten_thousand", "dispute", "rights_and_duties",
        "member_priority",
    }  # fmt: skip
    assert ("parcels", TermCode.NO_PARCEL) in {(each.field, each.code) for each in faults}
    assert all(each.message_zh.endswith("。") and each.message_en.endswith(".") for each in faults)
    mandatory = {"transferor_domicile", "start_date", "use", "rent_basis", "compensation", "late_per_ten_thousand"}
    assert all("第四十条" in each.article for each in faults if each.field in mandatory)


WRONG: list[tuple[dict[str, object], str, TermCode]] = [
    ({"start_date": dt.date(2031, 12, 31)}, "start_date", TermCode.START_NOT_BEFORE_END),
    ({"start_date": dt.date(2026, 9, 1)}, "start_date", TermCode.START_TOO_EARLY),
    ({"end_date": dt.date(2058, 1, 1)}, "end_date", TermCode.AFTER_CONTRACTING_TERM),
    ({"delivery_date": dt.date(2026, 12, 31)}, "delivery_date", TermCode.OUTSIDE_TERM),
    ({"delivery_date": dt.date(2032, 1, 1)}, "delivery_date", TermCode.OUTSIDE_TERM),
    ({"first_payment_date": dt.date(2032, 1, 1)}, "first_payment_date", TermCode.OUTSIDE_TERM),
    ({"use": UseOfLand.AQUACULTURE}, "use", TermCode.USE_NOT_ALLOWED),
    ({"use": UseOfLand.FORESTRY}, "use", TermCode.USE_NOT_ALLOWED),
    ({"late_per_ten_thousand": 101}, "late_per_ten_thousand", TermCode.OUT_OF_RANGE),
    ({"late_per_ten_thousand": -2}, "late_per_ten_thousand", TermCode.OUT_OF_RANGE),
    ({"rent_fen": -1}, "rent_fen", TermCode.OUT_OF_RANGE),
    ({"rent_fen": 10**12}, "rent_fen", TermCode.OUT_OF_RANGE),
    ({"rent_fen": 0}, "rent_fen", TermCode.MISSING),
    ({"rent_basis": RentBasis.FREE}, "rent_fen", TermCode.NOT_ALLOWED_HERE),
    ({"payment": PaymentSchedule.UNSPECIFIED}, "payment", TermCode.MISSING),
    ({"first_payment_date": None}, "first_payment_date", TermCode.MISSING),
    ({"rent_basis": RentBasis.IN_KIND, "rent_fen": 0}, "in_kind_conversion", TermCode.MISSING),
    ({"in_kind_crop": "稻谷"}, "in_kind_crop", TermCode.NOT_ALLOWED_HERE),
    ({"rent_adjust_every_years": 3}, "rent_adjust_note", TermCode.MISSING),
    ({"compensation": CompensationTo.SHARED}, "compensation_note", TermCode.MISSING),
    ({"assets_at_end": ""}, "assets_at_end", TermCode.MISSING),
    ({"rights_and_duties": "GF-1999"}, "rights_and_duties", TermCode.UNKNOWN_CLAUSES),
    ({"capacity_declared": False}, "capacity_declared", TermCode.CAPACITY_NOT_DECLARED),
    ({"member_priority": MemberPriority.UNSPECIFIED}, "member_priority", TermCode.MISSING),
    ({"special_terms": "x" * 2001}, "special_terms", TermCode.TOO_LONG),
    ({"use_note": "a\nb"}, "use_note", TermCode.BAD_CHARACTERS),
    ({"special_terms": "pay \u202e001 yuan"}, "special_terms", TermCode.BAD_CHARACTERS),
    ({"transferee_domicile": " "}, "transferee_domicile", TermCode.MISSING),
    ({"exchange_parcel_codes": (parcel(7).code,)}, "exchange_parcel_codes", TermCode.NOT_ALLOWED_HERE),
    ({"parts": (ParcelPart(parcel().code, 2530),)}, "parts.area_m2", TermCode.OUT_OF_RANGE),
    ({"parts": (ParcelPart(parcel().code, 0),)}, "parts.area_m2", TermCode.OUT_OF_RANGE),
    ({"parts": (ParcelPart(parcel(2).code, 1),)}, "parts", TermCode.UNKNOWN_PARCEL),
    ({"parts": (ParcelPart(parcel().code, 1),) * 2}, "parts", TermCode.DUPLICATE_PARCEL),
    ({"filing_within_days": 0}, "filing_within_days", TermCode.MISSING),
    ({"return_days": 366}, "return_days", TermCode.OUT_OF_RANGE),
]


@pytest.mark.parametrize(("change", "field", "code"), WRONG)
def test_each_wrong_term_is_named(change: dict[str, object], field: str, code: TermCode) -> None:
    assert (field, code.value) in found(lease(**change))


RIGHT: list[dict[str, object]] = [
    {"end_date": dt.date(2057, 12, 31)}, {"start_date": dt.date(2026, 10, 23)},
    {"delivery_date": dt.date(2031, 12, 31)},
    {"use": UseOfLand.ORCHARD}, {"late_per_ten_thousand": 0}, {"late_per_ten_thousand": 100},
    {"rent_basis": RentBasis.FREE, "rent_fen": 0, "payment": PaymentSchedule.UNSPECIFIED, "first_payment_date": None},
    {"rent_basis": RentBasis.IN_KIND, "rent_fen": 0, "in_kind_crop": "稻谷", "in_kind_kg_per_mu_year": 300,
     "in_kind_conversion": "按当年收购价"},
    {"rent_adjust_every_years": 3, "rent_adjust_note": "随粮价"},
    {"compensation": CompensationTo.SHARED, "compensation_note": "各半"},
    {"parts": (ParcelPart(parcel().code, 2529),)}, {"transferor_phone": ""}, {"special_terms": ""},
]  # fmt: skip


@pytest.mark.parametrize("change", RIGHT)
def test_each_term_at_its_limit_is_accepted(change: dict[str, object]) -> None:
    assert found(lease(**change)) == set()


def test_permanent_basic_farmland_narrows_the_use() -> None:
    basic = [parcel(), parcel(2, land_use=PBF)]
    assert found(lease(use=UseOfLand.VEGETABLES), basic) == set()
    faults = check_terms(lease(use=UseOfLand.ORCHARD), basic, TODAY)
    assert [each.code for each in faults] == [TermCode.USE_NOT_ALLOWED]
    assert "基本农田" in faults[0].article


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "parcels.name"), ({"east": ""}, "parcels.location"), ({"area_m2": 0}, "parcels.area_m2"),
        ({"quality_grade": 0}, "parcels.quality_grade"), ({"land_use": LandUse.UNSPECIFIED}, "parcels.land_use"),
    ],
)  # fmt: skip
def test_a_parcel_without_what_article_40_wants_is_refused(change: dict[str, object], field: str) -> None:
    assert (field, "PARCEL_INCOMPLETE") in found(lease(), [dataclasses.replace(parcel(), **change)])  # type: ignore[arg-type]  # a table of values


def test_an_unknown_contracting_term_is_never_taken_for_a_long_one() -> None:
    assert ("end_date", "CONTRACTING_TERM_UNKNOWN") in found(lease(), [parcel(contract_term_end=None)])


def test_parcels_of_two_contractors_or_named_twice_are_refused() -> None:
    assert ("parcels", "SEVERAL_CONTRACTORS") in found(lease(), [parcel(), parcel(2, owner_id_number=OTHER)])
    assert ("parcels", "DUPLICATE_PARCEL") in found(lease(), [parcel(), parcel()])


def test_an_exchange_needs_both_sides_of_one_collective() -> None:
    assert ("exchange_parcel_codes", "NO_PARCEL") in found(exchange(exchange_parcel_codes=()))
    elsewhere = dataclasses.replace(THEIRS, collective="汶川县漩口镇")
    assert ("exchange_parcel_codes", "NOT_SAME_COLLECTIVE") in found(exchange(), theirs=[elsewhere])
    other_issuer = dataclasses.replace(THEIRS, code="5132211002030200007")
    terms = exchange(exchange_parcel_codes=(other_issuer.code,))
    assert ("exchange_parcel_codes", "NOT_SAME_COLLECTIVE") in found(terms, theirs=[other_issuer])
    assert ("exchange_parcel_codes", "SAME_CONTRACTOR") in found(exchange(), theirs=[parcel(7)])
    assert ("exchange_parcel_codes", "UNKNOWN_PARCEL") in found(exchange(), theirs=[parcel(8, owner_id_number=OTHER)])


def test_an_exchange_is_no_lease_in_disguise() -> None:
    rent = exchange(rent_basis=RentBasis.CASH_PER_MU_YEAR, rent_fen=1)
    assert ("rent_basis", "NOT_ALLOWED_HERE") in found(rent, theirs=[THEIRS])
    assert ("may_retransfer", "NOT_ALLOWED_HERE") in found(exchange(may_retransfer=True), theirs=[THEIRS])
    assert ("parts", "NOT_ALLOWED_HERE") in found(exchange(parts=(ParcelPart(parcel().code, 5),)), theirs=[THEIRS])
    offered = exchange(member_priority=MemberPriority.OFFERED_AND_WAIVED)
    assert ("member_priority", "NOT_ALLOWED_HERE") in found(offered, theirs=[THEIRS])


texts = st.text(max_size=40)
dates = st.none() | st.dates()
numbers = st.integers(-(2**70), 2**70)


@given(dates, dates, dates, dates, numbers, numbers, texts, st.sampled_from(RentBasis), st.sampled_from(TransferKind))
def test_whatever_is_drafted_is_answered_with_a_list(
    start: dt.date | None, end: dt.date | None, delivery: dt.date | None, first: dt.date | None, rent: int, late: int,
    text: str, basis: RentBasis, kind: TransferKind,
) -> None:  # fmt: skip
    terms = lease(
        kind=kind, start_date=start, end_date=end, delivery_date=delivery, first_payment_date=first, rent_fen=rent,
        late_per_ten_thousand=late, special_terms=text, use_note=text, rent_basis=basis,
    )  # fmt: skip
    if not check_terms(terms, [parcel()], TODAY):
        assert encode("terms", *terms_fields(terms))


def test_every_term_that_is_accepted_has_a_canonical_form_and_any_change_shows() -> None:
    whole = encode("terms", *terms_fields(lease()))
    assert all(encode("terms", *terms_fields(lease(**change))) != whole for change in RIGHT)
    with pytest.raises(ValueError, match="integer"):
        encode("terms", *terms_fields(empty_terms(TransferKind.LEASE)))


def test_every_field_that_can_be_at_fault_has_a_name() -> None:
    for field in LABELS:
        assert fault(field, TermCode.MISSING).message_en[0].isupper()


def test_control_and_bidirectional_characters_are_not_printable() -> None:
    assert is_printable("水稻 Oryza ①，（）—“”")
    for bad in ("\u202e", "\u200b", "\x00", "\ue000", "\ud800", "\u2028", "a\nb"):
        assert not is_printable(bad)
    assert is_printable("a\nb", lines=True)


START, END = dt.date(2027, 1, 1), dt.date(2031, 12, 31)


def overlap(active: list[ActiveTransfer], parts: tuple[ParcelPart, ...] = ()) -> bool:
    return bool(check_overlap([parcel()], parts, START, END, active))


def test_a_parcel_is_not_transferred_twice_in_the_same_days() -> None:
    whole = ActiveTransfer(parcel().code, 2529, dt.date(2020, 1, 1), START)
    assert overlap([whole])
    assert not overlap([dataclasses.replace(whole, end_date=dt.date(2026, 12, 31))])
    assert not overlap([dataclasses.replace(whole, start_date=dt.date(2032, 1, 1), end_date=dt.date(2040, 1, 1))])
    assert not overlap([dataclasses.replace(whole, parcel_code=parcel(2).code)])


def test_parts_may_add_up_to_the_parcel_and_no_further() -> None:
    part = (ParcelPart(parcel().code, 1000),)
    rival = ActiveTransfer(parcel().code, 1529, START, END)
    assert not overlap([rival], part)
    assert overlap([dataclasses.replace(rival, area_m2=1530)], part)
    early = ActiveTransfer(parcel().code, 1000, START, dt.date(2028, 12, 31))
    late = ActiveTransfer(parcel().code, 1000, dt.date(2029, 1, 1), END)
    assert not overlap([early, late], part)
    assert overlap([early, dataclasses.replace(late, start_date=dt.date(2028, 12, 31))], part)
