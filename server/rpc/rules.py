"""One function per kind of ``buf.validate`` rule that our protos use; any other kind keeps the server from starting."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message

Check = Callable[[Any], str]
"""Takes a field's value; returns what is wrong, empty if nothing. Never repeats the value."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


class UnknownRule(Exception):
    """A proto carries a rule that this server would not check."""


def _given(rules: Message, known: set[str]) -> dict[str, Any]:
    given = {field.name: value for field, value in rules.ListFields()}
    if unknown := set(given) - known:
        raise UnknownRule(f"{rules.DESCRIPTOR.name}: {', '.join(sorted(unknown))}")
    return given


def _lengths(given: dict[str, Any], unit: str) -> list[Check]:
    low, high = given.get("len", given.get("min_len")), given.get("len", given.get("max_len"))
    return _range(low, high, lambda n: f"must have {n} {unit}", len)


def _range(low: int | None, high: int | None, says: Callable[[str], str], size: Callable[[Any], int]) -> list[Check]:
    if low is None and high is None:
        return []
    amount = f"exactly {low}" if low == high else f"{low or 0} to {high}" if high is not None else f"at least {low}"
    text = says(amount)
    return [lambda value: "" if (low or 0) <= size(value) and (high is None or size(value) <= high) else text]


def string_checks(rules: Message) -> list[Check]:
    """Checks of a string; lengths count characters. No string may hold U+0000, which the database cannot keep."""
    given = _given(rules, {"min_len", "max_len", "len", "pattern", "uuid"})
    checks = [no_nul, *_lengths(given, "characters")]
    if given.get("uuid"):
        checks.append(lambda value: "" if _UUID.fullmatch(value) else "must be a UUID")
    if pattern := given.get("pattern"):
        checks.append(_pattern(pattern))
    return checks


def no_nul(value: str) -> str:
    """Refuses the character that ends strings in C and that PostgreSQL cannot keep."""
    return "may not hold the character U+0000" if "\0" in value else ""


def _pattern(pattern: str) -> Check:
    # RE2's $ is the very end, Python's also fits before a last line feed: only whole-string patterns mean the same.
    if not (pattern.startswith("^") and pattern.endswith("$")):
        raise UnknownRule(f"a pattern that is not anchored on both sides: {pattern}")
    compiled = re.compile(pattern[1:-1], re.ASCII)
    return lambda value: "" if compiled.fullmatch(value) else f"must match {pattern}"


def bytes_checks(rules: Message) -> list[Check]:
    """Checks of bytes; lengths count bytes."""
    return _lengths(_given(rules, {"min_len", "max_len", "len"}), "bytes")


def integer_checks(rules: Message) -> list[Check]:
    """Checks of uint32 and uint64."""
    given = _given(rules, {"gte", "lte"})
    return _range(given.get("gte"), given.get("lte"), lambda n: f"must be {n}", int)


def repeated_checks(rules: Message) -> list[Check]:
    """Checks of a list's length."""
    given = _given(rules, {"min_items", "max_items"})
    return _range(given.get("min_items"), given.get("max_items"), lambda n: f"must have {n} items", len)


def enum_checks(rules: Message, enum: EnumDescriptor) -> list[Check]:
    """Checks of an enum's number; proto3 lets unknown numbers through."""
    given = _given(rules, {"defined_only", "not_in"})
    refused = frozenset(given.get("not_in", ()))
    known = frozenset(enum.values_by_number) if given.get("defined_only") else None

    def check(value: int) -> str:
        bad = value in refused or (known is not None and value not in known)
        return "must be one of the named values" if bad else ""

    return [check]
