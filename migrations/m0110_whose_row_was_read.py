"""To read a row and what is known of it is about whoever the row is about, as its history is.

The function is taken as it stands, so that what another migration has made of it stays.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T17:02:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Whose row was read"

READS = """
DO $$
DECLARE
    was constant text := pg_get_functiondef('whose_act'::regproc);
    now constant text := replace(was, $q$('changeMilestone', 'milestoneHistory')$q$,
                                 $q$('changeMilestone', 'milestoneHistory', 'getMilestone')$q$);
BEGIN
    IF was = now THEN
        RAISE EXCEPTION 'whose_act knows of no history';
    END IF;
    EXECUTE now;
END $$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(READS)

    manager.add_raw(run)
    return manager
