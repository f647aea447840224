"""The migrated schema is the schema of the models, on both databases."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from backend.db.migrate import config, sync_engine, upgrade
from backend.db.tables import load_metadata


def test_migrations_and_models_agree(database_url: str) -> None:
    engine = sync_engine(database_url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"include_object": without_search_index})
            assert compare_metadata(context, load_metadata()) == []
    finally:
        engine.dispose()


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    upgrade(database_url)


def without_search_index(_object: object, name: str | None, _kind: str, _reflected: bool, _compare: object) -> bool:
    """The full-text index is made by SQL of each database's own: shadow tables here, a generated column there."""
    return not (name or "").startswith("knowledge_fts") and name != "alembic_version"


def test_the_ledger_refuses_to_be_changed_by_its_own_database(database_url: str) -> None:
    engine = sync_engine(database_url)
    columns, values = "id, key, kind, workspace_id, label, at", "'t', 'k', 'grant', 'ws', '', '2026-01-01 00:00:00'"
    insert = f"INSERT INTO ledger_transaction ({columns}) VALUES ({values})"
    try:
        with engine.begin() as connection:
            connection.execute(text(insert))
        for change in ("UPDATE ledger_transaction SET label = 'x'", "DELETE FROM ledger_transaction"):
            with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
                connection.execute(text(change))
    finally:
        engine.dispose()


def test_the_first_migration_can_be_taken_back(database_url: str) -> None:
    engine = sync_engine(database_url)
    try:
        with engine.begin() as connection:
            command.downgrade(config(connection), "base")
        with engine.connect() as connection:
            assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    finally:
        engine.dispose()
    upgrade(database_url)
