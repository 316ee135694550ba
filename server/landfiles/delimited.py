"""CSV (RFC 4180) in UTF-8, with or without a byte order mark, or in GB18030 as Chinese spreadsheets save it."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from landseal.server.domain.parcel import Polygon
from landseal.server.domain.parcelfile import RowFaultCode
from landseal.server.landfiles.check import FIELDS, OPTIONAL_FIELDS, check_row
from landseal.server.landfiles.geometry import wkt_polygons
from landseal.server.landfiles.rows import FileFault, Row, Rows
from landseal.server.landfiles.texts import row_fault

GEOMETRY_COLUMN = "geometry_wkt"
"""Optional; POLYGON or MULTIPOLYGON, below 128 KiB (about 3,000 vertices), the csv module's limit of a field."""
COLUMNS_ZH = {
    "地块代码": "code", "地块名称": "name", "集体经济组织": "collective", "村民小组": "village_group", "东至": "east",
    "南至": "south", "西至": "west", "北至": "north", "面积平方米": "area_m2", "质量等级": "quality_grade",
    "地类": "land_use", "承包期止": "contract_term_end", "承包方身份证号": "owner_id_number",
    "承包方姓名": "owner_name", "图形": GEOMETRY_COLUMN,
}  # fmt: skip
"""Chinese names that the columns may have instead."""
_BOM = b"\xef\xbb\xbf"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def detect_encoding(data: bytes) -> str:
    """Returns ``utf-8`` or ``gb18030``.

    Whatever starts with a byte order mark is UTF-8; else the lines with other than ASCII vote, because one broken byte
    in a UTF-8 file must be reported and not be read as other characters.
    """
    if data.startswith(_BOM) or _decodes(data, "utf-8"):
        return "utf-8"
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    votes = sum(_decodes(line, "utf-8") for line in lines)
    return "utf-8" if 2 * votes >= len(lines) and votes else "gb18030"


class _Lines:
    """Decodes line by line and remembers how far it is."""

    def __init__(self, data: bytes) -> None:
        self._encoding = detect_encoding(data)
        self._data = data.removeprefix(_BOM)
        self.done = 0
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        while self.done < len(self._data):
            end = self._data.find(b"\n", self.done) + 1 or len(self._data)
            line, self.done = self._data[self.done : end], end
            self.number += 1
            try:
                yield line.decode(self._encoding)
            except UnicodeDecodeError:
                raise FileFault(self.number, RowFaultCode.NOT_UTF8) from None


def _header(names: list[str]) -> list[str]:
    columns = [COLUMNS_ZH.get(name.strip(), name.strip()) for name in names]
    known = {*FIELDS, GEOMETRY_COLUMN}
    if len(set(columns)) != len(columns) or not set(columns) <= known:
        raise FileFault(1, RowFaultCode.COLUMNS)
    for field in FIELDS:
        if field not in columns and field not in OPTIONAL_FIELDS:
            raise FileFault(1, RowFaultCode.COLUMNS, field)
    return columns


def csv_rows(data: bytes) -> Rows:
    """Yields every row below the header; blank lines are skipped. FileFault when the file cannot be read further."""
    lines = _Lines(data)
    reader = csv.reader(iter(lines), strict=True)
    columns: list[str] = []
    start = 1
    try:
        for cells in reader:
            line, start = start, reader.line_num + 1
            if not columns:
                columns = _header(cells)
            elif any(cell.strip() for cell in cells):
                yield _row(line, columns, cells, lines.done)
    except csv.Error:
        raise FileFault(reader.line_num, RowFaultCode.NOT_CSV) from None
    if not columns:
        raise FileFault(1, RowFaultCode.FILE_EMPTY)


def _row(line: int, columns: list[str], cells: list[str], done: int) -> Row:
    if len(cells) != len(columns):
        return Row(line, None, (row_fault(line, "", RowFaultCode.COLUMNS),), done)
    values = dict(zip(columns, cells, strict=True))
    text = values.pop(GEOMETRY_COLUMN, "").strip()

    def outline() -> tuple[Polygon, ...]:
        return wkt_polygons(text) if text else ()

    parcel, faults = check_row(line, values, outline)
    return Row(line, parcel, tuple(faults), done)
