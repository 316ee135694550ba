"""Terms as a JSON file that a person fills in: dates ``YYYY-MM-DD``, choices by name, money in fen, areas in m²."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import MISSING, fields
from typing import Any

from landseal.clients.convert import CHOICES, DATES
from landseal.clients.errors import LandsealError, Violation
from landseal.clients.localreasons import LocalReason
from landseal.server.domain.terms import STANDARD_CLAUSES, ContractTerms, ParcelPart

MAX_BYTES = 256 << 10


def template() -> str:
    """Returns a file to fill in: a lease with every field, and the names of the choices under ``_choices``."""
    content: dict[str, Any] = {each.name: _blank(each.name, each.default) for each in fields(ContractTerms)}
    content |= {"kind": "LEASE", "rights_and_duties": STANDARD_CLAUSES, "late_per_ten_thousand": 5}
    names = {name: [each.name for each in kind if each.value] for name, kind in CHOICES.items()}
    return json.dumps({"_choices": names, **content}, ensure_ascii=False, indent=2) + "\n"


def _blank(name: str, default: object) -> object:
    if name in CHOICES or name in DATES:
        return ""
    return [] if isinstance(default, tuple) else "" if default is MISSING else default


def dump(terms: ContractTerms) -> str:
    """Returns terms as such a file."""
    content = {each.name: _plain(getattr(terms, each.name)) for each in fields(ContractTerms)}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, ParcelPart):
        return {"parcel_code": value.parcel_code, "area_m2": value.area_m2}
    if isinstance(value, dt.date):
        return value.isoformat()
    if value is None:
        return ""
    for kind in CHOICES.values():
        if isinstance(value, kind):
            return value.name if value.value else ""
    return value


def parse(text: str) -> ContractTerms:
    """Reads such a file; what is left empty is missing, and the server's refusal lists all that is missing.

    Raises:
        LandsealError: TERMS_FILE_FAULTY with a violation for every unknown, doubled or malformed field.
    """
    if len(text.encode()) > MAX_BYTES:
        raise LandsealError(LocalReason.TERMS_FILE_FAULTY, detail="the file is too large")
    faults: list[Violation] = []
    try:
        content = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, faults))
    except (ValueError, RecursionError) as error:
        raise LandsealError(LocalReason.TERMS_FILE_FAULTY, detail=f"no JSON: {error}") from None
    if not isinstance(content, dict):
        raise LandsealError(LocalReason.TERMS_FILE_FAULTY, detail="an object is needed")
    known = {each.name: each for each in fields(ContractTerms)}
    faults += [Violation(name, "unknown field") for name in content if name not in known and name != "_choices"]
    values: dict[str, Any] = {"kind": CHOICES["kind"](0)}
    for name in known.keys() & content.keys():
        try:
            values[name] = _value(name, content[name], known[name].default)
        except (ValueError, KeyError, TypeError):
            faults.append(Violation(name, _EXPECTED.get(_kind(name), "malformed")))
    if faults:
        raise LandsealError(
            LocalReason.TERMS_FILE_FAULTY, violations=tuple(sorted(faults, key=lambda fault: fault.field))
        )
    return ContractTerms(**values)


_EXPECTED = {"choice": "one of the names under _choices", "date": "YYYY-MM-DD", "list": "a list"}


def _kind(name: str) -> str:
    return "choice" if name in CHOICES else "date" if name in DATES else "list" if name in _LISTS else ""


_LISTS = ("parts", "exchange_parcel_codes")


def _object(pairs: list[tuple[str, Any]], faults: list[Violation]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    faults += [Violation(name, "given twice") for name in sorted(set(names)) if names.count(name) > 1]
    return dict(pairs)


def _value(name: str, given: object, default: object) -> object:
    if name in CHOICES:
        return CHOICES[name][str(given)] if given != "" else CHOICES[name](0)
    if name in DATES:
        return None if given in ("", None) else dt.date.fromisoformat(str(given))
    if name in _LISTS:
        return _list(name, given)
    if type(given) is not type(default) or (
        isinstance(given, int) and isinstance(default, int) and given < min(0, default)
    ):
        raise TypeError
    return given


def _list(name: str, given: object) -> tuple[object, ...]:
    if not isinstance(given, list):
        raise TypeError
    if name == "parts":
        return tuple(ParcelPart(_text(each["parcel_code"]), _area(each["area_m2"])) for each in given)
    return tuple(_text(each) for each in given)


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError
    return given


def _area(given: object) -> int:
    if type(given) is not int or given < 0:
        raise TypeError
    return given
