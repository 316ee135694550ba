from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseal.server.domain.idcard import (
    IdNumberFault,
    InvalidIdNumber,
    Sex,
    check_digit,
    mask_id_number,
    mask_name,
    normalise_id_number,
    parse_id_number,
)

births = st.dates(dt.date(1900, 1, 1), dt.date(2026, 1, 1))


@st.composite
def numbers(draw: st.DrawFn) -> str:
    first = f"513221{draw(births):%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return first + check_digit(first)


def test_the_example_of_the_standard_holds() -> None:
    assert check_digit("11010519491231002") == "X"  # GB 11643-1999, annex A
    assert check_digit("44052418800101001") == "4"
    number = parse_id_number("11010519491231002X")
    assert number.birth_date == dt.date(1949, 12, 31)
    assert number.sex is Sex.FEMALE
    assert number.age_on(dt.date(2026, 12, 30)) == 76
    assert number.age_on(dt.date(2026, 12, 31)) == 77


@given(numbers(), st.integers(0, 17), st.integers(1, 9))
def test_any_single_wrong_digit_is_found(number: str, place: int, step: int) -> None:
    if number[place] == "X":
        wrong = number[:-1] + str(step)
    else:
        wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    with pytest.raises(InvalidIdNumber):
        parse_id_number(wrong)


@given(numbers(), st.integers(0, 15))
def test_any_two_neighbours_exchanged_are_found(number: str, place: int) -> None:
    wrong = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if wrong != number:
        with pytest.raises(InvalidIdNumber):
            parse_id_number(wrong)


@given(numbers())
def test_full_width_small_x_and_blanks_make_no_difference(number: str) -> None:
    wide = "".join(chr(ord(each) + 0xFEE0) for each in number.lower())
    assert parse_id_number(f" {wide[:6]} {wide[6:]}\u3000").value == number
    assert normalise_id_number(normalise_id_number(wide)) == number


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", IdNumberFault.SHAPE), ("11010519491231002", IdNumberFault.SHAPE),
        ("1101051949123100200", IdNumberFault.SHAPE),
        ("11010519491231002Y", IdNumberFault.SHAPE), ("٠١٠١٠٥١٩٤٩١٢٣١٠٠٢X", IdNumberFault.SHAPE),
        ("110105194912310021", IdNumberFault.CHECK_DIGIT), ("110105194902300025", IdNumberFault.BIRTH_DATE),
        ("990105194912310026", IdNumberFault.PROVINCE), ("11010500001231002X", IdNumberFault.BIRTH_DATE),
    ],
)  # fmt: skip
def test_each_fault_has_its_name_and_repeats_nothing(text: str, fault: IdNumberFault) -> None:
    with pytest.raises(InvalidIdNumber) as caught:
        parse_id_number(text)
    assert caught.value.fault is fault
    assert not text or text not in str(caught.value)


def test_nobody_is_born_tomorrow() -> None:
    parse_id_number("11010519491231002X", today=dt.date(1949, 12, 31))
    with pytest.raises(InvalidIdNumber):
        parse_id_number("11010519491231002X", today=dt.date(1949, 12, 30))


def test_masks_show_no_more_than_they_say() -> None:
    assert mask_id_number("110101199003071234") == "110101********1234"
    assert mask_id_number("12345") == "********"
    assert [mask_name(name) for name in ("张三", "欧阳娜娜", "王", "", " 李四 ")] == ["张*", "欧***", "*", "*", "李*"]
    assert "19491231" not in repr(parse_id_number("11010519491231002X"))


@given(st.text(max_size=30))
def test_any_text_is_refused_by_name_or_read(text: str) -> None:
    try:
        value = parse_id_number(text).value
    except InvalidIdNumber:
        return
    assert len(value) == 18
