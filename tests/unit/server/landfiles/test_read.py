from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.land import parcel
from support.parcelfiles import collection, feature, table

from landseal.server.domain.parcelfile import MAX_FAULTS, FileFormat, ParcelFile
from landseal.server.landfiles import read_parcels
from landseal.server.landfiles.area import ring_area_m2
from landseal.server.landfiles.delimited import COLUMNS_ZH, detect_encoding

GOOD = [parcel(1), parcel(2), parcel(3, contract_term_end=None)]
SQUARE = [[103.58, 31.47], [103.5806, 31.47], [103.5806, 31.4704], [103.58, 31.4704], [103.58, 31.47]]


def geojson(data: bytes) -> ParcelFile:
    return read_parcels(data, FileFormat.GEOJSON)


def delimited(data: bytes) -> ParcelFile:
    return read_parcels(data, FileFormat.CSV)


def faults(read: ParcelFile) -> list[tuple[int, str, str]]:
    assert not (read.faults and read.parcels), "a file with a fault imports nothing"
    assert read.faults or read.parcels
    return [(each.line, each.field, each.code.value) for each in read.faults]


def polygon(*rings: object) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": list(rings)}


def test_a_good_file_gives_the_parcels_that_went_in() -> None:
    read = geojson(collection([feature(each) for each in GOOD], name="试点"))
    assert faults(read) == []
    assert [each.registry_digest() for each in read.parcels] == [each.registry_digest() for each in GOOD]
    assert read.rows == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_is_read_in_every_usual_encoding(encoding: str) -> None:
    read = delimited(table(GOOD, encoding=encoding))
    assert faults(read) == []
    assert [each.registry_digest() for each in read.parcels] == [each.registry_digest() for each in GOOD]


def test_a_table_may_have_chinese_columns_and_no_outline() -> None:
    text = table([parcel(1)], geometry_wkt="").decode()
    names = ",".join(COLUMNS_ZH)
    chinese = (names + "\n" + text.split("\n", 1)[1].replace("ARABLE", "永久基本农田")).encode("gb18030")
    read = delimited(chinese)
    assert faults(read) == []
    assert read.parcels[0].polygons == ()


def test_chunks_are_read_like_one_piece() -> None:
    data = collection([feature(each) for each in GOOD])
    pieces = (data[at : at + 100] for at in range(0, len(data), 100))
    assert read_parcels(pieces, FileFormat.GEOJSON) == geojson(data)


BOW = [[103.58, 31.47], [103.5812, 31.4704], [103.5812, 31.47], [103.58, 31.4712], [103.58, 31.47]]
HOLE_OUTSIDE = [[104.0, 31.47], [104.0001, 31.47], [104.0001, 31.4701], [104.0, 31.47]]

WRONG: list[tuple[dict[str, object], str, str]] = [
    ({"code": "123"}, "code", "BAD_CODE"),
    ({"code": None}, "code", "MISSING"),
    ({"name": " "}, "name", "MISSING"),
    ({"name": "x" * 101}, "name", "TOO_LONG"),
    ({"name": ["x"]}, "name", "WRONG_TYPE"),
    ({"name": "a\u202eb"}, "name", "BAD_CHARACTERS"),
    ({"owner_name": '=HYPERLINK("http://x")'}, "owner_name", "FORMULA"),
    ({"east": "@SUM(A1)"}, "east", "FORMULA"),
    ({"west": "-1+1"}, "west", "FORMULA"),
    ({"owner_id_number": "110101199003071234"}, "owner_id_number", "BAD_ID_NUMBER"),
    ({"area_m2": 0}, "area_m2", "OUT_OF_RANGE"),
    ({"area_m2": -2529}, "area_m2", "OUT_OF_RANGE"),
    ({"area_m2": "nan"}, "area_m2", "NOT_FINITE"),
    ({"area_m2": 2529.5}, "area_m2", "WRONG_TYPE"),
    ({"area_m2": True}, "area_m2", "WRONG_TYPE"),
    ({"area_m2": 2700}, "area_m2", "AREA_DIFFERS"),
    ({"area_m2": 2400}, "area_m2", "AREA_DIFFERS"),
    ({"quality_grade": 16}, "quality_grade", "OUT_OF_RANGE"),
    ({"land_use": "CASINO"}, "land_use", "BAD_LAND_USE"),
    ({"land_use": "UNSPECIFIED"}, "land_use", "BAD_LAND_USE"),
    ({"contract_term_end": "2057-13-01"}, "contract_term_end", "BAD_DATE"),
    ({"contract_term_end": "20571231"}, "contract_term_end", "BAD_DATE"),
    ({"geometry": None}, "geometry", "BAD_GEOMETRY"),
    ({"geometry": {"type": "Point", "coordinates": [1, 2]}}, "geometry", "BAD_GEOMETRY"),
    ({"geometry": polygon(SQUARE[:-1])}, "geometry", "UNCLOSED_RING"),
    ({"geometry": polygon(BOW)}, "geometry", "CROSSING_RINGS"),
    ({"geometry": polygon(SQUARE, HOLE_OUTSIDE)}, "geometry", "CROSSING_RINGS"),
    ({"geometry": {"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}}, "geometry", "CROSSING_RINGS"),
    ({"geometry": polygon([SQUARE[0]] * 5)}, "geometry", "NO_AREA"),
    ({"geometry": polygon([[181, 31]] * 5)}, "geometry", "OUT_OF_RANGE"),
    ({"geometry": polygon([[1e400, 31]] * 5)}, "", "NOT_FINITE"),
    ({"geometry": polygon([[10**400, 31]] * 5)}, "geometry", "OUT_OF_RANGE"),
    ({"geometry": polygon([["1", "2"]] * 5)}, "geometry", "BAD_GEOMETRY"),
    ({"geometry": polygon([SQUARE[0]] * 10_001)}, "geometry", "TOO_MANY_VERTICES"),
    ({"geometry": polygon()}, "geometry", "BAD_GEOMETRY"),
]


@pytest.mark.parametrize(("change", "field", "code"), WRONG)
def test_each_fault_is_named_with_its_line(change: dict[str, object], field: str, code: str) -> None:
    assert faults(geojson(collection([feature(parcel(1)), feature(parcel(2), **change)]))) == [(3, field, code)]


def test_all_faults_of_all_rows_are_listed_at_once() -> None:
    bad = feature(parcel(1), code="1", name="", area_m2=-1, owner_id_number="x", geometry=polygon(SQUARE[:-1]))
    assert {code for _, _, code in faults(geojson(collection([bad, feature(parcel(2), east="")])))} == {
        "BAD_CODE", "MISSING", "OUT_OF_RANGE", "BAD_ID_NUMBER", "UNCLOSED_RING",
    }  # fmt: skip


def test_a_code_that_comes_twice_is_found() -> None:
    assert faults(geojson(collection([feature(parcel(1)), feature(parcel(2)), feature(parcel(1))]))) == [
        (4, "code", "DUPLICATE_CODE")
    ]
    assert faults(delimited(table([parcel(1), parcel(1)]))) == [(3, "code", "DUPLICATE_CODE")]


def test_faults_repeat_nothing_of_the_row() -> None:
    read = geojson(collection([feature(parcel(1), owner_id_number="110101199003071234", owner_name="=张三")]))
    assert all("1101" not in each.text and "张" not in each.text for each in read.faults)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "NOT_FEATURE_COLLECTION"), (b"[]", "NOT_FEATURE_COLLECTION"),
        (b'{"type":"Feature"}', "NOT_FEATURE_COLLECTION"),
        (b'{"type":"FeatureCollection","features":[]}', "FILE_EMPTY"),
        (b'{"type":"X","features":[]}', "NOT_FEATURE_COLLECTION"),
        (b'{"features":[', "NOT_JSON"), (b'{"features":["', "NOT_JSON"), (b'{"features":[1]}', "NOT_JSON"),
        (b'{"type":"FeatureCollection","features":[{},]}', "NOT_JSON"),
        (b'{"type":"FeatureCollection","features":[{} {}]}', "NOT_JSON"),
        (b'{"type":"FeatureCollection","features":[{}]', "NOT_JSON"),
        (b'{"type":"FeatureCollection","features":[]}]', "NOT_JSON"),
        (b'{"type":"FeatureCollection","features":[{}],"features":[]}', "NOT_JSON"),
        (b'{"type":"FeatureCollection","crs":{"properties":{"name":"EPSG:3857"}},"features":[{}]}', "CRS"),
        (b'{"a":' + b"[" * 100_000, "TOO_DEEP"),
        (b'{"type":"FeatureCollection","features":[{"a":1,"a":2}]}', "NOT_JSON"),
        (b'{"type":"FeatureCollection","features":[{"a":NaN}]}', "NOT_FINITE"),
        (b'{"type":"FeatureCollection","features":[{"a":-Infinity}]}', "NOT_FINITE"),
        (b'{"type":"FeatureCollection","features":[{"a":"\xff"}]}', "NOT_UTF8"),
        (b'{"type":"FeatureCollection","features":[{"a":' + b"1" * 5000 + b"}]}", "NOT_JSON"),
        (b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":[]}]}', "MISSING"),
    ],
)  # fmt: skip
def test_what_is_no_collection_is_refused_by_name(data: bytes, code: str) -> None:
    assert code in [each for _, _, each in faults(geojson(data))]


def test_a_geographic_crs_and_a_byte_order_mark_are_welcome() -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    assert faults(geojson(b"\xef\xbb\xbf" + collection([feature(parcel())], crs=crs))) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "FILE_EMPTY"), (b"a,b\n", "COLUMNS"), (table([]), "FILE_EMPTY"),
        (table([parcel()]).replace(b"village_group", b"code"), "COLUMNS"),
        (table([parcel()]) + b"1,2\n", "COLUMNS"), (table([parcel()]) + b'"open', "NOT_CSV"),
        (table([parcel()], geometry_wkt="POINT (1 2)"), "BAD_GEOMETRY"),
        (table([parcel()], geometry_wkt="POLYGON ((nan 1, 2 3, 4 5, nan 1))"), "NOT_FINITE"),
        (table([parcel()], geometry_wkt="POLYGON ((1 1, 2 2, 3 1))"), "UNCLOSED_RING"),
        (table([parcel()], geometry_wkt="POLYGON ((1 1, 2 1, 3 1, 1 1))"), "NO_AREA"),
        (table([parcel()], geometry_wkt="POLYGON " + "(" * 5000), "BAD_GEOMETRY"),
        (table([parcel()], geometry_wkt="POLYGON ((" + "1 1," * 10_001 + "1 1))"), "TOO_MANY_VERTICES"),
        (table([parcel()], geometry_wkt="POLYGON EMPTY"), "BAD_GEOMETRY"),
        (table([parcel()], name="x" * 200_000), "NOT_CSV"),
        (table([parcel()], owner_name="+cmd|' /C calc'!A0"), "FORMULA"),
        (table([parcel()], name="x" * 1000), "TOO_LONG"), (table([parcel()], area_m2="1e9"), "WRONG_TYPE"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_refused_by_name(data: bytes, code: str) -> None:
    assert code in [each for _, _, each in faults(delimited(data))]


def test_rows_with_line_breaks_in_them_keep_their_line_numbers() -> None:
    data = table([parcel(1), parcel(2), parcel(3)])
    broken = data.replace(parcel(1).name.encode(), ('"' + parcel(1).name + '\nx"').encode()).replace(b"2529", b"x", 3)
    lines = [line for line, field, _ in faults(delimited(broken)) if field == "area_m2"]
    assert lines == [2, 4, 5]


def test_one_broken_byte_in_a_utf8_table_is_reported_and_not_read_as_other_characters() -> None:
    data = bytearray(table([parcel(1), parcel(2)]))
    at = data.index("老人村".encode(), data.index(parcel(2).code.encode()))
    data[at] = 0xFF
    assert faults(delimited(bytes(data))) == [(3, "", "NOT_UTF8")]
    assert detect_encoding("名称".encode("gb18030")) == "gb18030"
    assert faults(delimited(b"\xef\xbb\xbf" + table([parcel()], encoding="gb18030"))) == [(2, "", "NOT_UTF8")]


def test_outlines_are_the_same_in_both_formats() -> None:
    one = delimited(table([parcel(1)])).parcels[0]
    assert one == geojson(collection([feature(parcel(1))])).parcels[0]
    assert one.registry_digest() == parcel(1).registry_digest()


def test_altitudes_are_dropped() -> None:
    high = polygon([[*point, 871.5] for point in SQUARE])
    assert geojson(collection([feature(parcel(1), geometry=high)])).parcels[0].polygons[0][0][0] == (103.58, 31.47)


def test_areas_equal_those_on_the_ellipsoid() -> None:
    expected = [  # from GeographicLib 2.1 (Karney)
        (SQUARE, 2528.872),
        ([[126.6, 45.7], [126.62, 45.7], [126.61, 45.72], [126.6, 45.7]], 1_731_186.246),
        ([[110.3, 20.0], [110.301, 20.0], [110.3015, 20.002], [110.299, 20.001], [110.3, 20.0]], 31_858.317),
    ]
    for ring, area in expected:
        assert ring_area_m2(tuple((lon, lat) for lon, lat in ring)) == pytest.approx(area, rel=2e-4)


def test_a_file_above_the_limit_is_refused_before_it_is_read_whole() -> None:
    taken = []

    def endless() -> object:
        while True:
            taken.append(1)
            yield bytes(1000)

    read = read_parcels(endless(), FileFormat.CSV, limit=10_000)  # type: ignore[arg-type]  # a generator of bytes
    assert faults(read) == [(1, "", "FILE_TOO_LARGE")]
    assert len(taken) == 11


def test_reading_stops_after_a_thousand_faults() -> None:
    read = delimited(table([parcel(each, name="") for each in range(1, 1200)]))
    assert len(read.faults) == MAX_FAULTS + 1
    assert read.faults[-1].code == "TOO_MANY_FAULTS"


def test_progress_ends_at_the_end() -> None:
    seen: list[tuple[int, int]] = []
    data = table([parcel(each) for each in range(1, 1101)])
    read_parcels(data, FileFormat.CSV, progress=lambda done, total: seen.append((done, total)))
    assert len(seen) == 3
    assert seen == sorted(seen)
    assert seen[-1] == (len(data), len(data))


def test_brackets_by_the_million_cost_no_memory() -> None:
    data = b'{"type":"FeatureCollection","features":[' + b"{}," * 1_000_000 + b"{}]}"
    tracemalloc.start()
    geojson(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000
    wide = b'{"type":"FeatureCollection","features":[{"a":[' + b"[]," * 1_000_000 + b"[]]}]}"
    assert faults(geojson(wide)) == [(1, "", "ROW_TOO_LARGE")]


def test_quotes_that_never_close_cost_no_quadratic_time() -> None:
    assert faults(geojson(b'{"a":"' + b'\\"' * 2_000_000)) == [(1, "", "NOT_JSON")]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*feature(parcel())["properties"]]), json_values), json_values)  # type: ignore[misc]  # a dict
def test_any_values_are_answered_with_faults_or_parcels(values: dict[str, object], coordinates: object) -> None:
    geometry = {"type": "Polygon", "coordinates": coordinates}
    faults(geojson(collection([feature(parcel(), geometry=geometry, **values)])))
    faults(geojson(json.dumps({"type": "FeatureCollection", "features": [coordinates]}).encode()))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 600), st.sampled_from(FileFormat))
def test_any_damaged_file_is_answered_with_faults_or_parcels(junk: bytes, at: int, kind: FileFormat) -> None:
    data = collection([feature(parcel())]) if kind is FileFormat.GEOJSON else table([parcel()])
    faults(read_parcels(data[:at] + junk + data[at + len(junk) :], kind))
    faults(read_parcels(junk, kind))


def test_much_around_the_features_is_refused_early() -> None:
    assert faults(geojson(b'{"a":[' + b"[]," * 100_000)) == [(1, "", "ROW_TOO_LARGE")]
    behind = collection([feature(parcel())])[:-1] + b',"a":[' + b"[]," * 100_000 + b"1]}"
    assert faults(geojson(behind)) == [(3, "", "ROW_TOO_LARGE")]
