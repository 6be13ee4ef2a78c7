"""Who was carried into the gate before a relative goes on there until their mandate ends.

Whoever comes back later is asked like everybody: what the release before let pass is no yes.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T22:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "A relative who was carried is asked once their mandate has ended"

ENDS = """
CREATE FUNCTION carry_no_more() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE relative SET carried = false, version = version + 1 WHERE id = NEW.actor AND carried;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION carry_no_more FROM PUBLIC;
CREATE TRIGGER mandate_carried AFTER UPDATE OF ends ON mandate FOR EACH ROW
    WHEN (NEW.role = 'FA' AND NEW.ends IS NOT NULL AND NEW.ends IS DISTINCT FROM OLD.ends)
    EXECUTE FUNCTION carry_no_more();
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(ENDS)

    manager.add_raw(run)
    return manager
