"""When a plan was closed, and what ends when, is said once, at its closing, and never sooner.

The application may write plans; an injected statement in a worker's name could have closed one
years ago, and the next night would have destroyed its keys and its rows, without a second person.
What a minor's plan holds goes whole, its messages with it; and where an earlier release closed it,
the overlay says whose term is half.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-29T18:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Terms of a plan are set once, by whoever closes it"

# What a term is counted from stays as it was when the plan was closed.
TERMS = """
CREATE OR REPLACE FUNCTION keep_the_terms() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    by_a_job constant boolean := current_user = 'throughcare_worker';
    closing constant boolean := NEW.closed_at IS DISTINCT FROM OLD.closed_at
        OR NEW.state = 'closed' AND OLD.state <> 'closed';
    told constant boolean := NEW.keep_until IS DISTINCT FROM OLD.keep_until
        OR NEW.circle_until IS DISTINCT FROM OLD.circle_until
        OR NEW.proof_until IS DISTINCT FROM OLD.proof_until;
    aged constant boolean := NEW.overlays <> OLD.overlays OR NEW.opened_at <> OLD.opened_at
        OR NEW.zone <> OLD.zone;
BEGIN
    IF NEW.person <> OLD.person
        OR NEW.closed_at < clock_timestamp() - interval '1 day'
           AND NEW.closed_at IS DISTINCT FROM OLD.closed_at
        OR OLD.closed_at IS NOT NULL AND (
            NEW.closed_at IS DISTINCT FROM OLD.closed_at OR NEW.state <> 'closed' OR told OR aged)
        OR told AND (by_a_job OR NEW.closed_at IS NULL)
        OR NEW.keep_until < NEW.closed_at + interval '90 days'
        OR NEW.circle_until < NEW.closed_at + interval '15 days'
        OR NEW.proof_until < NEW.closed_at + interval '90 days'
    THEN
        RAISE EXCEPTION 'a term is set once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- jobs close no plan but that of somebody who was erased
    IF by_a_job AND (aged OR closing AND EXISTS (
        SELECT 1 FROM subject_key k WHERE k.id = NEW.person AND k.wrapped IS NOT NULL))
    THEN
        RAISE EXCEPTION 'no job closes a plan' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER plan_terms ON plan;
CREATE TRIGGER plan_terms BEFORE UPDATE ON plan FOR EACH ROW
    WHEN (current_user IN ('throughcare_app', 'throughcare_worker'))
    EXECUTE FUNCTION keep_the_terms();
CREATE TRIGGER plan_begins_open BEFORE INSERT ON plan FOR EACH ROW
    WHEN (current_user IN ('throughcare_app', 'throughcare_worker') AND (
          NEW.state::text = ANY (ARRAY['closed', 'transferred', 'ended_death'])
          OR NEW.closed_at IS NOT NULL
          OR NEW.keep_until IS NOT NULL OR NEW.circle_until IS NOT NULL
          OR NEW.proof_until IS NOT NULL))
    EXECUTE FUNCTION refuse();
"""
# As in m0076, for the application too: nothing that proves becomes older than it is.
DATES = """
DROP TRIGGER task_stays ON task;
CREATE TRIGGER task_stays BEFORE UPDATE ON task FOR EACH ROW
    WHEN (current_user IN ('throughcare_app', 'throughcare_worker')
          AND (NEW.plan IS DISTINCT FROM OLD.plan OR NEW.opened_at <> OLD.opened_at))
    EXECUTE FUNCTION refuse();
DROP TRIGGER message_stays ON message;
CREATE TRIGGER message_stays BEFORE UPDATE ON message FOR EACH ROW
    WHEN (current_user IN ('throughcare_app', 'throughcare_worker')
          AND (NEW.plan IS DISTINCT FROM OLD.plan OR NEW.created_at <> OLD.created_at))
    EXECUTE FUNCTION refuse();
DROP TRIGGER consent_stays ON channel_consent;
CREATE TRIGGER consent_stays BEFORE UPDATE ON channel_consent FOR EACH ROW
    WHEN (current_user IN ('throughcare_app', 'throughcare_worker')
          AND (NEW.plan <> OLD.plan OR NEW.given_at <> OLD.given_at
               OR (NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at
                   AND NEW.withdrawn_at < clock_timestamp() - interval '1 day')))
    EXECUTE FUNCTION refuse();
CREATE TRIGGER disclosure_stays BEFORE UPDATE ON disclosure FOR EACH ROW
    WHEN (current_user IN ('throughcare_app', 'throughcare_worker')
          AND (NEW.plan <> OLD.plan OR NEW.given_at <> OLD.given_at OR NEW.until <> OLD.until
               OR (NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at
                   AND NEW.withdrawn_at < clock_timestamp() - interval '1 day')))
    EXECUTE FUNCTION refuse();

-- Whose key goes with a plan is whoever was made for its circle, and nobody who was there before.
CREATE POLICY member_is_new ON member AS RESTRICTIVE FOR INSERT TO throughcare_app
    WITH CHECK (EXISTS (
        SELECT 1 FROM actor a WHERE a.id = member.id AND a.kind = 'member'
           AND a.xmin = pg_current_xact_id_if_assigned()::xid));
CREATE TRIGGER mandate_stays_itself BEFORE UPDATE ON mandate FOR EACH ROW
    WHEN (current_user = 'throughcare_app' AND (
          NEW.plan <> OLD.plan OR NEW.actor <> OLD.actor OR NEW.person IS DISTINCT FROM OLD.person
          OR NEW.role <> OLD.role OR NEW.glass IS DISTINCT FROM OLD.glass
          OR NEW.starts <> OLD.starts))
    EXECUTE FUNCTION refuse();
"""
PAST = """
CREATE OR REPLACE FUNCTION plans_past_proof() RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id FROM plan p
     WHERE p.state = 'closed' AND p.closed_at <= clock_timestamp() - interval '90 days'
       AND coalesce(p.proof_until, p.closed_at + interval '5 years'
               / CASE WHEN 'under18' = ANY (p.overlays) THEN 2 ELSE 1 END) <= clock_timestamp()
$$;
ALTER POLICY jobs_wait ON message
    USING ((plan IS NULL AND created_at <= clock_timestamp() - interval '365 days')
           OR (plan NOT IN (SELECT plans_held()) AND plan IN (
               SELECT p.id FROM plan p WHERE p.state = 'closed'
                  AND p.closed_at <= clock_timestamp() - interval '365 days'))
           OR plan IN (SELECT plans_long_over()));
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="throughcare", description=DESCRIPTION)

    async def run() -> None:
        transaction = engine_finder().current_transaction.get()
        for part in (TERMS, DATES, PAST):
            await transaction.connection.execute(part)

    manager.add_raw(run)
    return manager
