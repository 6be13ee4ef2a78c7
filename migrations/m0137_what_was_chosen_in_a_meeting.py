"""A step that a meeting decided on in a part nobody is ordered into goes with that part."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T22:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What a meeting decided about a voluntary part is voluntary"

# As in m0049, with the steps of meetings.
ROWS = """
CREATE OR REPLACE FUNCTION voluntary_rows(asked uuid) RETURNS SETOF uuid LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT id FROM milestone WHERE plan = asked AND code ^@ 'MTG-'
       AND pathway::text = ANY (ARRAY['FAM', 'MEN', 'CNS-P', 'CNS-S', 'CNS-X'])
     UNION
    SELECT id FROM milestone WHERE plan = asked
       AND (kind = 'V' OR (kind = 'N' AND pathway::text = ANY (ARRAY['FAM', 'MEN'])))
$$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(ROWS)

    manager.add_raw(run)
    return manager
