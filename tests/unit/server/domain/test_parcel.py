from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.land import OTHER, parcel

from landseal.server.domain.parcel import LandUse, Parcel, is_parcel_code

CHANGES: dict[str, object] = {
    "code": parcel(2).code, "name": "x", "collective": "x", "village_group": "x", "east": "x", "south": "x",
    "west": "x", "north": "x", "area_m2": 1, "quality_grade": 7, "land_use": LandUse.FOREST,
    "contract_term_end": dt.date(2058, 1, 1), "owner_id_number": OTHER, "owner_name": "x", "polygons": (),
}  # fmt: skip


@pytest.mark.parametrize("field", [each.name for each in dataclasses.fields(Parcel)])
def test_any_changed_field_changes_the_digest(field: str) -> None:
    changed = dataclasses.replace(parcel(), **{field: CHANGES[field]})  # type: ignore[arg-type]  # a table of values
    assert changed.registry_digest() != parcel().registry_digest()


def test_the_digest_never_changes_between_releases() -> None:
    assert parcel().registry_digest().hex() == "045d3b6348ae391d2bb86d7962c07153d9358d8d3bd95fd75319f3a9f91ae645"


def test_text_moved_from_one_field_to_the_next_changes_the_digest() -> None:
    assert parcel(east="ab", south="c").registry_digest() != parcel(east="a", south="bc").registry_digest()


def test_an_unknown_term_end_has_a_digest_of_its_own() -> None:
    assert len(parcel(contract_term_end=None).registry_digest()) == 32


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_every_position_on_earth_has_a_canonical_form(lon: float, lat: float) -> None:
    assert len(parcel(polygons=((((lon, lat),),),)).registry_digest()) == 32


def test_codes_have_nineteen_digits_and_begin_with_a_province() -> None:
    assert is_parcel_code(parcel().code)
    for wrong in (
        "",
        "1" * 18,
        "5132211002030100000",
        "9932211002030100001",
        "513221100203010000a",
        parcel().code + "\n",
    ):
        assert not is_parcel_code(wrong)


def test_a_parcel_does_not_print_its_contractor() -> None:
    assert parcel().owner_id_number not in repr(parcel())
    assert parcel().owner_name not in repr(parcel())
    assert parcel().location == "汶川县水磨镇老人村三组河坝地1号"
