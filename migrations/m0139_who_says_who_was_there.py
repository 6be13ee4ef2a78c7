"""Who was at a meeting a worker says; and evidence goes with a date for whoever keeps that date."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T22:45:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Presence is a worker's word, evidence of a date is that service's"

MINE = "SELECT h.plan FROM my_mandates() h WHERE h.role::text"
PRESENCE = f"""
CREATE FUNCTION keep_presence() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF current_user::text = 'throughcare_app'
       AND NEW.plan NOT IN ({MINE} = ANY (ARRAY['SW', 'CO'])) THEN
        RAISE EXCEPTION 'a worker says who was there' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION keep_presence FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_presence TO throughcare_app, throughcare_worker;
CREATE TRIGGER meeting_member_presence BEFORE UPDATE ON meeting_member FOR EACH ROW
    WHEN (NEW.present IS DISTINCT FROM OLD.present) EXECUTE FUNCTION keep_presence();
"""
# As in m0127, and of a date that is the actor's own service's, or a worker's.
EVIDENCE = f"""
ALTER POLICY app_changes ON evidence USING (
    provenance <> 'said' AND EXISTS (
        SELECT 1 FROM appointment a WHERE a.id = evidence.message AND a.plan = evidence.plan
           AND (evidence.plan IN ({MINE} = ANY (ARRAY['SW', 'CO']))
                OR evidence.plan IN ({MINE} = a.role::text
                                     AND h.role::text = ANY (ARRAY['PO', 'CP', 'TR', 'PS'])))));
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        await engine_finder().current_transaction.get().connection.execute(PRESENCE + EVIDENCE)

    manager.add_raw(run)
    return manager
