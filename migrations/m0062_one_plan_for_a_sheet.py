"""The sheet of a plan is read by a statement that is planned once.

Its circle comes in arrays since m0056, and how long these are made the planner think anew for
every read that the plan of before was worth less than another one: half of what a read took.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T12:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "A sheet is planned once"

STATEMENT = """
ALTER FUNCTION plan_by_flow(varchar, timestamptz, uuid, text[], date, text[], text[], text[],
    text[]) SET plan_cache_mode = force_generic_plan
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(STATEMENT)

    manager.add_raw(run)
    return manager
