"""An agency may ask a passkey of coordinators and administrators, and nothing less.

The release before knows no such rule and asks nothing of anybody under it: an operator sets it once
every process is new.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T17:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Agencies that ask for passkeys"

RULE = """
ALTER TABLE agency DROP CONSTRAINT agency_second_factor;
ALTER TABLE agency ADD CONSTRAINT agency_second_factor CHECK (second_factor::text = ANY (ARRAY[
    'none', 'leaders', 'all', 'passkeys']));

-- For an operator: of whom a passkey is asked, whoever has none, or may have come in by an app.
CREATE FUNCTION sign_out_without_passkey(which uuid, roles text[], at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE session e SET ended_at = at
      FROM staff s
     WHERE s.id = e.staff AND e.ended_at IS NULL AND s.agency = which AND s.role = ANY (roles)
       AND EXISTS (SELECT 1 FROM agency a WHERE a.id = which AND a.second_factor = 'passkeys')
       AND (NOT EXISTS (SELECT 1 FROM passkey y WHERE y.staff = s.id AND y.ended_at IS NULL)
            OR EXISTS (SELECT 1 FROM factor o WHERE o.staff = s.id
                          AND o.confirmed_at IS NOT NULL AND o.ended_at IS NULL))
$$;
REVOKE EXECUTE ON FUNCTION sign_out_without_passkey FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sign_out_without_passkey TO throughcare_app;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(RULE)

    manager.add_raw(run)
    return manager
