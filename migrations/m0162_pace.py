"""What was tried within the last second is found without looking at the others."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T08:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Find what was just said"

STATEMENT = """
CREATE INDEX message_tried ON message (tried_at) WHERE tried_at IS NOT NULL;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(STATEMENT)

    manager.add_raw(run)
    return manager
