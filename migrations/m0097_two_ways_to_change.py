"""Of a disclosure the jobs change two things, each by itself, and the database knows which.

What it is for is sealed, where an earlier release wrote it in the clear; and it is taken back
where an old backup brought back what was erased for good.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T04:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The jobs seal a purpose or take back what a backup brought back"

WAYS = """
CREATE FUNCTION is_brought_back(asked uuid, who uuid) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT asked IN (SELECT plans_to_thin_again())
       AND EXISTS (SELECT 1 FROM subject_key k WHERE k.id = who AND k.wrapped IS NULL)
$$;
REVOKE EXECUTE ON FUNCTION is_brought_back FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_brought_back, plans_to_thin_again
   TO throughcare_app, throughcare_worker; -- a trigger of both asks it

DROP POLICY jobs_take_back ON disclosure;
DROP TRIGGER purpose_is_sealed ON disclosure;
CREATE TRIGGER jobs_change_little BEFORE UPDATE ON disclosure FOR EACH ROW
    WHEN (current_user = 'throughcare_worker' AND (
          (OLD.purpose <> '' AND OLD.sealed_purpose IS NULL
           AND NEW.purpose = '' AND NEW.sealed_purpose IS NOT NULL
           AND to_jsonb(NEW) - 'purpose' - 'sealed_purpose' - 'version'
               = to_jsonb(OLD) - 'purpose' - 'sealed_purpose' - 'version')
          OR (OLD.withdrawn_at IS NULL
              AND NEW.withdrawn_at >= clock_timestamp() - interval '1 day'
              AND to_jsonb(NEW) - 'withdrawn_at' - 'version'
                  = to_jsonb(OLD) - 'withdrawn_at' - 'version'
              AND is_brought_back(OLD.plan, OLD.recipient))) IS NOT TRUE)
    EXECUTE FUNCTION refuse();
DROP TRIGGER disclosure_stays ON disclosure;
CREATE TRIGGER disclosure_stays BEFORE UPDATE ON disclosure FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND (
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
        await engine_finder().current_transaction.get().connection.execute(WAYS)

    manager.add_raw(run)
    return manager
