"""Migrations make the tables that the code describes, and each can be found by Piccolo."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
from piccolo.apps.migrations.commands.new import AutoMigrationManager
from piccolo.table import Table

from backend import embedded
from backend.columns import APP
from backend.piccolo_app import APP_CONFIG
from backend.settings import ROOT

FOLDER = ROOT / "migrations"
BUILDS = {
    "add_table", "drop_table", "rename_table", "add_column", "drop_column", "rename_column",
    "alter_column",
}  # fmt: skip
# what Piccolo calls a column, and what the database calls it
SAME = {
    "BIGSERIAL": "bigint",
    "VARCHAR": "character varying",
    "TIMESTAMPTZ": "timestamp with time zone",
    "TIME": "time without time zone",
    "INTEGER": "integer",
}


def _files() -> Iterator[Path]:
    yield from sorted(path for path in FOLDER.glob("*.py") if path.name != "__init__.py")


async def test_the_tables_are_what_the_migrations_make() -> None:
    before = sorted(FOLDER.iterdir())
    found = await AutoMigrationManager().get_alter_statements(app_config=APP_CONFIG)
    statements = [line for group in found for line in group.statements]
    assert statements == [], "write a migration: the tables have changed"
    assert sorted(FOLDER.iterdir()) == before


async def test_the_database_has_the_columns_that_the_code_describes(
    server: embedded.Server,
) -> None:
    held = await asyncpg.connect(server.url())
    try:
        rows = await held.fetch(
            "SELECT table_name, column_name, data_type, is_nullable = 'YES' AS nullable"
            "  FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name <> 'migration'"
        )
    finally:
        await held.close()
    there = {(r["table_name"], r["column_name"], r["data_type"], r["nullable"]) for r in rows}
    assert there == {one for table in APP_CONFIG.table_classes for one in _described(table)}


def _described(table: type[Table]) -> Iterator[tuple[str, str, str, bool]]:
    for column in table._meta.columns:
        kind = column.column_type.partition("(")[0]
        known = "ARRAY" if "[]" in column.column_type else SAME.get(kind, kind.lower())
        # Piccolo takes a primary key for nullable; Postgres never does
        nullable = bool(column._meta.null) and not column._meta.primary_key
        yield table._meta.tablename, column._meta.db_column_name, known, nullable


def test_piccolo_finds_every_migration_and_runs_them_in_the_order_of_their_names() -> None:
    ids = []
    for path in _files():
        named = _constants(path)
        assert named["ID"], path.name
        assert f'app_name="{APP}"' in path.read_text(encoding="utf-8"), path.name
        ids.append(named["ID"])
    assert ids == sorted(set(ids))


def _constants(path: Path) -> dict[str, Any]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        ast.unparse(node.targets[0]): node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }


def test_raw_sql_stands_in_a_migration_of_its_own() -> None:
    """Piccolo runs raw functions before everything else in the same migration."""
    for path in _files():
        calls = {
            node.func.attr
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not ("add_raw" in calls and calls & BUILDS), path.name
        assert "add_raw" in calls or calls & BUILDS, path.name
