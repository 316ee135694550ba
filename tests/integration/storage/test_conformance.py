"""PostgreSQL keeps every promise of the doors."""

from __future__ import annotations

import pytest
from conformance.store import StoreSuite


@pytest.mark.engines
class TestPostgresStore(StoreSuite):
    """The store on the embedded PostgreSQL."""
