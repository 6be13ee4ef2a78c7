"""A worker takes the sign of its life away when it is told to stop, and that of a dead one."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-22T13:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Heartbeats may be deleted"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute("GRANT DELETE ON heartbeat TO throughcare_worker")

    manager.add_raw(run)
    return manager
