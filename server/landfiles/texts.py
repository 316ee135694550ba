"""What is said of a fault in a parcel file."""

from __future__ import annotations

from landseal.server.domain.parcelfile import RowFault, RowFaultCode

TEXTS: dict[RowFaultCode, str] = {
    RowFaultCode.FILE_TOO_LARGE: "文件过大",
    RowFaultCode.FILE_EMPTY: "文件中没有地块",
    RowFaultCode.NOT_UTF8: "不是有效的编码",
    RowFaultCode.NOT_JSON: "不是有效的 JSON",
    RowFaultCode.NOT_CSV: "不是有效的 CSV",
    RowFaultCode.NOT_FEATURE_COLLECTION: "不是 FeatureCollection",
    RowFaultCode.TOO_DEEP: "嵌套过深",
    RowFaultCode.ROW_TOO_LARGE: "单行过大",
    RowFaultCode.TOO_MANY_ROWS: "行数过多",
    RowFaultCode.TOO_MANY_FAULTS: "错误过多，其余未列出",
    RowFaultCode.COLUMNS: "列名缺失、重复或未知",
    RowFaultCode.CRS: "坐标系须为 WGS84 或 CGCS2000 经纬度",
    RowFaultCode.MISSING: "缺少内容",
    RowFaultCode.WRONG_TYPE: "类型不符",
    RowFaultCode.TOO_LONG: "内容过长",
    RowFaultCode.BAD_CHARACTERS: "含有不允许的字符",
    RowFaultCode.FORMULA: "以公式符号开头",
    RowFaultCode.BAD_CODE: "不是19位承包地块代码",
    RowFaultCode.DUPLICATE_CODE: "地块代码重复",
    RowFaultCode.BAD_ID_NUMBER: "不是有效的公民身份号码",
    RowFaultCode.BAD_DATE: "日期须为 YYYY-MM-DD",
    RowFaultCode.BAD_LAND_USE: "未知的地类",
    RowFaultCode.OUT_OF_RANGE: "超出范围",
    RowFaultCode.NOT_FINITE: "数值不是有限数",
    RowFaultCode.BAD_GEOMETRY: "不是有效的面",
    RowFaultCode.UNCLOSED_RING: "环未闭合",
    RowFaultCode.CROSSING_RINGS: "环自相交或相互重叠",
    RowFaultCode.NO_AREA: "面积为零",
    RowFaultCode.AREA_DIFFERS: "登记面积与图形面积相差超过5%",
    RowFaultCode.TOO_MANY_VERTICES: "顶点过多",
}
"""What each fault says in Chinese."""


def row_fault(line: int, field: str, code: RowFaultCode) -> RowFault:
    """Builds a fault with its sentence."""
    return RowFault(line, field, code, TEXTS[code])
