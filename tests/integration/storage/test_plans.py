"""No lookup of the service scans a table that grows."""

from __future__ import annotations

import re

import psycopg
import pytest
from conformance.records import NOW

from landseal.server.storage import captures, contracts, inbox, land, people, transfers

pytestmark = pytest.mark.engines

_LOOKUPS = {
    f"{room.__name__.rpartition('.')[2]}{name}": sql
    for room in (captures, contracts, inbox, land, people, transfers)
    for name, sql in vars(room).items()
    if isinstance(sql, str) and re.match(r"\s*\(?(SELECT|UPDATE|DELETE)", sql) and "%(" in sql
}
_VALUES = {
    "after": "",
    "before": NOW,
    "digests": [1, 2],
    "codes": ["a"],
    "session_ids": ["a"],
    "limit": 10,
    "cursor": 1,
    "version": 1,
    "year": 2026,
    "purpose": 1,
    "device_class": 1,
    "state": 2,
    "start": 0,
    "length": 1,
    "until": NOW,
    "now": NOW,
    "since": NOW,
    "time": NOW,
    "signature": b"x",
}


@pytest.mark.parametrize("name", sorted(_LOOKUPS))
def test_a_lookup_uses_an_index(name: str, migrated_url: str) -> None:
    sql = _LOOKUPS[name]
    wanted = set(re.findall(r"%\((\w+)\)s", sql))
    values = {
        key: _VALUES.get(key, b"x" if key.endswith(("hash", "owner")) or key == "owner" else "x") for key in wanted
    }
    with psycopg.connect(migrated_url) as connection:
        # An empty table is scanned because that is cheapest; forbidden to, the planner shows what else it could do.
        connection.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {sql}".encode(), values))
    assert "Seq Scan" not in plan, plan


def test_there_are_lookups() -> None:
    assert len(_LOOKUPS) > 40
