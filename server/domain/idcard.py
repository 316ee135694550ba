"""Chinese resident identity numbers: 18 characters with a check digit (GB 11643-1999, ISO 7064 MOD 11-2)."""

from __future__ import annotations

import datetime as dt
import enum
import re
from dataclasses import dataclass, field

_SHAPE = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""2^(17-i) mod 11 for the first 17 digits (GB 11643-1999, annex)."""
_CHECK_DIGITS = "10X98765432"
"""The check character for each weighted sum mod 11."""
PROVINCES = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83), (91, 91))
    for code in range(first, last + 1)
)
"""First two digits that GB/T 2260 assigns (83: residence permits for Taiwan residents)."""
_FULL_WIDTH = {ord("０") + digit: str(digit) for digit in range(10)} | {ord("Ｘ"): "X", ord("ｘ"): "X"}
_SPACES = {ord(each): None for each in " \t\u00a0\u3000-"}
_EARLIEST = dt.date(1880, 1, 1)


class Sex(enum.IntEnum):
    """As the 17th digit tells it: odd is male, even is female."""

    FEMALE = 0
    MALE = 1


class IdNumberFault(enum.StrEnum):
    """What is wrong with an identity number; safe to show, never holds the number."""

    SHAPE = "SHAPE"
    PROVINCE = "PROVINCE"
    BIRTH_DATE = "BIRTH_DATE"
    CHECK_DIGIT = "CHECK_DIGIT"


class InvalidIdNumber(ValueError):
    """The text is no resident identity number; the message names the fault and never repeats the text."""

    def __init__(self, fault: IdNumberFault) -> None:
        super().__init__(f"not a resident identity number: {fault.value}")
        self.fault = fault


@dataclass(frozen=True)
class IdNumber:
    """A checked number; build it with :func:`parse_id_number`. Its repr is silent about the number."""

    value: str = field(repr=False)
    """18 ASCII characters, an X is a capital."""

    @property
    def birth_date(self) -> dt.date:
        """The date of birth in the number."""
        return _birth_date(self.value)

    @property
    def sex(self) -> Sex:
        """The sex that the 17th digit tells."""
        return Sex(int(self.value[16]) % 2)

    @property
    def masked(self) -> str:
        """As it may be shown: ``110101********1234``."""
        return mask_id_number(self.value)

    def age_on(self, day: dt.date) -> int:
        """Full years of age on ``day``."""
        birth = self.birth_date
        return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def normalise_id_number(text: str) -> str:
    """Folds full-width digits and x, drops blanks and hyphens; other characters stay, so they fail the check later."""
    return text.translate(_SPACES).translate(_FULL_WIDTH).upper()


def check_digit(first17: str) -> str:
    """Returns the 18th character for 17 ASCII digits (ISO 7064 MOD 11-2).

    Raises:
        InvalidIdNumber: not 17 ASCII digits.
    """
    if not re.fullmatch(r"[0-9]{17}", first17):
        raise InvalidIdNumber(IdNumberFault.SHAPE)
    return _CHECK_DIGITS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first17, strict=True)) % 11]


def _birth_date(value: str) -> dt.date:
    try:
        return dt.date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        raise InvalidIdNumber(IdNumberFault.BIRTH_DATE) from None


def parse_id_number(text: str, *, today: dt.date | None = None) -> IdNumber:
    """Normalises and checks a number: shape, province, birth date (not after ``today`` when given), check digit.

    Raises:
        InvalidIdNumber: with the first fault found.
    """
    value = normalise_id_number(text)
    if not _SHAPE.fullmatch(value):
        raise InvalidIdNumber(IdNumberFault.SHAPE)
    if value[:2] not in PROVINCES:
        raise InvalidIdNumber(IdNumberFault.PROVINCE)
    birth = _birth_date(value)
    if birth < _EARLIEST or (today is not None and birth > today):
        raise InvalidIdNumber(IdNumberFault.BIRTH_DATE)
    if check_digit(value[:17]) != value[17]:
        raise InvalidIdNumber(IdNumberFault.CHECK_DIGIT)
    return IdNumber(value)


def mask_id_number(text: str) -> str:
    """Keeps the first six and the last four of an 18-character number; anything else becomes stars wholly."""
    value = normalise_id_number(text)
    return f"{value[:6]}********{value[-4:]}" if len(value) == 18 else "*" * 8


def mask_name(name: str) -> str:
    """Keeps the first character only: ``张三`` is ``张*``, ``欧阳娜娜`` is ``欧***``; one character becomes a star."""
    name = name.strip()
    return name[0] + "*" * (len(name) - 1) if len(name) > 1 else "*"
