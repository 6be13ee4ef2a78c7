"""What proves without a name stays five years after the closing, and half of it for a minor.

The closing computes the day, as it does for names; jobs read it and change it as little as those.
Nothing is deleted before the least term of a name, whatever day the plan has.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T18:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Terms of proofs by age"

PAST = """
CREATE FUNCTION plans_past_proof() RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id FROM plan p
     WHERE p.state = 'closed' AND p.closed_at <= clock_timestamp() - interval '90 days'
       AND coalesce(p.proof_until, p.closed_at + interval '5 years') <= clock_timestamp()
$$;
REVOKE EXECUTE ON FUNCTION plans_past_proof FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plans_past_proof TO throughcare_worker;

CREATE OR REPLACE FUNCTION plans_long_over() RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id FROM plan p
     WHERE p.id IN (SELECT plans_past_proof())
       AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.person = p.person AND h.ended_at IS NULL)
       AND NOT EXISTS (
           SELECT 1 FROM subject_key k WHERE k.wrapped IS NOT NULL AND (k.id = p.person
              OR k.id IN (SELECT b.id FROM member b WHERE b.plan = p.id)))
$$;

ALTER POLICY jobs_wait ON channel_consent
    USING (withdrawn_at <= clock_timestamp() - interval '5 years'
           OR plan IN (SELECT plans_past_proof()));
ALTER POLICY jobs_wait ON disclosure
    USING (withdrawn_at <= clock_timestamp() - interval '5 years'
           OR until < (clock_timestamp() - interval '5 years')::date
           OR plan IN (SELECT plans_past_proof()));
ALTER POLICY jobs_wait ON participation USING (plan IN (SELECT plans_past_proof()));
ALTER POLICY jobs_wait ON correction USING (plan IN (SELECT plans_past_proof()));
ALTER POLICY jobs_wait ON entry_pass USING (plan IN (SELECT plans_past_proof()));
"""
# As in m0048, with the day of the proof.
TERMS = """
CREATE OR REPLACE FUNCTION keep_the_terms() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.person <> OLD.person
        OR NEW.keep_until IS DISTINCT FROM OLD.keep_until
        OR NEW.circle_until IS DISTINCT FROM OLD.circle_until
        OR NEW.proof_until IS DISTINCT FROM OLD.proof_until
        OR (NEW.closed_at IS DISTINCT FROM OLD.closed_at AND (
            OLD.closed_at IS NOT NULL
            OR NEW.closed_at < clock_timestamp() - interval '1 day'))
    THEN
        RAISE EXCEPTION 'no job changes a term' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (PAST, TERMS):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
