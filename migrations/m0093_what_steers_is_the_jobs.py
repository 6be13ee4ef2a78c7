"""The rows by which the jobs go are the jobs' own, and the record is written in one's own name.

Whoever got a statement into the application could write a `retention` or a `restore` of the year
2126, which stopped the nightly deletion and every message for good; rows under ids of their own
choice, which the sequence met later and the sealer never; refusals of a colleague; and a beat of
the worker that was silent. Whoever took the jobs over could make a coordinator of anybody.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T04:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What steers the jobs is written by them alone"

ME = "nullif(current_setting('app.actor', true), '')::uuid"

# Without its id, which the sequence gives, inside the lock that the sealer looks for. The purpose
# comes from a trigger, and numbers of times are told by the jobs.
_OF_AN_ACT = (
    "at, actor, role, operation, agency, plan, object, outcome, request, reason, object_hash,"
    " subject"
)
RECORD = f"""
REVOKE INSERT ON audit FROM throughcare_app, throughcare_worker;
GRANT INSERT ({_OF_AN_ACT}) ON audit TO throughcare_app;
GRANT INSERT ({_OF_AN_ACT}, purpose, times) ON audit TO throughcare_worker;
ALTER POLICY app_adds ON audit WITH CHECK (
    (actor = {ME} OR (actor IS NULL AND outcome::text = 'denied'))
    AND operation::text <> ALL (ARRAY['retention', 'restore', 'denials'])
    AND at > clock_timestamp() - interval '1 day');
ALTER POLICY jobs_add ON audit WITH CHECK (
    operation::text <> 'restore' AND (operation::text <> 'retention' OR actor IS NULL)
    AND at > clock_timestamp() - interval '1 day');
"""
# It writes these three before anybody is in scope. Closed as the others are (m0066).
BEFORE = """
CREATE POLICY release_before ON audit FOR INSERT TO throughcare_app WITH CHECK (
    (operation::text = ANY (ARRAY['courtToken', 'acceptInvitation']) OR role::text = 'OP')
    AND operation::text <> ALL (ARRAY['retention', 'restore', 'denials'])
    AND outcome::text = 'done');
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM staff) THEN
        PERFORM close_release_before();
    END IF;
END $$;
"""
# It is asked when nobody is in scope any more, for the act was undone: whom it names is then.
DENIALS = f"""
CREATE OR REPLACE FUNCTION count_refusal(who uuid, at timestamptz) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO denial AS d (id, actor, minute, times)
    SELECT gen_random_uuid(), coalesce(who, '00000000-0000-0000-0000-000000000000'),
           date_trunc('minute', at), 1
     WHERE who IS NULL OR who = {ME}
    ON CONFLICT (actor, minute) DO UPDATE SET times = d.times + 1
    RETURNING times
$$;
CREATE OR REPLACE FUNCTION note_denial(
    at timestamptz, who uuid, who_role varchar, who_agency uuid, what varchar, why varchar,
    hashed bytea, request varchar, most int)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF {ME} IS NULL THEN
        PERFORM set_config('app.actor', coalesce(who::text, ''), true);
    END IF;
    -- of somebody else nothing is counted, and the row is refused
    IF coalesce(count_refusal(who, at), 0) <= most THEN
        INSERT INTO audit (at, actor, role, operation, agency, outcome, reason, object_hash,
                           request)
        VALUES (at, who, who_role, what, who_agency, 'denied', why, hashed, request);
    END IF;
END $$;
"""
# The jobs end mandates, and sooner at most.
CIRCLES = """
DROP TRIGGER mandate_stays ON mandate;
CREATE TRIGGER mandate_stays BEFORE UPDATE ON mandate FOR EACH ROW
    WHEN (current_user = 'throughcare_worker' AND (
          to_jsonb(NEW) - 'ends' - 'version' IS DISTINCT FROM to_jsonb(OLD) - 'ends' - 'version'
          OR NEW.ends IS DISTINCT FROM OLD.ends AND (NEW.ends IS NULL OR NEW.ends > OLD.ends)))
    EXECUTE FUNCTION refuse();
DROP TRIGGER member_stays ON member;
CREATE TRIGGER member_stays BEFORE UPDATE ON member FOR EACH ROW
    WHEN (NEW.plan <> OLD.plan OR NEW.id <> OLD.id OR NEW.role <> OLD.role)
    EXECUTE FUNCTION refuse();
REVOKE INSERT ON court_file FROM throughcare_worker;
"""
# Who drops the oldest part does so in turn with who seals (backend.turns), by a lock that nobody
# takes who may not write this table. Otherwise as before.
OLDEST = """
CREATE OR REPLACE FUNCTION drop_audit(through bigint, proof bytea) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    so_many integer;
BEGIN
    LOCK TABLE heartbeat IN SHARE UPDATE EXCLUSIVE MODE;
    -- a younger row is not seen here, so it is as if it were missing
    IF EXISTS (SELECT 1 FROM audit_seal s WHERE s.id <= through
                  AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.id = s.audit))
        OR NOT EXISTS (SELECT 1 FROM audit_seal WHERE id > through)
    THEN
        RETURN 0;
    END IF;
    INSERT INTO audit_anchor (id, at, mac, proof)
    SELECT id, clock_timestamp(), mac, drop_audit.proof FROM audit_seal WHERE id = through;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    DELETE FROM audit a USING audit_seal s WHERE s.audit = a.id AND s.id <= through;
    GET DIAGNOSTICS so_many = ROW_COUNT;
    DELETE FROM audit_seal WHERE id <= through;
    DELETE FROM audit_head WHERE id < through
       AND (filed_at IS NOT NULL OR posted_at IS NOT NULL);
    RETURN so_many;
END $$;
"""
SIGNS = """
REVOKE INSERT ON heartbeat FROM throughcare_app;
REVOKE SELECT, INSERT ON zone_day FROM throughcare_app;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (RECORD, BEFORE, DENIALS, OLDEST, CIRCLES, SIGNS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
