"""Handovers are rows that the workers of a plan see, and whose plan it is."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0002_ground import triggers
from migrations.m0020_walls import ME
from migrations.m0028_safety import MINE, ROW_SECURITY
from migrations.m0080_glass_adds_nothing import adds, changes

ID = "2026-11-30T19:35:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Row security of handovers"

TABLE = "handover"
# The person reads it in their own file. Each writes in their own name, and only whom it was given
# to says that they have it.
THEIRS = MINE.replace("'SW', 'CO'", "'SW', 'CO', 'PE'")
RULES = f"""
ALTER POLICY app_reads ON handover USING ({THEIRS});
ALTER POLICY app_adds ON handover WITH CHECK ({MINE} AND recorded_by = {ME});
ALTER POLICY app_changes ON handover USING ({MINE} AND given_to = {ME});
CREATE POLICY jobs_wait ON handover AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (SELECT plans_long_over()));
GRANT SELECT, INSERT ON handover TO throughcare_app;
GRANT UPDATE (taken_at, version) ON handover TO throughcare_app;
GRANT SELECT, DELETE ON handover TO throughcare_worker;
GRANT UPDATE (words, version) ON handover TO throughcare_worker;
GRANT SELECT ON handover TO throughcare_backup;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        await transaction.connection.execute(triggers(TABLE))
        await transaction.connection.execute(ROW_SECURITY.format(table=TABLE, mine=MINE))
        await transaction.connection.execute(adds(TABLE) + changes(TABLE) + RULES)

    manager.add_raw(run)
    return manager
