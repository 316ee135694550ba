"""Stored values come back exactly."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from landseal.server.domain.contract import Contract, ContractBody
from landseal.server.domain.parcel import Parcel
from landseal.server.domain.receipts import Receipt
from landseal.server.domain.terms import ContractTerms
from landseal.server.storage.codec import from_json, to_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
st.register_type_strategy(str, TEXT)
st.register_type_strategy(dt.datetime, st.datetimes(timezones=st.just(dt.UTC)).map(lambda t: t.replace(fold=0)))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))

KINDS: list[type[Any]] = [ContractTerms, ContractBody, Contract, Receipt, Parcel]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_a_value_comes_back_exactly(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(st.from_type(kind))
    back = from_json(kind, to_json(value))
    assert back == value
    assert repr(back) == repr(value)
    assert to_json(back) == to_json(value)


@pytest.mark.parametrize("stored", [b"", b"{}", b"[]", b"null", b'{"kind": 99}', b'{"kind": 1, "more": 2}', b"\xff"])
def test_other_bytes_are_refused_without_repeating_them(stored: bytes) -> None:
    if stored == b"{}":
        stored = b'{"kind": "secret"}'
    with pytest.raises(ValueError, match="no ContractTerms") as caught:
        from_json(ContractTerms, stored)
    assert caught.value.__suppress_context__
    assert "secret" not in str(caught.value)
