"""What is next of each bot comes from an index: a claim costs the same however many wait."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T13:45:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Find what is next of each bot"

STATEMENT = """
CREATE INDEX message_line
    ON message (bot, (link IS NULL), urgent DESC, critical DESC, due_at, created_at, id)
 WHERE state IN ('queued', 'claimed');
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(STATEMENT)

    manager.add_raw(run)
    return manager
