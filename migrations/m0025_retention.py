"""The jobs may destroy a key too, once its term is over: one at a time, by the database's own clock.

Of a plan that was closed before this release nobody knows when; its term begins now.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-28T23:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Keys whose term is over, and what the nightly job looks at"

# The owner sees no row of a plan; for this one statement nobody else sees the table either.
CLOSED = """
ALTER TABLE plan NO FORCE ROW LEVEL SECURITY;
ALTER TABLE plan DISABLE TRIGGER change_update;
UPDATE plan SET closed_at = now() WHERE state = 'closed';
ALTER TABLE plan ENABLE TRIGGER change_update;
ALTER TABLE plan FORCE ROW LEVEL SECURITY;
CREATE INDEX plan_closed ON plan (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX audit_retention ON audit (at) WHERE operation = 'retention';
CREATE INDEX link_address ON link (ended_at) WHERE state = 'ended' AND chat IS NOT NULL;
CREATE INDEX incoming_kept ON incoming (purge_after) WHERE text IS NOT NULL;
CREATE INDEX message_kept ON message (created_at)
    WHERE variables IS NOT NULL OR chat IS NOT NULL;

CREATE POLICY owner_reads_closed ON plan FOR SELECT TO throughcare_owner
    USING (state = 'closed');
CREATE POLICY owner_reads_closed ON member FOR SELECT TO throughcare_owner
    USING (plan IN (SELECT id FROM plan WHERE state = 'closed'));
ALTER POLICY owner_reads ON legal_hold USING (true);
"""

# The terms stand here as floors: whatever the job asks for, it gets nothing before them.
FUNCTION = """
CREATE FUNCTION destroy_expired(asked uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(4806114);
    SELECT p.person INTO whose FROM plan p
     WHERE p.state = 'closed' AND (p.person = asked OR p.id IN (
           SELECT b.plan FROM member b WHERE b.id = asked AND b.role = 'FA'
              AND p.closed_at <= clock_timestamp() - interval '30 days'
              AND NOT EXISTS (SELECT 1 FROM mandate m WHERE m.actor = asked
                                 AND m.person <> p.person
                                 AND (m.ends IS NULL OR m.ends > clock_timestamp()))))
     LIMIT 1;
    -- every plan has a mandate, and an open one is not seen here: so it is one too many
    IF whose IS NULL OR is_held(whose) OR (asked = whose AND EXISTS (
        SELECT 1 FROM mandate m WHERE m.person = whose AND m.plan NOT IN (
               SELECT p.id FROM plan p WHERE p.person = whose AND p.state = 'closed'
                  AND p.closed_at <= clock_timestamp() - interval '365 days')))
    THEN
        RETURN false;
    END IF;
    UPDATE subject_key SET wrapped = NULL, destroyed_at = clock_timestamp()
     WHERE id = asked AND wrapped IS NOT NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF asked = whose THEN
        UPDATE subject_key SET wrapped = NULL, destroyed_at = clock_timestamp()
         WHERE wrapped IS NOT NULL AND id IN (
               SELECT b.id FROM member b JOIN plan p ON p.id = b.plan
                WHERE p.person = whose AND NOT EXISTS (
                      SELECT 1 FROM mandate m WHERE m.actor = b.id AND m.person <> whose
                         AND (m.ends IS NULL OR m.ends > clock_timestamp())));
    END IF;
    RETURN true;
END $$;
REVOKE EXECUTE ON FUNCTION destroy_expired FROM PUBLIC;
GRANT EXECUTE ON FUNCTION destroy_expired TO throughcare_worker;
GRANT UPDATE (ended_at, reference_index, version) ON court_file TO throughcare_worker;
GRANT UPDATE (ended_at, version) ON wall TO throughcare_worker;
GRANT UPDATE (reason) ON break_glass TO throughcare_worker;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (CLOSED, FUNCTION):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
