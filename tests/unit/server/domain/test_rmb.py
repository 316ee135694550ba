from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseal.server.domain.rmb import (
    MAX_FEN,
    article_number,
    capital_amount,
    chinese_date,
    chinese_number,
    digit_amount,
    digit_date,
    half_up,
    mu_text,
)

DIGITS = {each: number for number, each in enumerate("零壹贰叁肆伍陆柒捌玖")} | {
    each: number for number, each in enumerate("零一二三四五六七八九")
}
UNITS = {"拾": 10, "佰": 100, "仟": 1000, "十": 10, "百": 100, "千": 1000}


def read_number(text: str) -> int:
    """Reads Chinese numerals, written independently of the writer: sections end at 万 and 亿."""
    total, section, digit = 0, 0, 0
    for each in text:
        if each in DIGITS:
            digit = DIGITS[each]
        elif each in UNITS:
            section, digit = section + (digit or 1) * UNITS[each], 0
        elif each == "万":
            total, section, digit = total + (section + digit) * 10**4, 0, 0
        else:
            assert each == "亿"
            total, section, digit = (total + section + digit) * 10**8, 0, 0
    return total + section + digit


def read_amount(text: str) -> int:
    text = text.removeprefix("人民币").removesuffix("整")
    fen = 0
    if "元" in text:
        yuan, text = text.split("元")
        fen += read_number(yuan) * 100
    if "角" in text:
        jiao, text = text.split("角")
        fen += read_number(jiao) * 10
    return fen + read_number(text.removesuffix("分"))


@given(st.integers(0, MAX_FEN) | st.integers(0, 10**9) | st.integers(0, 10**14 - 1).map(lambda n: n * 10_000))
def test_capitals_are_read_back_as_the_same_amount(fen: int) -> None:
    text = capital_amount(fen)
    assert read_amount(text) == fen
    assert "零零" not in text
    assert not text.endswith("零")


@given(st.integers(0, 10**16 - 1) | st.integers(0, 10**6))
def test_plain_numerals_are_read_back(number: int) -> None:
    assert read_number(chinese_number(number)) == number


@given(st.lists(st.integers(0, MAX_FEN), min_size=2, max_size=2, unique=True))
def test_two_amounts_are_never_written_alike(pair: list[int]) -> None:
    assert capital_amount(pair[0]) != capital_amount(pair[1])


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "零元整"), (1, "壹分"), (10, "壹角整"), (11, "壹角壹分"), (100, "壹元整"), (101, "壹元零壹分"),
        (110, "壹元壹角整"),
        (1000, "壹拾元整"), (140902, "壹仟肆佰零玖元零贰分"), (600714, "陆仟零柒元壹角肆分"),
        (32504, "叁佰贰拾伍元零肆分"),
        (10000000, "壹拾万元整"), (10000100, "壹拾万零壹元整"), (10010000, "壹拾万零壹佰元整"),
        (100000000, "壹佰万元整"),
        (1000000000, "壹仟万元整"), (10000000000, "壹亿元整"), (10000000100, "壹亿零壹元整"),
        (10001000000, "壹亿零壹万元整"), (1_0000_0000_0000_00, "壹万亿元整"), (1_0000_0001_0000_00, "壹万亿零壹万元整"),
        (100200300, "壹佰万贰仟零叁元整"),
    ],
)  # fmt: skip
def test_the_classic_zeros_stand_where_a_bank_wants_them(fen: int, text: str) -> None:
    assert capital_amount(fen) == "人民币" + text


@pytest.mark.parametrize("fen", [-1, MAX_FEN + 1])
def test_what_cannot_be_written_is_refused(fen: int) -> None:
    with pytest.raises(ValueError, match="amount"):
        capital_amount(fen)


def test_numbers_and_dates_are_written_as_in_contracts() -> None:
    assert [chinese_number(n) for n in (0, 9, 10, 12, 20, 31, 105, 1010, 10**4, 110_000)] == [
        "零", "九", "十", "十二", "二十", "三十一", "一百零五", "一千零一十", "一万", "十一万",
    ]  # fmt: skip
    assert article_number(12) == "第十二条"
    assert chinese_date(dt.date(2026, 11, 22)) == "二〇二六年十一月二十二日"
    assert chinese_date(dt.date(2030, 10, 10)) == "二〇三〇年十月十日"
    assert digit_date(dt.date(2026, 1, 2)) == "2026年1月2日"
    assert digit_amount(123_456_705) == "¥1,234,567.05"


def test_two_thousand_square_metres_are_three_mu() -> None:
    assert [mu_text(area) for area in (0, 667, 2000, 10_000, 1_000_000)] == [
        "0.00",
        "1.00",
        "3.00",
        "15.00",
        "1,500.00",
    ]


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_halves_are_rounded_up_and_nothing_is_off_by_more(numerator: int, denominator: int) -> None:
    assert -denominator < 2 * (half_up(numerator, denominator) * denominator - numerator) <= denominator


@given(st.integers(max_value=-1))
def test_negative_digits_and_areas_are_refused(number: int) -> None:
    for write in (digit_amount, mu_text, chinese_number):
        with pytest.raises(ValueError, match="must"):
            write(number)
