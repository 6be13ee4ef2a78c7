"""The database itself asks for the second person before it destroys a key.

Until now it asked for a coordinator of the plan, and the action for two. A wish is written by whoever
asks, in their own name, with the database's own time; it ends once, and nothing makes it stand again.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from migrations.m0023_erasure import COORDINATED, FUNCTIONS, ME, NOW

ID = "2026-11-29T09:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "A key is destroyed by two, in the database too"

# The owner sees no row of a plan; for this one statement nobody else sees the table either.
WISHES = f"""
ALTER TABLE erasure_wish NO FORCE ROW LEVEL SECURITY;
ALTER TABLE erasure_wish DISABLE TRIGGER change_update;
UPDATE erasure_wish SET written_at = clock_timestamp();
ALTER TABLE erasure_wish ENABLE TRIGGER change_update;
ALTER TABLE erasure_wish FORCE ROW LEVEL SECURITY;

CREATE FUNCTION keep_wish() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.written_at := clock_timestamp();
    ELSIF OLD.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'a wish ends once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION keep_wish FROM PUBLIC;
CREATE TRIGGER erasure_wish_kept BEFORE INSERT OR UPDATE ON erasure_wish
    FOR EACH ROW EXECUTE FUNCTION keep_wish();

ALTER POLICY app_adds ON erasure_wish
    WITH CHECK (asked_by = {ME} AND plan IN ({COORDINATED}));
CREATE POLICY owner_reads ON erasure_wish FOR SELECT TO throughcare_owner
    USING (agency = (SELECT my_agency()));
"""

# A wish that this very transaction has ended is the one that it stands on: earlier releases end
# it before they destroy, and a wish that ended before cannot be touched any more.
TWO = f"""
    IF NOT EXISTS (
        SELECT 1 FROM erasure_wish w
         WHERE w.person = whose AND w.asked_at > {NOW} - interval '7 days'
           AND (w.ended_at IS NULL OR w.xmin = pg_current_xact_id()::xid)
           AND (NOT w.voluntary OR EXISTS (SELECT 1 FROM member b
                 WHERE b.id = asked AND b.role::text = ANY (ARRAY['ME', 'FA'])))
           AND (w.asked_by <> {ME} OR (is_small((SELECT my_agency()))
                AND w.asked_at <= {NOW} - interval '24 hours'
                AND w.written_at <= clock_timestamp() - interval '24 hours')))
    THEN
        RETURN false;
    END IF;
"""
HOLDS = "    IF is_held(whose) THEN\n"
DESTROY = (
    FUNCTIONS[FUNCTIONS.index("CREATE OR REPLACE FUNCTION destroy_key") :]
    .partition("REVOKE")[0]
    .replace(HOLDS, TWO + HOLDS)
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (WISHES, DESTROY):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
