"""One row of a parcel file becomes a parcel, or a list of everything that is wrong with it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping

from landseal.server.domain.idcard import InvalidIdNumber, parse_id_number
from landseal.server.domain.parcel import BEST_GRADE, LAND_USE_ZH, WORST_GRADE, LandUse, Parcel, Polygon, is_parcel_code
from landseal.server.domain.parcelfile import RowFault, RowFaultCode
from landseal.server.domain.termcheck import is_printable
from landseal.server.landfiles.geometry import GeometryFault, refuse_other_area
from landseal.server.landfiles.texts import row_fault

FIELDS = (
    "code", "name", "collective", "village_group", "east", "south", "west", "north", "area_m2", "quality_grade",
    "land_use", "contract_term_end", "owner_id_number", "owner_name",
)  # fmt: skip
"""Properties of a feature and columns of a CSV file; ``contract_term_end`` may be missing, all others are required."""
OPTIONAL_FIELDS = frozenset({"contract_term_end"})
_TEXT_LIMITS = {
    "name": 100, "collective": 100, "village_group": 50, "east": 100, "south": 100, "west": 100, "north": 100,
    "owner_name": 50,
}  # fmt: skip
MAX_AREA_M2 = 100_000_000
"""100 square kilometres; no household contracts more."""
_FORMULA = re.compile(r"[=+@\t\r]|-\S")
"""How text starts that a spreadsheet would run when the list is exported again; no name or bound starts so."""
_LAND_USES = {each.name: each for each in LandUse if each} | {name: use for use, name in LAND_USE_ZH.items()}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class _Row:
    """Takes values out of a row and remembers what is wrong with them."""

    def __init__(self, line: int, values: Mapping[str, object]) -> None:
        self.line = line
        self.values = values
        self.faults: list[RowFault] = []

    def blame(self, field: str, code: RowFaultCode) -> None:
        self.faults.append(row_fault(self.line, field, code))

    def raw(self, field: str) -> str:
        value = self.values.get(field)
        if value is None:
            text = ""
        elif isinstance(value, str):
            text = value.strip(" \u3000")
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20:
            text = str(value)
        else:
            self.blame(field, RowFaultCode.WRONG_TYPE)
            return ""
        if not text and field not in OPTIONAL_FIELDS:
            self.blame(field, RowFaultCode.MISSING)
        return text

    def text(self, field: str) -> str:
        text = self.raw(field)
        if len(text) > _TEXT_LIMITS[field]:
            self.blame(field, RowFaultCode.TOO_LONG)
        elif _FORMULA.match(text):
            self.blame(field, RowFaultCode.FORMULA)
        elif not is_printable(text):
            self.blame(field, RowFaultCode.BAD_CHARACTERS)
        return text

    def number(self, field: str, low: int, high: int) -> int:
        value = self.values.get(field)
        if isinstance(value, float):
            self.blame(field, RowFaultCode.WRONG_TYPE)
            return low
        text = self.raw(field)
        if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            self.blame(field, RowFaultCode.NOT_FINITE)
        elif text and not re.fullmatch(r"-?[0-9]{1,20}", text):
            self.blame(field, RowFaultCode.WRONG_TYPE)
        elif text and not low <= int(text) <= high:
            self.blame(field, RowFaultCode.OUT_OF_RANGE)
        elif text:
            return int(text)
        return low

    def code(self) -> str:
        text = self.raw("code")
        if text and not is_parcel_code(text):
            self.blame("code", RowFaultCode.BAD_CODE)
        return text

    def land_use(self) -> LandUse:
        text = self.raw("land_use")
        use = _LAND_USES.get(text.upper(), LandUse.UNSPECIFIED)
        if text and not use:
            self.blame("land_use", RowFaultCode.BAD_LAND_USE)
        return use

    def date(self, field: str) -> dt.date | None:
        text = self.raw(field)
        if not text:
            return None
        try:
            return dt.date.fromisoformat(text if _DATE.fullmatch(text) else "")
        except ValueError:
            self.blame(field, RowFaultCode.BAD_DATE)
            return None

    def id_number(self, field: str) -> str:
        text = self.raw(field)
        try:
            return parse_id_number(text).value if text else ""
        except InvalidIdNumber:
            self.blame(field, RowFaultCode.BAD_ID_NUMBER)
            return ""


def check_row(
    line: int, values: Mapping[str, object], outline: Callable[[], tuple[Polygon, ...]]
) -> tuple[Parcel | None, list[RowFault]]:
    """Checks all fields and the outline; the parcel is None when there is a fault.

    ``outline`` reads the geometry and may raise GeometryFault; it gives an empty tuple where no outline is known.
    """
    row = _Row(line, values)
    code, land_use = row.code(), row.land_use()
    texts = {field: row.text(field) for field in _TEXT_LIMITS}
    area = row.number("area_m2", 1, MAX_AREA_M2)
    grade = row.number("quality_grade", BEST_GRADE, WORST_GRADE)
    term_end, owner = row.date("contract_term_end"), row.id_number("owner_id_number")
    polygons: tuple[Polygon, ...] = ()
    try:
        polygons = outline()
        if polygons and not any(each.field == "area_m2" for each in row.faults):
            refuse_other_area(polygons, area)
    except GeometryFault as fault:
        row.blame("area_m2" if fault.code is RowFaultCode.AREA_DIFFERS else "geometry", fault.code)
    if row.faults:
        return None, row.faults
    return Parcel(
        code=code, area_m2=area, quality_grade=grade, land_use=land_use, contract_term_end=term_end,
        owner_id_number=owner, polygons=polygons, **texts,
    ), []  # fmt: skip
