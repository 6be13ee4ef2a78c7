from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Bytea
from piccolo.columns.indexes import IndexMethod


ID = "2026-11-30T02:55:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What a disclosure is for, sealed"


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="throughcare", description=DESCRIPTION
    )

    manager.add_column(
        table_class_name="Disclosure",
        tablename="disclosure",
        column_name="sealed_purpose",
        db_column_name="sealed_purpose",
        column_class_name="Bytea",
        column_class=Bytea,
        params={
            "default": None,
            "null": True,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )

    return manager
