"""Amounts, numbers and dates in Chinese legal style (大写金额: Payment and Settlement Measures 1997, annex 1)."""

from __future__ import annotations

import datetime as dt

MAX_FEN = 10**18 - 1
"""Largest amount that can be written: below ten quadrillion yuan."""

_CAPITALS = "零壹贰叁肆伍陆柒捌玖"
_CAPITAL_UNITS = ("", "拾", "佰", "仟")
_PLAIN = "零一二三四五六七八九"
_PLAIN_UNITS = ("", "十", "百", "千")
_DATE_DIGITS = "〇一二三四五六七八九"
MU_NUMERATOR, MU_DENOMINATOR = 3, 2000
"""One mu is 2000/3 square metres (State Council order on units of measurement, 1984): mu = m2 * 3 / 2000."""


def half_up(numerator: int, denominator: int) -> int:
    """Divides non-negative integers, halves rounded up; exact, no floats."""
    return (2 * numerator + denominator) // (2 * denominator)


def _below_ten_thousand(number: int, digits: str, units: tuple[str, ...]) -> str:
    out, gap = "", False
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if digit:
            out += (digits[0] if gap and out else "") + digits[digit] + units[power]
        gap = not digit
    return out


def _joined(number: int, size: int, name: str, digits: str, units: tuple[str, ...]) -> str:
    """Writes ``number`` as high part, ``name``, low part; a zero stands where the low part does not fill its places."""
    if size == 1:
        return _below_ten_thousand(number, digits, units)
    lower_size, lower_name = (10**4, "万") if size == 10**8 else (1, "")
    high, low = divmod(number, size)
    out = _joined(high, lower_size, lower_name, digits, units) + name if high else ""
    if out and 0 < low < size // 10:
        out += digits[0]
    return out + _joined(low, lower_size, lower_name, digits, units)


def _whole(number: int, digits: str, units: tuple[str, ...]) -> str:
    return _joined(number, 10**8, "亿", digits, units)


def capital_amount(fen: int) -> str:
    """Writes an amount in capitals: 140902 fen is ``人民币壹仟肆佰零玖元零贰分``.

    Whole yuan and whole jiao end in ``整``, so that nothing can be written behind them.

    Raises:
        ValueError: negative or above :data:`MAX_FEN`.
    """
    if not 0 <= fen <= MAX_FEN:
        raise ValueError("an amount must lie in 0 .. 10^18 - 1 fen")
    yuan, jiao, rest = fen // 100, fen // 10 % 10, fen % 10
    out = "人民币" + (_whole(yuan, _CAPITALS, _CAPITAL_UNITS) + "元" if yuan else "")
    if fen == 0:
        out += "零元"
    if jiao:
        out += _CAPITALS[jiao] + "角"
    if rest:
        out += ("零" if yuan and not jiao else "") + _CAPITALS[rest] + "分"
    return out if rest else out + "整"


def digit_amount(fen: int) -> str:
    """Writes an amount in digits: ``¥1,409.02``; ValueError when negative."""
    if fen < 0:
        raise ValueError("an amount must not be negative")
    return f"¥{fen // 100:,}.{fen % 100:02d}"


def chinese_number(number: int) -> str:
    """Writes 0 .. 10^16 - 1 in plain Chinese numerals: 12 is ``十二``, 105 ``一百零五``; ValueError outside."""
    if not 0 <= number < 10**16:
        raise ValueError("a number must lie in 0 .. 10^16 - 1")
    out = _whole(number, _PLAIN, _PLAIN_UNITS) or "零"
    return out[1:] if out.startswith("一十") else out


def article_number(number: int) -> str:
    """Returns ``第十二条`` for 12."""
    return f"第{chinese_number(number)}条"


def chinese_date(day: dt.date) -> str:
    """Writes a date in Chinese numerals: ``二〇二六年十一月二十二日``."""
    year = "".join(_DATE_DIGITS[int(digit)] for digit in f"{day.year:04d}")
    return f"{year}年{chinese_number(day.month)}月{chinese_number(day.day)}日"


def digit_date(day: dt.date) -> str:
    """Writes a date in digits: ``2026年11月22日``."""
    return f"{day.year}年{day.month}月{day.day}日"


def mu_text(area_m2: int) -> str:
    """Writes an area as mu with two decimals, halves rounded up: 667 m2 is ``1.00``; ValueError when negative."""
    if area_m2 < 0:
        raise ValueError("an area must not be negative")
    hundredths = half_up(area_m2 * MU_NUMERATOR * 100, MU_DENOMINATOR)
    return f"{hundredths // 100:,}.{hundredths % 100:02d}"
