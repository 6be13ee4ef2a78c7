"""What is asked of an agency's staff where nobody said otherwise; rows that are there stay."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Varchar


ID = "2026-11-30T02:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "New agencies ask for passkeys"


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="throughcare", description=DESCRIPTION
    )

    manager.alter_column(
        table_class_name="Agency",
        tablename="agency",
        column_name="second_factor",
        db_column_name="second_factor",
        params={"default": "passkeys"},
        old_params={"default": "none"},
        column_class=Varchar,
        old_column_class=Varchar,
        schema=None,
    )

    return manager
