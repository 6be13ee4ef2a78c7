"""What an old backup brings back of a voluntary part that was erased, the jobs take out again.

By the names of a circle the database knows such a plan: its mentors and relatives have no key any
more and are still called what they were, while an erasure calls each of them something else. Where
that is so the jobs may delete what the erasure deleted, and nothing more; nobody but an erasure
gives such a name, and nobody takes it back, so no job makes a plan into one of these.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T03:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The jobs take out again what an old backup brought back of a voluntary part"

FUNCTIONS = """
CREATE FUNCTION plans_to_thin_again() RETURNS SETOF uuid LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id FROM plan p
      JOIN subject_key k ON k.id = p.person AND k.wrapped IS NOT NULL
     WHERE p.state::text <> ALL (ARRAY['closed', 'transferred', 'ended_death'])
       AND EXISTS (
           SELECT 1 FROM member b JOIN subject_key d ON d.id = b.id AND d.wrapped IS NULL
            WHERE b.plan = p.id AND b.role::text = ANY (ARRAY['ME', 'FA'])
              AND b.alias <> 'gone-' || substr(b.id::text, 1, 8))
       AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.person = p.person AND h.ended_at IS NULL)
$$;
REVOKE EXECUTE ON FUNCTION plans_to_thin_again FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plans_to_thin_again, voluntary_rows TO throughcare_worker;
CREATE INDEX subject_key_null ON subject_key (id) WHERE wrapped IS NULL;
"""
NAMES = """
CREATE TRIGGER member_stays_gone BEFORE UPDATE ON member FOR EACH ROW
    WHEN (current_user IN ('throughcare_app', 'throughcare_worker') AND NEW.alias <> OLD.alias
          AND (OLD.alias = 'gone-' || substr(OLD.id::text, 1, 8)
               OR current_user = 'throughcare_worker'
                  AND NEW.alias <> 'gone-' || substr(OLD.id::text, 1, 8)))
    EXECUTE FUNCTION refuse();
"""
# As in m0049 for a coordinator.
THINS = """
ALTER POLICY jobs_wait ON milestone_event USING (plan IN (SELECT plans_long_over())
    OR (plan IN (SELECT plans_to_thin_again()) AND milestone IN (SELECT voluntary_rows(plan))));
ALTER POLICY jobs_wait ON appointment USING (plan IN (SELECT plans_long_over())
    OR (plan IN (SELECT plans_to_thin_again()) AND milestone IN (SELECT voluntary_rows(plan))));
ALTER POLICY jobs_wait ON correction USING (plan IN (SELECT plans_past_proof())
    OR (plan IN (SELECT plans_to_thin_again()) AND milestone IN (SELECT voluntary_rows(plan))));
ALTER POLICY jobs_wait ON claim USING (plan IN (SELECT plans_long_over())
    OR (plan IN (SELECT plans_to_thin_again()) AND (
        subject IN (SELECT voluntary_rows(plan)) OR role::text = ANY (ARRAY['ME', 'FA']))));
ALTER POLICY jobs_wait ON contact USING (plan IN (SELECT plans_long_over())
    OR (plan IN (SELECT plans_to_thin_again()) AND (role::text = ANY (ARRAY['ME', 'FA'])
        OR subject IN (SELECT b.id FROM member b WHERE b.role::text = ANY (ARRAY['ME', 'FA'])))));
ALTER POLICY jobs_wait ON participation USING (plan IN (SELECT plans_past_proof())
    OR plan IN (SELECT plans_to_thin_again()));

-- Of an authorisation a job changes nothing but that it is taken back, as the application; and there
-- alone, of whom no key is left.
GRANT UPDATE (withdrawn_at, version) ON disclosure TO throughcare_worker;
CREATE POLICY jobs_take_back ON disclosure AS RESTRICTIVE FOR UPDATE TO throughcare_worker
    USING (plan IN (SELECT plans_to_thin_again())
           AND recipient IN (SELECT id FROM subject_key WHERE wrapped IS NULL));
DROP TRIGGER disclosure_stays ON disclosure;
CREATE TRIGGER disclosure_stays BEFORE UPDATE ON disclosure FOR EACH ROW
    WHEN (current_user IN ('throughcare_app', 'throughcare_worker') AND (
          to_jsonb(NEW) - 'withdrawn_at' - 'version'
              IS DISTINCT FROM to_jsonb(OLD) - 'withdrawn_at' - 'version'
          OR NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at AND (
              OLD.withdrawn_at IS NOT NULL
              OR NEW.withdrawn_at < clock_timestamp() - interval '1 day')))
    EXECUTE FUNCTION refuse();
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (FUNCTIONS, NAMES, THINS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
