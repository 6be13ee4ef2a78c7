"""An app that was not used for twelve hours is signed out: a phone that lies around opens nothing.

Whoever uses one renews its access token every ten minutes, so the end of the last one says since
when nobody did. It is judged where a refresh token is looked up.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T16:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Apps that rest are signed out"

ENTER = """
CREATE OR REPLACE FUNCTION enter_by_refresh(shown bytea, at timestamptz)
RETURNS TABLE (id uuid, used_at timestamptz, session uuid, device uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    who uuid;
    told text;
BEGIN
    SELECT r.id, r.used_at, s.id, s.device, s.staff INTO id, used_at, session, device, who
      FROM refresh_token r JOIN session s ON s.id = r.session
      JOIN staff f ON f.id = s.staff AND f.active
     WHERE r.hash = shown AND s.ended_at IS NULL AND s.until > enter_by_refresh.at
       AND s.access_until + interval '12 hours' > enter_by_refresh.at
       FOR UPDATE OF r, s;
    IF FOUND THEN
        told := set_config('app.actor', who::text, true);
        told := set_config('app.now', enter_by_refresh.at::text, true);
        RETURN NEXT;
    END IF;
END $$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(ENTER)

    manager.add_raw(run)
    return manager
