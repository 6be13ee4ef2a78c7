"""What is near on a plan is found without looking at all of its rows.

A plan has a hundred rows and some ten that are near: a caseload by a view asks for these of each.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T02:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An index of open rows by their day"

INDEX = """
CREATE INDEX milestone_near ON milestone (plan, due_on) WHERE state IN ('planned', 'in_progress');
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(INDEX)

    manager.add_raw(run)
    return manager
