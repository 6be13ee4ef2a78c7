"""What is still in its chat is found by when it was said."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T14:15:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Find what is still in a chat"

STATEMENT = """
CREATE INDEX message_in_chat ON message (sent_at)
 WHERE state = 'sent' AND gone_at IS NULL AND provider_id IS NOT NULL;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(STATEMENT)

    manager.add_raw(run)
    return manager
