"""The schema: made once whoever starts, never bent, and the same as the models say."""

from __future__ import annotations

import multiprocessing
import os

import psycopg
import pytest

from landseal.server.domain.errors import DatabaseAway
from landseal.server.storage.migrate import MigrationFault, migrate, migrations
from landseal.server.storage.models import TABLES
from landseal.server.storage.statements import names

pytestmark = pytest.mark.engines

_COLUMNS = """
    SELECT attname, upper(format_type(atttypid, atttypmod)), attnotnull FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' ORDER BY attnum"""
_SHORT = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
_PEEWEE = {"BLOB": "BYTEA", "BOOL": "BOOLEAN", "INT": "INTEGER"}


def test_processes_that_start_together_migrate_once_and_again_is_nothing(database_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as processes:
        applied = processes.map(migrate, [database_url] * 3, chunksize=1)
    assert sorted(applied) == [[], [], [each.name for each in migrations()]]
    assert migrate(database_url) == []


def test_a_shipped_file_that_changed_and_a_newer_database_are_refused(database_url: str) -> None:
    migrate(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE schema_migration SET sha256 = 'x' WHERE number = 2")
        with pytest.raises(MigrationFault, match="0002_captures"):
            migrate(database_url)
        connection.execute("DELETE FROM schema_migration WHERE number = 2")
        connection.execute("INSERT INTO schema_migration (number, name, sha256) VALUES (9999, 'later', 'x')")
        with pytest.raises(MigrationFault, match="newer"):
            migrate(database_url)


def test_a_migration_that_fails_leaves_nothing(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE burst (already int)")  # in the way of the second file
        with pytest.raises(psycopg.errors.DuplicateTable):
            migrate(database_url)
        made = connection.execute("SELECT to_regclass('session'), to_regclass('upload')").fetchone()
        assert made == ("session", None)
        connection.execute("DROP TABLE burst")
    assert migrate(database_url) == [each.name for each in migrations()[1:]]


def test_numbers_count_up_without_gaps() -> None:
    assert [each.number for each in migrations()] == list(range(1, len(migrations()) + 1))


def test_models_and_tables_agree(migrated_url: str) -> None:
    with psycopg.connect(migrated_url) as connection:
        for model in TABLES:
            name = model._meta.table_name
            found = connection.execute(_COLUMNS, (name,)).fetchall()
            expected = [
                (field.column_name, _PEEWEE.get(field.field_type, field.field_type), not field.null)
                for field in model._meta.sorted_fields
            ]
            assert sorted((c, _SHORT.get(t, t), n) for c, t, n in found) == sorted(expected), name
            assert names(model)


def test_an_unreachable_database_is_away() -> None:
    with pytest.raises(DatabaseAway):
        migrate(f"postgresql://nobody@127.0.0.1:9/none{os.getpid()}")
