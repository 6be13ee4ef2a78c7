"""What had no end yet has one; the floors stand here, by the database's own clock.

Hashes of ways in are seen by no job: a function that runs as the owner deletes them once they are
a month old. Of what a plan holds the jobs delete what the restrictive policies let them. The record
of who did what loses its oldest part whole, after ten years, and an anchor says where it begins.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T08:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Ends of sessions, invitations, passes, consents and the oldest of the audit"

FORGET = """
CREATE POLICY owner_reads_over ON entry_pass FOR SELECT TO throughcare_owner
    USING (least(until, ended_at) <= clock_timestamp() - interval '30 days');

-- What opened a door that is closed for a month: how many it was. `before` may only be earlier.
CREATE FUNCTION forget(what text, before timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    over constant timestamptz := least(before, clock_timestamp() - interval '30 days');
    so_many integer := 0;
BEGIN
    IF what = 'sessions' THEN
        DELETE FROM court_token WHERE until <= over;
        DELETE FROM refresh_token r USING session s
         WHERE s.id = r.session AND least(s.until, s.ended_at) <= over;
        DELETE FROM session WHERE least(until, ended_at) <= over;
    ELSIF what = 'devices' THEN
        DELETE FROM device d WHERE coalesce(ended_at, seen_at + interval '365 days') <= over
           AND NOT EXISTS (SELECT 1 FROM session s WHERE s.device = d.id);
    ELSIF what = 'factors' THEN
        DELETE FROM recovery_code c USING factor f WHERE f.id = c.factor AND f.ended_at <= over;
        DELETE FROM factor WHERE ended_at <= over;
    ELSIF what = 'invitations' THEN
        DELETE FROM account_invitation WHERE coalesce(used_at, ended_at, expires_at) <= over;
    ELSIF what = 'passes' THEN
        DELETE FROM entry_key k USING entry_pass e
         WHERE e.id = k.id AND least(e.until, e.ended_at) <= over;
    END IF;
    GET DIAGNOSTICS so_many = ROW_COUNT;
    RETURN so_many;
END $$;
REVOKE EXECUTE ON FUNCTION forget FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget TO throughcare_worker;
"""

# Five years, as proof, from the end of what was let, or from the closing of the plan.
CONSENTS = """
GRANT DELETE ON channel_consent, disclosure, participation, correction, entry_pass
    TO throughcare_worker;
CREATE POLICY jobs_wait ON channel_consent AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (withdrawn_at <= clock_timestamp() - interval '5 years' OR plan IN (
        SELECT id FROM plan WHERE closed_at <= clock_timestamp() - interval '5 years'));
CREATE POLICY jobs_wait ON disclosure AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (withdrawn_at <= clock_timestamp() - interval '5 years'
           OR until < (clock_timestamp() - interval '5 years')::date
           OR plan IN (
        SELECT id FROM plan WHERE closed_at <= clock_timestamp() - interval '5 years'));
CREATE POLICY jobs_wait ON participation AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (
        SELECT id FROM plan WHERE closed_at <= clock_timestamp() - interval '5 years'));
CREATE POLICY jobs_wait ON correction AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (
        SELECT id FROM plan WHERE closed_at <= clock_timestamp() - interval '5 years'));
CREATE POLICY jobs_wait ON entry_pass AS RESTRICTIVE FOR DELETE TO throughcare_worker
    USING (plan IN (
        SELECT id FROM plan WHERE closed_at <= clock_timestamp() - interval '5 years'));
"""

AUDIT = """
GRANT SELECT ON audit_anchor TO throughcare_worker, throughcare_backup;
CREATE POLICY owner_reads_over ON audit FOR SELECT TO throughcare_owner
    USING (at <= clock_timestamp() - interval '10 years');
CREATE POLICY owner_drops ON audit FOR DELETE TO throughcare_owner
    USING (at <= clock_timestamp() - interval '10 years');

-- Nobody may change a row; and nobody may delete one, or its seal, before its time.
DROP TRIGGER audit_written_once ON audit;
CREATE TRIGGER audit_written_once BEFORE UPDATE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER audit_kept BEFORE DELETE ON audit FOR EACH ROW
    WHEN (OLD.at > clock_timestamp() - interval '10 years') EXECUTE FUNCTION refuse();
CREATE FUNCTION refuse_without_anchor() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_anchor WHERE id >= OLD.id) THEN
        RAISE EXCEPTION 'a seal outlasts its row' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$;
REVOKE EXECUTE ON FUNCTION refuse_without_anchor FROM PUBLIC;
DROP TRIGGER audit_seal_written_once ON audit_seal;
CREATE TRIGGER audit_seal_written_once BEFORE UPDATE ON audit_seal
    FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER audit_seal_kept BEFORE DELETE ON audit_seal
    FOR EACH ROW EXECUTE FUNCTION refuse_without_anchor();
CREATE TRIGGER audit_anchor_written_once BEFORE UPDATE OR DELETE ON audit_anchor
    FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER audit_anchor_never_emptied BEFORE TRUNCATE ON audit_anchor
    FOR EACH STATEMENT EXECUTE FUNCTION refuse();

-- Drops the beginning of the chain up to a seal, where every row of it is ten years old; `proof`
-- is made under the chain's key. 0 where that is not so.
CREATE FUNCTION drop_audit(through bigint, proof bytea) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    so_many integer;
BEGIN
    PERFORM pg_advisory_xact_lock(4806115);
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
REVOKE EXECUTE ON FUNCTION drop_audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_audit TO throughcare_worker;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (FORGET, CONSENTS, AUDIT):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
