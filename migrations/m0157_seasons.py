"""A season is days and hours, and has no name: the database holds nothing else of one.

Who may change a calendar may change its seasons; the release before writes none, and keeps them.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T06:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Seasons of a calendar"

STATEMENTS = """
CREATE FUNCTION are_seasons(given jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_typeof(given) = 'array' AND jsonb_array_length(given) <= 12 AND NOT EXISTS (
        SELECT 1 FROM jsonb_array_elements(given) AS s
         WHERE (jsonb_typeof(s) = 'object'
                    AND s - ARRAY['first', 'last', 'opens', 'closes'] = '{}'::jsonb
                    AND s ->> 'first' ~ '^\\d{4}-\\d\\d-\\d\\d$' AND s ->> 'last' >= s ->> 'first'
                    AND s ->> 'last' ~ '^\\d{4}-\\d\\d-\\d\\d$'
                    AND s ->> 'opens' ~ '^\\d\\d:\\d\\d:\\d\\d$'
                    AND s ->> 'closes' ~ '^\\d\\d:\\d\\d:\\d\\d$' AND s ->> 'closes' > s ->> 'opens'
                   ) IS NOT TRUE)
$$;
REVOKE EXECUTE ON FUNCTION are_seasons FROM PUBLIC;
GRANT EXECUTE ON FUNCTION are_seasons TO throughcare_app, throughcare_worker;
ALTER TABLE calendar ADD CONSTRAINT calendar_seasons CHECK (are_seasons(seasons));
GRANT UPDATE (seasons) ON calendar TO throughcare_app;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(STATEMENTS)

    manager.add_raw(run)
    return manager
